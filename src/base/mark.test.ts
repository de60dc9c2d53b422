/** Coverage marks: silent in production, heard by the test that asks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectMark, mark } from './mark.ts'

test('a mark that nobody listens to does nothing', () => {
  assert.equal(mark('test/alone'), undefined)
})

test('expectMark gives the result of an action that comes past the mark', async () => {
  const result = await expectMark('test/late', async () => {
    await Promise.resolve()
    mark('test/early')
    mark('test/late')
    return 7
  })
  assert.equal(result, 7)
})

test('expectMark rejects and names what was heard instead', async () => {
  const other = expectMark('test/wanted', () => mark('test/other'))
  await assert.rejects(other, /'test\/wanted', came past test\/other/)
  const silent = expectMark('test/wanted', () => undefined)
  await assert.rejects(silent, /came past no mark at all/)
})

test('an error of the action is the error of expectMark, and the listener goes away', async () => {
  const failing = expectMark('test/wanted', () => {
    throw new Error('planted')
  })
  await assert.rejects(failing, /planted/)
  mark('test/wanted')
  await assert.rejects(
    expectMark('test/wanted', () => undefined),
    /no mark at all/,
  )
})

test('listeners may be nested, and each hears what comes past', async () => {
  await expectMark('test/outer', () =>
    expectMark('test/inner', () => {
      mark('test/inner')
      mark('test/outer')
    }),
  )
})

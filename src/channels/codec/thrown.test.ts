/** What is thrown elsewhere is put together again as what it was. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { putTogether, takeApart } from './thrown.ts'

/** There and back, through the same cloning that a worker's border does. */
function travel(thrown: unknown): unknown {
  return putTogether(structuredClone(takeApart(thrown)))
}

test('the built-in classes come back as themselves', () => {
  for (const Class of [Error, TypeError, RangeError, SyntaxError, ReferenceError, URIError]) {
    const back = travel(new Class('text'))
    assert.ok(back instanceof Class)
    assert.equal(back.constructor, Class)
    assert.equal(back.message, 'text')
  }
})

test('a class of its own keeps its name and its base', () => {
  class QuotaError extends TypeError {
    override readonly name = 'QuotaError'
    readonly code = 'E_QUOTA'
    readonly limits = { most: 3 }
    readonly handler = (): void => undefined
  }
  const error = new QuotaError('too much')
  const back = travel(error) as QuotaError
  assert.ok(back instanceof TypeError)
  assert.equal(back.name, 'QuotaError')
  assert.equal(back.code, 'E_QUOTA')
  assert.deepEqual(back.limits, { most: 3 })
  assert.equal(back.handler, undefined, 'what cannot be copied is left out')
  assert.equal(back.stack, error.stack)
  assert.deepEqual(new Set(Object.keys(back)), new Set(['code', 'limits']))
})

test('causes come along, and an endless chain of them ends', () => {
  const error = new Error('outer', { cause: new RangeError('inner', { cause: 'text' }) })
  const back = travel(error) as Error
  assert.ok(back.cause instanceof RangeError)
  assert.equal(back.cause.cause, 'text')
  const circle = new Error('circle')
  circle.cause = circle
  let depth = 0
  for (let at: unknown = travel(circle); at instanceof Error; at = at.cause) depth += 1
  assert.ok(depth > 1 && depth < 20)
})

test('an AggregateError keeps its errors', () => {
  const back = travel(new AggregateError([new TypeError('one'), 2], 'several'))
  assert.ok(back instanceof AggregateError)
  assert.equal(back.message, 'several')
  assert.ok(back.errors[0] instanceof TypeError)
  assert.equal(back.errors[1], 2)
})

test('a DOMException keeps its name and code', () => {
  const back = travel(new DOMException('gone', 'AbortError')) as Error & { code: number }
  assert.equal(back.name, 'AbortError')
  assert.equal(back.code, 20)
})

test('what is no error comes back as it is, if it can be copied', () => {
  for (const thrown of ['x', 0, undefined, null, { a: [1] }])
    assert.deepEqual(travel(thrown), thrown)
  assert.match(String(travel(Symbol('s'))), /TypeError: .*cannot be copied: symbol/)
  assert.match(String(travel(() => 1)), /TypeError: .*cannot be copied: function/)
})

/** Every bug that may be planted has its place and its tests, so that none is lost when code moves. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bugs } from './bugs.ts'
import { filesOf } from './hunt.ts'
import { plantedText } from './plant.ts'

const root = join(import.meta.dirname, '..', '..', '..')

test('what a bug replaces stands in its source exactly once', () => {
  for (const bug of bugs) {
    const source = readFileSync(join(root, bug.file), 'utf8')
    assert.notEqual(plantedText(source, bug), source, bug.what)
  }
})

test('a bug that has no place, or two, is refused', () => {
  const bug = { what: 'a bug', file: 'a.ts', right: 'sync()', wrong: '', by: [] }
  assert.equal(plantedText('write(); sync()', bug), 'write(); ')
  assert.throws(() => plantedText('write()', bug), /0 places/)
  assert.throws(() => plantedText('sync(); sync()', bug), /2 places/)
})

test('no two bugs are described alike', () => {
  assert.equal(new Set(bugs.map(({ what }) => what)).size, bugs.length)
})

test('the tests that a bug names exist', () => {
  for (const { what, by } of bugs) {
    assert.ok(by.length > 0, what)
    for (const pattern of by) assert.ok(filesOf(root, pattern).length > 0, `${what}: ${pattern}`)
  }
})

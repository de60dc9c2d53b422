/** No coverage mark of the product is forgotten: a world has to come past it, or it says why none can. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSources } from '../../scripts/sources.ts'
import { UNREACHED } from './marks.ts'
import { MARKS as protocolMarks } from './protocol-seeds.ts'
import { MARKS as embeddedMarks } from './seeds.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const MARK = /(?<![\w$.])mark\(\s*'([^']+)'/g

function marksOfTheProduct(): Set<string> {
  const sources = readSources(root, 'src', ['.ts']).filter(({ path }) => !path.endsWith('.test.ts'))
  const found = sources.flatMap(({ text }) => [...text.matchAll(MARK)].map(([, name]) => name!))
  return new Set(found)
}

test('every mark of the product is one that a world comes past, or one that says why none does', () => {
  const marks = marksOfTheProduct()
  assert(marks.has('room/disk-full'))
  const asked = new Set<string>([...embeddedMarks, ...protocolMarks])
  const forgotten = [...marks].filter((name) => !asked.has(name) && !(name in UNREACHED))
  assert.deepEqual(forgotten, [])
  const excused = Object.keys(UNREACHED)
  assert.deepEqual(
    excused.filter((name) => asked.has(name) || !marks.has(name)),
    [],
  )
})

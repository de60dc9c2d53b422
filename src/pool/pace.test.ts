/** How much is sent ahead and together follows what chunks took. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inheritedExecArgv } from '../channels/processes/exec-argv.ts'
import { ChunkSizer } from './chunk-sizer.ts'
import { Pace } from './pace.ts'
import { sizeFor } from './pool-options.ts'

test('nothing goes ahead until a chunk was timed, then quick ones do and slow ones do not', () => {
  const pace = new Pace(32)
  assert.equal(pace.ahead, 0)
  pace.took(0.01)
  assert.equal(pace.ahead, 32)
  pace.took(100)
  assert.equal(pace.ahead, 0, 'one slow chunk is enough of a warning')
  pace.took(0.01)
  assert.equal(pace.ahead, 0, 'and one quick one does not take it back')
  for (let count = 0; count < 200; count += 1) pace.took(0.01)
  assert.equal(pace.ahead, 32)
  assert.equal(new Pace(0).ahead, 0)
})

test('quick items travel in chunks of milliseconds, slow ones alone, and the size grows step by step', () => {
  const sizer = new ChunkSizer(2, null)
  const sizes = [sizer.items]
  for (let round = 0; round < 6; round += 1) {
    sizer.took(0.001 * sizer.items, sizer.items)
    sizes.push(sizer.items)
  }
  assert.deepEqual(sizes, [1, 4, 16, 64, 256, 1_024, 1_024])
  sizer.took(1_024 * 0.1, 1_024)
  assert.equal(sizer.items, 40)
  sizer.took(40 * 50, 40)
  assert.equal(sizer.items, 1)
})

test('a known number of items is spread over all workers', () => {
  const sizer = new ChunkSizer(4, 100)
  for (let round = 0; round < 10; round += 1) sizer.took(0, sizer.items)
  assert.equal(sizer.items, 7)
  assert.equal(new ChunkSizer(4, 0).items, 1)
})

test('the size is the cores for work that computes and more for work that waits', () => {
  const module = 'x'
  assert.equal(sizeFor({ module }, 8), 8)
  assert.equal(sizeFor({ module, kind: 'io' }, 8), 12)
  assert.equal(sizeFor({ module, kind: 'io' }, 64), 32)
  assert.equal(sizeFor({ module, kind: 'io', size: 3 }, 8), 3)
  assert.throws(() => sizeFor({ module, size: 0 }, 8), { code: 'POOL_MISUSE' })
  assert.throws(() => sizeFor({ module, kind: 'gpu' as never }, 8), { code: 'POOL_MISUSE' })
})

test('a process inherits the options of node that are about node and not about the script', () => {
  assert.deepEqual(
    inheritedExecArgv([
      '--enable-source-maps',
      '--input-type=module',
      '-e',
      'code()',
      '--inspect-brk=9229',
      '--import',
      'tsx',
      '--test',
      '--max-old-space-size=100',
    ]),
    ['--enable-source-maps', '--import', 'tsx', '--max-old-space-size=100'],
  )
})

/** What the compiler knows of a pool from the type of its module: each line marked as an error must be one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { MapName, TaskName, TaskResult } from './contract.ts'
import type { Pool } from './pool.ts'
import type { Moved } from './transfer.ts'

interface Tasks {
  add(left: number, right: number): number
  read(path: string, encoding?: string): Promise<string>
  ping(): boolean
  image(width: number): Moved<ArrayBuffer>
  first<T>(items: readonly T[]): T
  setup(): void
  teardown(): void
  readonly version: string
}

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? 'same' : 'not'

/** Compiled and never run: a wrong line here is an error of the compiler, and so is a line that is not wrong. */
async function compiled(pool: Pool<Tasks>, any: Pool): Promise<void> {
  const sum: number = await pool.run('add', [1, 2])
  const text: string = await pool.run('read', ['path'])
  const buffer: ArrayBuffer = await pool.run('image', [3])
  const texts: string[] = await pool.map('read', ['a', 'b'])
  for await (const value of pool.imap('image', [1])) value satisfies ArrayBuffer
  for await (const outcome of pool.settle('read', ['a'])) {
    if (outcome.status === 'done') outcome.value satisfies string
    else outcome.item satisfies string
  }
  await any.run('whatever', [1, 'x', null])
  // @ts-expect-error: there is no such task
  await pool.run('substract', [1, 2])
  // @ts-expect-error: setup is not for the caller
  await pool.run('setup', [])
  // @ts-expect-error: a constant is no task
  await pool.run('version', [])
  // @ts-expect-error: one argument is missing
  await pool.run('add', [1])
  // @ts-expect-error: a number is no path
  await pool.run('read', [1])
  // @ts-expect-error: two arguments are needed, and a map gives one
  await pool.map('add', [1, 2])
  // @ts-expect-error: numbers are no paths
  await pool.map('read', [1, 2])
  // @ts-expect-error: an option that is not there
  await pool.map('read', [], { chunks: 3 })
  assert.ok([sum, text, buffer, texts])
}

test('names, arguments and results come from the type of the module', () => {
  const names: Same<TaskName<Tasks>, 'add' | 'read' | 'ping' | 'image' | 'first'> = 'same'
  const mapped: Same<MapName<Tasks>, 'read' | 'ping' | 'image' | 'first'> = 'same'
  const result: Same<TaskResult<Tasks, 'read'>, string> = 'same'
  assert.deepEqual([names, mapped, result], ['same', 'same', 'same'])
  assert.equal(typeof compiled, 'function')
})

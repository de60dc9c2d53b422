/** Pools of real workers for tests, and what tests need beside them. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Pool, type PoolOptions } from '../../src/pool/mod.ts'

type Tasks = typeof import('./pool-tasks.ts')
export type PoolKind = 'threads' | 'processes'

const tasksUrl = new URL('./pool-tasks.js', import.meta.url)

export function openPool(kind: PoolKind, options: Partial<PoolOptions> = {}): Pool<Tasks> {
  return Pool[kind]<Tasks>({ module: tasksUrl, size: 2, ...options })
}

/** Runs a test with a pool that is destroyed whatever happens. */
export async function withPool(
  kind: PoolKind,
  options: Partial<PoolOptions>,
  body: (pool: Pool<Tasks>) => Promise<void>,
): Promise<void> {
  const pool = openPool(kind, options)
  try {
    await body(pool)
  } finally {
    await pool.destroy()
  }
}

/** A file that workers log to, and what is in it. */
export class WorkerLog {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'naru-pool-'))
  readonly path: string = join(this.#folder, 'log')

  get lines(): string[] {
    try {
      return readFileSync(this.path, 'utf8').split('\n').slice(0, -1)
    } catch {
      return []
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Lets the event loop go round once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** For a `then` whose other arm is the point. */
export function wentWell(value: unknown): never {
  assert.fail(`it went well: ${String(value)}`)
}

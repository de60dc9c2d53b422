/** A pool on simulated workers, for tests of what maps promise. */

import { TaskPool } from '../../src/pool/task-pool.ts'
import { CrewWorld, type CrewWorldOptions } from './crew-world.ts'
import type { Deed } from './sim-workers.ts'

/** A deed that is told apart from others like it. */
export type Item = Deed & { readonly n: number }

/** A pool on simulated workers, and sources that count what is taken from them. */
export class Setting {
  readonly world: CrewWorld
  readonly pool: TaskPool
  pulled = 0
  closed = 0

  constructor(options: CrewWorldOptions = {}) {
    this.world = new CrewWorld(options)
    this.pool = new TaskPool(this.world.crew, {
      whenFull: 'wait',
      timeoutMs: Number.POSITIVE_INFINITY,
      attempts: 1,
    })
  }

  /** Runs to the end, and sees that nothing is left behind. */
  run<T>(main: () => Promise<T>): Promise<T> {
    return this.world.scheduler.run(async () => {
      try {
        return await main()
      } finally {
        await this.pool.destroy()
      }
    })
  }

  /** The items one by one, counting what is taken. */
  *some(items: readonly Item[]): Generator<Item, void, undefined> {
    try {
      for (const item of items) {
        this.pulled += 1
        yield item
      }
    } finally {
      this.closed += 1
    }
  }

  /** The same, asynchronously and now and then late. */
  async *late(items: readonly Item[]): AsyncGenerator<Item, void, undefined> {
    try {
      for (const item of items) {
        if (item.n % 3 === 0) await this.sleep(item.n % 2 === 0 ? 1 : 30)
        this.pulled += 1
        yield item
      }
    } finally {
      this.closed += 1
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.scheduler.after(ms, resolve))
  }
}

export function itemsOf(deeds: readonly Deed[]): Item[] {
  return deeds.map((deed, n) => ({ ...deed, n }))
}

export function quick(count: number): Item[] {
  return itemsOf(Array.from({ length: count }, () => ({ kind: 'done', ms: 0.01 })))
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

/** Reads in order: through the pool one at a time, by the thread from when it is up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { OrderedReads } from './ordered-reads.ts'

/** What was asked of the two ways, and their answers at hand. */
class Ways {
  isUp: boolean = false
  readonly calls: string[] = []
  readonly #pool: { resolve: (size: number) => void; reject: (error: Error) => void }[] = []
  readonly reads: OrderedReads

  constructor() {
    this.reads = new OrderedReads({
      isThreadUp: () => this.isUp,
      byPool: (_into, position) => {
        this.calls.push(`pool ${position}`)
        return new Promise((resolve, reject) => this.#pool.push({ resolve, reject }))
      },
      byThread: ({ position, resolve }) => {
        this.calls.push(`thread ${position}`)
        resolve(position)
      },
    })
  }

  ask(position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.reads.ask({ into: new Uint8Array(1), position, resolve, reject })
    })
  }

  /** The pool is done with what it is at. */
  async answer(outcome: number | Error): Promise<void> {
    const asked = this.#pool.shift()
    assert.ok(asked !== undefined, 'the pool is at nothing')
    if (typeof outcome === 'number') asked.resolve(outcome)
    else asked.reject(outcome)
    await macrotask()
  }
}

test('while there is no thread the pool gets one read at a time', async () => {
  const ways = new Ways()
  const reads = [1, 2, 3].map((position) => ways.ask(position))
  assert.deepEqual(ways.calls, ['pool 1'])
  await ways.answer(10)
  assert.deepEqual(ways.calls, ['pool 1', 'pool 2'])
  await ways.answer(20)
  await ways.answer(30)
  assert.deepEqual(await Promise.all(reads), [10, 20, 30])
})

test('once the thread is up it gets all that waits, and then everything', async () => {
  const ways = new Ways()
  const reads = [1, 2, 3].map((position) => ways.ask(position))
  ways.isUp = true
  // Not before the pool is done: two that read at once would be out of order.
  reads.push(ways.ask(4))
  assert.deepEqual(ways.calls, ['pool 1'])
  await ways.answer(10)
  reads.push(ways.ask(5))
  assert.deepEqual(ways.calls, ['pool 1', 'thread 2', 'thread 3', 'thread 4', 'thread 5'])
  assert.deepEqual(await Promise.all(reads), [10, 2, 3, 4, 5])
})

test('a read that fails is told so, and those behind it go on', async () => {
  const ways = new Ways()
  const failing = ways.ask(1)
  const next = ways.ask(2)
  const failed = assert.rejects(failing, /unreadable/)
  await ways.answer(new Error('unreadable'))
  await failed
  await ways.answer(20)
  assert.equal(await next, 20)
})

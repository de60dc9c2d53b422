/**
 * A sweep takes items from a source, sends them through a crew in chunks, and hands out what became of them:
 * in order or as it comes. It pulls only what may be under way, so that the longest source fits in memory.
 */
import { assert } from '../base/assert.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import { Ring } from '../base/ring.ts'
import { type Answer, Chunk, type ChunkTerms, noFailures } from './chunk.ts'
import { ChunkSizer } from './chunk-sizer.ts'
import type { ChunkSize, Items, MapOptions, Progress } from './contract.ts'
import type { Crew } from './crew.ts'
import { PoolNotSendable, PoolTaskTimeout, PoolWorkerLost } from './errors.ts'
import { ItemSource } from './item-source.ts'
import { nothingMoved } from './transfer.ts'

export interface SweepTerms {
  readonly task: string
  readonly order: 'ordered' | 'any'
  readonly chunkSize: ChunkSize
  readonly timeoutMs: number
  readonly attempts: number
  readonly signal: AbortSignal | null
  readonly itemsMax: number
  readonly onProgress: MapOptions['onProgress'] | null
}

/** Chunks inside for each that the crew can use at once: one of them is being handed out or on its way. */
const chunksPerPlace = 2

/** Some items that travelled together, and what became of each. */
export interface Batch {
  /** The place of the first item in the source. */
  readonly first: number
  readonly items: readonly unknown[]
  readonly values: readonly unknown[]
  readonly failures: ReadonlyMap<number, unknown>
}

export class Sweep {
  readonly #crew: Crew
  readonly #terms: SweepTerms
  readonly #source: ItemSource
  readonly #sizer: ChunkSizer
  /** Batches on their way, oldest first; kept only where order counts. */
  readonly #line = new Ring<Travelling>()
  /** Batches that may be handed out, but for order. */
  readonly #ready = new Ring<Travelling>()
  readonly #travelling = new Set<Travelling>()
  #pulled = 0
  /** Items pulled and not handed out. Invariant: at most `itemsMax`, or one chunk if that is larger. */
  #inside = 0
  #done = 0
  #failed = 0
  #phase: 'running' | 'stopped' = 'running'
  /** Ends the sweep once it is set: not what became of one item, but why there are no more. */
  #fatal: { readonly error: unknown } | null = null
  #waiter: Deferred<void> | null = null
  readonly #onAbort = (): void => this.#end(this.#terms.signal?.reason)

  constructor(crew: Crew, items: Items<unknown>, terms: SweepTerms) {
    this.#crew = crew
    this.#terms = terms
    this.#source = new ItemSource(items, () => this.#fill())
    this.#sizer = new ChunkSizer(crew.size, this.#source.total)
    terms.signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (terms.signal?.aborted) this.#onAbort()
  }

  /** The next batch, or `null` when all are handed out. Rejects with what ended the sweep. One call at a time. */
  async next(): Promise<Batch | null> {
    for (;;) {
      this.#fill()
      if (this.#fatal !== null) throw this.#fatal.error
      const batch = this.#take()
      if (batch !== null) return batch
      if (this.#source.ended && this.#travelling.size === 0) return null
      this.#waiter = deferred()
      await this.#waiter.promise
    }
  }

  /** Takes back what still waits, and lets the source go. Idempotent. */
  stop(): void {
    if (this.#phase === 'stopped') return
    this.#phase = 'stopped'
    this.#terms.signal?.removeEventListener('abort', this.#onAbort)
    for (const batch of this.#travelling) batch.withdraw(this.#crew)
    this.#travelling.clear()
    this.#source.close()
  }

  #take(): Batch | null {
    if (this.#terms.order === 'ordered' && this.#line.peek()?.arrived !== 'yes') return null
    const batch = this.#terms.order === 'ordered' ? this.#line.shift() : this.#ready.shift()
    if (batch === undefined) return null
    this.#inside -= batch.items.length
    return batch
  }

  #fill(): void {
    try {
      while (this.#phase === 'running' && this.#hasRoom()) {
        const items = this.#source.take(this.#chunkItems(), this.#travelling.size)
        if (items === null) break
        this.#send(items)
      }
    } catch (error) {
      this.#end(error)
    }
    // A source that ends without a last item, or fails, has somebody waiting for nothing.
    if (this.#source.ended && this.#travelling.size === 0) this.#wake()
  }

  #hasRoom(): boolean {
    const ordered = this.#terms.order === 'ordered'
    const chunks = ordered ? this.#line.size : this.#travelling.size + this.#ready.size
    return this.#inside < this.#terms.itemsMax && chunks < this.#crew.width * chunksPerPlace
  }

  #chunkItems(): number {
    const { chunkSize, itemsMax } = this.#terms
    const wanted = chunkSize === 'auto' ? this.#sizer.items : chunkSize
    return Math.max(1, Math.min(wanted, itemsMax - this.#inside))
  }

  #send(items: readonly unknown[]): void {
    const batch = new Travelling(this, this.#pulled, items)
    this.#pulled += items.length
    this.#inside += items.length
    this.#travelling.add(batch)
    if (this.#terms.order === 'ordered') this.#line.push(batch)
    // A chunk of several is tried again item by item, so that the one that kills workers does it alone.
    const attempts = items.length > 1 ? 1 : this.#terms.attempts
    batch.send(this.#crew, items, this.#chunkTerms(items, attempts))
  }

  #chunkTerms(values: readonly unknown[], attempts: number): ChunkTerms {
    const { task, timeoutMs, signal } = this.#terms
    return { task, form: 'items', values, transfer: nothingMoved, timeoutMs, attempts, signal }
  }

  /** Told by a batch: one of its chunks has come back. */
  took(durationMs: number, items: number): void {
    this.#sizer.took(durationMs, items)
  }

  /** Told by a batch: this chunk of it came back without an answer. Answers whether it is sent again. */
  sendsAgain(batch: Travelling, part: Part, error: unknown): 'yes' | 'no' {
    const { values } = part.terms
    const attempts = this.#terms.attempts - 1
    const unsendable = error instanceof PoolNotSendable
    const lost = error instanceof PoolWorkerLost && attempts > 0
    if (this.#phase !== 'running' || values.length === 1 || !(unsendable || lost)) return 'no'
    const left = unsendable ? this.#terms.attempts : attempts
    for (const value of values) batch.send(this.#crew, [value], this.#chunkTerms([value], left))
    return 'yes'
  }

  /** Told by a batch, once: all that it carried has come back. */
  arrived(batch: Travelling): void {
    if (!this.#travelling.delete(batch)) return
    if (this.#terms.order === 'any') this.#ready.push(batch)
    this.#done += batch.items.length
    this.#failed += batch.failures.size
    this.#tellProgress({ done: this.#done, failed: this.#failed, total: this.#total() })
    this.#fill()
    this.#wake()
  }

  /** Told by a batch: something ended that is larger than an item, the pool say. */
  failed(error: unknown): void {
    this.#end(error)
  }

  #total(): number | null {
    return this.#source.ended ? this.#pulled : this.#source.total
  }

  #tellProgress(progress: Progress): void {
    try {
      this.#terms.onProgress?.(progress)
    } catch (error) {
      this.#end(error)
    }
  }

  #end(error: unknown): void {
    this.#fatal ??= { error }
    this.stop()
    this.#wake()
  }

  #wake(): void {
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.resolve()
  }
}

/** What ends one task and leaves the pool as it is. */
function isOfTheTask(error: unknown): boolean {
  return (
    error instanceof PoolWorkerLost ||
    error instanceof PoolTaskTimeout ||
    error instanceof PoolNotSendable
  )
}

/** A batch between its sending and its arrival: in one chunk, or in several after one was lost. */
class Travelling implements Batch {
  readonly #sweep: Sweep
  readonly first: number
  readonly items: readonly unknown[]
  arrived: 'yes' | 'no' = 'no'
  values: unknown[] = []
  failures: ReadonlyMap<number, unknown> = noFailures
  /** Chunks that have not come back. Invariant: 0 exactly when `arrived`. */
  readonly #parts = new Set<Part>()
  /** Index of the first item that has not been sent yet in the present sending. */
  #sent = 0

  constructor(sweep: Sweep, first: number, items: readonly unknown[]) {
    this.#sweep = sweep
    this.first = first
    this.items = items
  }

  send(crew: Crew, items: readonly unknown[], terms: ChunkTerms): void {
    const part = new Part(this, this.#sent, terms)
    this.#sent += items.length
    this.#parts.add(part)
    crew.submit(part, 'wait')
  }

  withdraw(crew: Crew): void {
    for (const part of this.#parts) crew.withdraw(part)
  }

  settled(part: Part, answer: Answer): void {
    this.#sweep.took(answer.durationMs, answer.values.length)
    if (part.offset === 0 && answer.values.length === this.items.length) {
      this.values = answer.values
      this.failures = answer.failures
    } else {
      for (const [index, value] of answer.values.entries()) this.values[part.offset + index] = value
      this.#addFailures(part, answer.failures)
    }
    this.#back(part)
  }

  failed(part: Part, error: unknown): void {
    if (!isOfTheTask(error)) {
      this.#parts.delete(part)
      this.#sweep.failed(error)
      return
    }
    this.#sent = part.offset
    if (this.#sweep.sendsAgain(this, part, error) === 'no') {
      this.#addFailures(part, new Map(part.terms.values.map((_, index) => [index, error])))
    }
    this.#back(part)
  }

  #addFailures(part: Part, failures: ReadonlyMap<number, unknown>): void {
    if (failures.size === 0) return
    const all = new Map(this.failures)
    for (const [index, error] of failures) {
      all.set(part.offset + index, error)
      this.values[part.offset + index] = undefined
    }
    this.failures = all
  }

  #back(part: Part): void {
    assert(this.#parts.delete(part), 'a chunk comes back once')
    if (this.#parts.size > 0) return
    this.arrived = 'yes'
    this.#sweep.arrived(this)
  }
}

/** One chunk of a batch. */
class Part extends Chunk {
  readonly #batch: Travelling
  /** Where its first item is in the batch. */
  readonly offset: number

  constructor(batch: Travelling, offset: number, terms: ChunkTerms) {
    super(terms)
    this.#batch = batch
    this.offset = offset
  }

  settle(answer: Answer): void {
    this.#batch.settled(this, answer)
  }

  fail(error: unknown): void {
    this.#batch.failed(this, error)
  }
}

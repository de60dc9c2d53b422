/**
 * The pool that a program holds: turns calls into chunks for its crew and hands the answers back. One class
 * for threads and processes; the crew it is given makes the difference.
 */
import { untilAborted } from '../base/abort.ts'
import { type Answer, Chunk, type ChunkTerms } from './chunk.ts'
import { SourceConsumption } from './consumption.ts'
import type { AnyTasks, Items, MapOptions, Outcome, Pool, RunOptions } from './contract.ts'
import type { Crew, WhenFull } from './crew.ts'
import { PoolMisuse } from './errors.ts'
import { checkCount, checkMs, checkWhole } from './pool-options.ts'
import { type Batch, Sweep, type SweepTerms } from './sweep.ts'
import type { PoolCounters } from './tally.ts'
import type { ConsumeOptions, Consumption, TaskSource } from './task-source.ts'
import { nothingMoved } from './transfer.ts'

/** What every task of a pool gets unless it is told otherwise. */
export interface PoolTerms {
  readonly whenFull: WhenFull
  readonly timeoutMs: number
  readonly attempts: number
}

/** Deliveries in hand for each worker: one running, one on its way, and as many being settled. */
const deliveriesPerWorker = 4

export class TaskPool implements Pool<AnyTasks> {
  readonly size: number
  readonly #crew: Crew
  readonly #terms: PoolTerms

  constructor(crew: Crew, terms: PoolTerms) {
    this.size = crew.size
    this.#crew = crew
    this.#terms = terms
  }

  get closed(): boolean {
    return !this.#crew.open
  }

  run(task: string, args: readonly unknown[], options: RunOptions = {}): Promise<unknown> {
    return this.#call(task, args, { ...options, whenFull: this.#terms.whenFull })
  }

  #call(
    task: string,
    args: readonly unknown[],
    options: RunOptions & { readonly whenFull: WhenFull },
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const terms: ChunkTerms = {
        task: checkTask(task),
        form: 'call',
        values: checkArgs(args),
        transfer: options.transfer ?? nothingMoved,
        timeoutMs: checkMs('timeoutMs', options.timeoutMs ?? this.#terms.timeoutMs),
        attempts: checkWhole('attempts', options.attempts ?? this.#terms.attempts),
        signal: options.signal ?? null,
      }
      if (terms.transfer.length > 0 && terms.attempts > 1) {
        throw new PoolMisuse('what is transferred is gone, so it can be sent only once')
      }
      this.#crew.submit(new Call(terms, resolve, reject), options.whenFull)
    })
  }

  async map(task: string, items: Items<unknown>, options: MapOptions = {}): Promise<unknown[]> {
    const results: unknown[] = []
    const sweep = this.#sweep(task, items, { chunkSize: 'auto', ...options, order: 'any' })
    await eachBatch(sweep, (batch) => {
      for (const [index, value] of batch.values.entries()) {
        if (batch.failures.has(index)) throw batch.failures.get(index)
        results[batch.first + index] = value
      }
    })
    return results
  }

  imap(
    task: string,
    items: Items<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    return values(() => this.#sweep(task, items, { ...options, order: 'ordered' }))
  }

  imapUnordered(
    task: string,
    items: Items<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    return values(() => this.#sweep(task, items, { ...options, order: 'any' }))
  }

  settle(
    task: string,
    items: Items<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<Outcome<unknown, unknown>, void, undefined> {
    return outcomes(() => this.#sweep(task, items, { ...options, order: 'any' }))
  }

  consume(
    source: TaskSource<unknown>,
    task: string,
    options: ConsumeOptions<unknown, unknown> = {},
  ): Consumption {
    if (typeof source?.next !== 'function') {
      throw new PoolMisuse('consume takes a source: make one by channelSource or queueSource')
    }
    const lanes = options.inFlightMax ?? this.size * deliveriesPerWorker
    const { timeoutMs } = options
    return new SourceConsumption({
      source,
      lanes: checkWhole('inFlightMax', lanes),
      options,
      run: (value, signal) =>
        this.#call(task, [value], {
          signal,
          // A lost worker is for the source to know, and to count.
          attempts: 1,
          whenFull: 'wait',
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        }),
    })
  }

  ready(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return untilAborted(options.signal, (resolve, reject) => {
      this.#crew.startAll().then(resolve, reject)
      return () => undefined
    })
  }

  counters(): PoolCounters {
    return this.#crew.counters()
  }

  close(): Promise<void> {
    return this.#crew.close()
  }

  destroy(): Promise<void> {
    return this.#crew.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #sweep(
    task: string,
    items: Items<unknown>,
    options: MapOptions & Pick<SweepTerms, 'order'>,
  ): Sweep {
    const timeoutMs = checkMs('timeoutMs', options.timeoutMs ?? this.#terms.timeoutMs)
    const chunkSize = options.chunkSize ?? 1
    if (chunkSize !== 'auto') checkWhole('chunkSize', chunkSize)
    return new Sweep(this.#crew, checkItems(items), {
      task: checkTask(task),
      order: options.order,
      // A timeout is for one item, unless somebody chose the size of the chunk himself.
      chunkSize: chunkSize === 'auto' && timeoutMs !== Number.POSITIVE_INFINITY ? 1 : chunkSize,
      timeoutMs,
      attempts: checkWhole('attempts', options.attempts ?? this.#terms.attempts),
      signal: options.signal ?? null,
      itemsMax: checkCount('itemsMax', options.itemsMax ?? Number.POSITIVE_INFINITY),
      onProgress: options.onProgress ?? null,
    })
  }
}

/** One call, and the promise that waits for it. */
class Call extends Chunk {
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void

  constructor(
    terms: ChunkTerms,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super(terms)
    this.#resolve = resolve
    this.#reject = reject
  }

  settle(answer: Answer): void {
    if (answer.failures.size === 0) this.#resolve(answer.values[0])
    else this.#reject(answer.failures.get(0))
  }

  fail(error: unknown): void {
    this.#reject(error)
  }
}

async function eachBatch(sweep: Sweep, see: (batch: Batch) => void): Promise<void> {
  try {
    for (let batch = await sweep.next(); batch !== null; batch = await sweep.next()) see(batch)
  } finally {
    sweep.stop()
  }
}

async function* values(begin: () => Sweep): AsyncGenerator<unknown, void, undefined> {
  const sweep = begin()
  try {
    for (let batch = await sweep.next(); batch !== null; batch = await sweep.next()) {
      for (const [index, value] of batch.values.entries()) {
        if (batch.failures.has(index)) throw batch.failures.get(index)
        yield value
      }
    }
  } finally {
    sweep.stop()
  }
}

async function* outcomes(
  begin: () => Sweep,
): AsyncGenerator<Outcome<unknown, unknown>, void, undefined> {
  const sweep = begin()
  try {
    for (let batch = await sweep.next(); batch !== null; batch = await sweep.next()) {
      for (const [at, item] of batch.items.entries()) {
        const index = batch.first + at
        if (batch.failures.has(at)) {
          yield { status: 'failed', index, item, error: batch.failures.get(at) }
        } else yield { status: 'done', index, item, value: batch.values[at] }
      }
    }
  } finally {
    sweep.stop()
  }
}

function checkArgs(args: readonly unknown[]): readonly unknown[] {
  if (Array.isArray(args)) return args
  throw new PoolMisuse(`the arguments of a task are an array, not ${typeof args}`)
}

function checkItems(items: Items<unknown>): Items<unknown> {
  const isObject = typeof items === 'object' && items !== null
  if (isObject && (Symbol.iterator in items || Symbol.asyncIterator in items)) return items
  throw new PoolMisuse(`items are an iterable or asynchronous one, not ${typeof items}`)
}

function checkTask(task: string): string {
  if (typeof task !== 'string') {
    throw new PoolMisuse(`a task is the name of a function of the module, not ${typeof task}`)
  }
  if (task === 'setup' || task === 'teardown') throw new PoolMisuse(`'${task}' is no task`)
  return task
}

/**
 * A StreamReader walks the partitions that it was assigned, batch by batch, and waits at their end. It reads
 * what is durable, in the order of each partition, and holds no more than one batch.
 */
import type { PartitionWatcher } from '../broker/partitions.ts'
import { adviceFor } from '../broker/read-failures.ts'
import type { Runtime } from '../broker/runtime.ts'
import type { BatchView } from '../machine/batch.ts'
import { FORMAT_PLAIN } from '../machine/message.ts'
import type { Partition } from '../machine/partition.ts'
import { checkName } from '../machine/plan.ts'
import type { Stream } from '../machine/stream.ts'
import { readPlainRecords } from '../wire/plain/records.ts'
import { BrokerError, closed, errorOf, RecordsUnreadable, streamMissing } from './errors.ts'
import type { ForeignRecords, RecordContent } from './foreign-records.ts'
import type { GroupDesks, GroupMember } from './group-desks.ts'
import { commitAll, type Offsets, offsetsFor } from './offsets.ts'
import type { OpenEnd, OpenEnds } from './open-ends.ts'
import { AS_USUAL, signalOf, type WaitOptions } from './options.ts'
import { Progress } from './progress.ts'
import { BrokerRecord } from './record.ts'

export type ReadOptions = {
  /** Readers of one group share the partitions, and the group remembers how far it has come. */
  readonly group?: string
  /**
   * Where to begin when the group has not begun, or there is none: at the `first` record unless told otherwise, at
   * the `next` one to come, or at an offset. What is gone by then is passed over, what is to come is waited for.
   */
  readonly from?: 'first' | 'next' | Offsets
  readonly signal?: AbortSignal
}

/** Records of one partition that were there together. */
export class RecordBatch<T = unknown> {
  readonly partition: number
  readonly records: readonly BrokerRecord<T>[]
  readonly #commit: (signal: AbortSignal | undefined) => Promise<void>

  constructor(
    partition: number,
    records: readonly BrokerRecord<T>[],
    commit: (signal: AbortSignal | undefined) => Promise<void>,
  ) {
    this.partition = partition
    this.records = records
    this.#commit = commit
  }

  /**
   * The group goes on behind this batch, whatever happens; resolves when that is durable. Aborted while it waits for
   * room, the group goes on where it was; later it may go on behind this batch.
   */
  async commit(options: WaitOptions = AS_USUAL): Promise<void> {
    await this.#commit(signalOf('commit', options))
  }
}

export type ReaderParts = {
  readonly groups: GroupDesks
  readonly ends: OpenEnds
  readonly options: ReadOptions
}

export class StreamReader<T> implements PartitionWatcher, GroupMember, OpenEnd {
  readonly #runtime: Runtime
  readonly #stream: Stream
  readonly #groups: GroupDesks
  readonly #options: ReadOptions
  readonly #ends: OpenEnds
  /** The next offset to read of each partition; only those that are assigned. */
  #positions = new Map<Partition, number>()
  /** Made for the first batch that a Kafka client wrote. */
  #foreign: ForeignRecords | null = null
  /** Where to begin in each partition, when that was said. */
  readonly #starts: readonly number[] | null
  #waiting: (() => void) | null = null
  #isClosed = false
  #failure: Error | null = null

  constructor(runtime: Runtime, stream: Stream, parts: ReaderParts) {
    this.#runtime = runtime
    this.#stream = stream
    this.#groups = parts.groups
    const { from = 'first', group } = parts.options
    const isOffsets = typeof from === 'number' || Array.isArray(from)
    if (!isOffsets && from !== 'first' && from !== 'next') {
      throw new BrokerError('REFUSED', `from is 'first', 'next' or offsets, not '${String(from)}'`)
    }
    const refusal = group === undefined ? null : checkName(group)
    if (refusal !== null) throw errorOf(refusal)
    this.#options = parts.options
    this.#starts = typeof from === 'string' ? null : offsetsFor(stream, from)
    this.#ends = parts.ends
  }

  async *batches(recordsMax: number): AsyncGenerator<RecordBatch<T>> {
    this.#begin()
    try {
      for (;;) {
        const batch = await this.#next(recordsMax)
        if (batch === null) return
        yield batch
      }
    } finally {
      this.#end()
    }
  }

  async *records(): AsyncGenerator<BrokerRecord<T>> {
    for await (const batch of this.batches(recordsOneByOne)) {
      const progress = this.#options.group === undefined ? null : this.#progressOf(batch)
      try {
        for (const record of batch.records) {
          yield record
          // Asking for the next one says that this one was consumed.
          progress?.reach(record.offset + 1)
          if (this.#isClosed) return
        }
      } finally {
        // A broker that is gone takes nothing down any more, and whoever goes need not hear of it.
        await progress?.end().catch((error: unknown) => {
          if (this.#runtime.failure === null) throw error
        })
      }
    }
  }

  appended(): void {
    this.#wake()
  }

  assigned(partitions: readonly number[]): void {
    const before = this.#positions
    this.#positions = new Map()
    for (const partition of before.keys()) this.#runtime.unwatch(partition, this)
    for (const index of partitions) {
      const partition = this.#stream.partitions[index]!
      this.#positions.set(partition, before.get(partition) ?? this.#startOf(partition))
      this.#runtime.watch(partition, this)
    }
    this.#wake()
  }

  stop(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }

  #begin(): void {
    this.#ends.add(this)
    const { group, signal } = this.#options
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted === true) this.#isClosed = true
    if (group === undefined) this.assigned(this.#stream.partitions.map((_, index) => index))
    else this.#groups.join(this.#stream, group, this)
  }

  #end(): void {
    const { group, signal } = this.#options
    this.#isClosed = true
    this.#ends.delete(this)
    signal?.removeEventListener('abort', this.#onAbort)
    this.assigned([])
    if (group !== undefined) this.#groups.leave(this.#stream, group, this)
  }

  readonly #onAbort = (): void => {
    this.#isClosed = true
    this.#wake()
  }

  #startOf(partition: Partition): number {
    const { from, group } = this.#options
    const committed =
      group === undefined ? undefined : this.#runtime.committed(this.#namespace(), group, partition)
    if (committed !== undefined) return committed.offset
    if (this.#starts !== null) return this.#starts[partition.index]!
    return from === 'next' ? this.#runtime.visibleOffset(partition) : partition.firstOffset
  }

  /** The next records of some partition; null when it was closed. */
  async #next(recordsMax: number): Promise<RecordBatch<T> | null> {
    for (;;) {
      if (this.#isClosed) return null
      if (this.#failure !== null) throw this.#failure
      if (this.#stream.deleted) throw streamMissing(this.#stream.name)
      const partition = this.#readable()
      if (partition === null) await this.#more()
      else {
        const batch = await this.#read(partition, recordsMax)
        if (batch !== null) return batch
      }
    }
  }

  /** A partition with something to read; it goes to the end of the turns. */
  #readable(): Partition | null {
    for (const [partition, position] of this.#positions) {
      if (position >= this.#runtime.visibleOffset(partition)) continue
      this.#positions.delete(partition)
      this.#positions.set(partition, position)
      return partition
    }
    return null
  }

  async #read(partition: Partition, recordsMax: number): Promise<RecordBatch<T> | null> {
    // What retention cut off meanwhile is gone; the next there is comes instead.
    const position = Math.max(this.#positions.get(partition)!, partition.firstOffset)
    const row = partition.rowAt(position)
    if (row < 0) return null
    const view = this.#runtime.batch(partition, row)
    if (view === null) {
      await this.#runtime.load(partition, row).catch((error: unknown) => {
        this.#unread(partition, row, error)
      })
      return null
    }
    const isPlain = view.format === FORMAT_PLAIN
    if (!isPlain && this.#foreign === null) {
      // Loaded for those alone who need it. Meanwhile the view has gone: it is read once more.
      const { ForeignRecords } = await import('./foreign-records.ts')
      this.#foreign = new ForeignRecords()
      return null
    }
    const { offset, count } = view
    const contents = isPlain ? plainRecords(view) : await this.#foreign!.read(partition, view)
    // While it was inflated, somebody else may have got the partition.
    if (!isPlain && !this.#positions.has(partition)) return null
    const records: BrokerRecord<T>[] = []
    const until = Math.min(count, position - offset + recordsMax)
    for (let index = position - offset; index < until; index++) {
      const place = { partition: partition.index, offset: offset + index }
      records.push(new BrokerRecord<T>(place, contents[index]!))
    }
    const next = records.at(-1)!.offset + 1
    this.#positions.set(partition, next)
    const commit = (signal: AbortSignal | undefined): Promise<void> =>
      this.#commit(partition, next, signal)
    return new RecordBatch(partition.index, records, commit)
  }

  /** Throws, unless nobody wants the batch any more, or can have it. */
  #unread(partition: Partition, row: number, error: unknown): void {
    const isOver = this.#isClosed || this.#failure !== null || !this.#positions.has(partition)
    if (isOver || partition.deleted || row < partition.firstRow) return
    const offset = partition.offsetOf(row)
    const next = row + 1 < partition.nextRow ? partition.offsetOf(row + 1) : partition.nextOffset
    const place = { stream: this.#stream.name, partition: partition.index, offset, next }
    const reason = `${String(error)}; ${adviceFor(error)}, and read again`
    throw new RecordsUnreadable(place, reason, { cause: error })
  }

  async #commit(partition: Partition, offset: number, signal?: AbortSignal): Promise<void> {
    const { group } = this.#options
    if (group === undefined) {
      throw new BrokerError('REFUSED', 'only readers of a group commit; read with { group }')
    }
    signal?.throwIfAborted()
    // Somebody else reads it by now, and says how far.
    if (!this.#positions.has(partition)) return
    const commitment = { partition: partition.id, committed: { offset, note: '' } }
    const commitments = [commitment]
    await commitAll(this.#runtime, this.#stream, { group, commitments, signal })
  }

  #progressOf({ partition: index, records }: RecordBatch<T>): Progress {
    const partition = this.#stream.partitions[index]!
    const commit = (offset: number): Promise<void> => this.#commit(partition, offset)
    return new Progress(this.#runtime.world.scheduler, commit, records[0]!.offset)
  }

  #namespace(): NonNullable<ReturnType<Runtime['namespace']>> {
    const namespace = this.#runtime.namespace(this.#stream.namespace)
    if (namespace === undefined) throw closed()
    return namespace
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.()
  }
}

const recordsOneByOne = 500 // read at once, handed out one by one

/** Copies of the records of a batch of our own. */
function plainRecords({ bytes, at, size, count }: BatchView): readonly RecordContent[] {
  const copy = bytes.slice(at, at + size)
  return readPlainRecords(copy, { at: 0, end: size }, count)
}

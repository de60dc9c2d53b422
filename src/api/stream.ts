/** A stream as a program has it: append records, read them, as often as one likes. */
import { unlessAborted } from '../base/abort.ts'
import { KiB } from '../base/bytes.ts'
import { HELD } from '../broker/room.ts'
import type { Runtime } from '../broker/runtime.ts'
import { Batch } from '../machine/batch.ts'
import { type DurabilityMode, durabilityIn } from '../machine/durability.ts'
import { FORMAT_PLAIN } from '../machine/message.ts'
import type { Partition } from '../machine/partition.ts'
import { checkName } from '../machine/plan.ts'
import { isRefusal } from '../machine/refusal.ts'
import type { Stream } from '../machine/stream.ts'
import { PlainRecordsWriter } from '../wire/plain/records.ts'
import { type Body, BodyEncoder } from './body.ts'
import type { Durable } from './durable.ts'
import { AppendAborted, BrokerError, closed, errorOf, streamMissing } from './errors.ts'
import type { GroupDesks } from './group-desks.ts'
import { commitAll, type Offsets, offsetsFor } from './offsets.ts'
import type { OpenEnds } from './open-ends.ts'
import {
  AS_USUAL,
  checkCount,
  checkOptions,
  checkSignal,
  signalOf,
  type WaitOptions,
} from './options.ts'
import { partitionOfKey } from './partitioner.ts'
import type { Appended, BrokerRecord } from './record.ts'
import { roomIn } from './room.ts'
import { type ReadOptions, type RecordBatch, StreamReader } from './stream-reader.ts'

export type StreamOptions = {
  /** 1 unless told otherwise. Order is kept within a partition. */
  readonly partitions?: number
  /** How safe a record is when `append` resolves: `fsync` or `os`. The broker's own unless told otherwise. */
  readonly durability?: DurabilityMode
  /** Ends the wait for the declaration: it was not made if it waited for room, else it may be there. */
  readonly signal?: AbortSignal
}

/** A record to be appended. */
export type NewRecord<T = unknown> = {
  readonly body: T & Body
  /** Records with the same key go to the same partition, in order. */
  readonly key?: string | Uint8Array
  /** Goes there, whatever the key. */
  readonly partition?: number
  /** Milliseconds since 1970; now unless told otherwise. */
  readonly timeMs?: number
}

/** Records that come behind others, and where each of them went so far. */
type Appending<T> = {
  readonly records: readonly NewRecord<T>[]
  readonly places: Appended[]
  readonly signal: AbortSignal | undefined
}

const batchBytes = 64 * KiB // of one entry, about: what a reader gets at once

export class BrokerStream<T = unknown> {
  readonly name: string
  readonly #runtime: Runtime
  readonly #stream: Stream
  readonly #durable: Durable
  readonly #groups: GroupDesks
  readonly #ends: OpenEnds
  readonly #bodies = new BodyEncoder()
  readonly #writers: PlainRecordsWriter[]
  readonly #batch = new Batch()
  readonly #encoder = new TextEncoder()
  /** The partition that the next records without a key go to. */
  #nextPartition = 0
  /** Who waits for room, and all who came behind; null while there is room. */
  #held: Promise<number> | null = null
  #isHeld = false

  constructor(
    runtime: Runtime,
    stream: Stream,
    parts: {
      readonly durable: Durable
      readonly groups: GroupDesks
      readonly ends: OpenEnds
    },
  ) {
    this.name = stream.name
    this.#runtime = runtime
    this.#stream = stream
    this.#durable = parts.durable
    this.#groups = parts.groups
    this.#ends = parts.ends
    this.#writers = stream.partitions.map(() => new PlainRecordsWriter(KiB))
    this.#batch.format = FORMAT_PLAIN
  }

  /** How safe a record is when `append` resolves. */
  get durability(): DurabilityMode {
    return durabilityIn(this.#runtime.durability, this.#stream)
  }

  get partitionCount(): number {
    return this.#stream.partitions.length
  }

  /** The offset of the first record that can be read, and the one that the next durable one will get. */
  range(partition: number): { readonly first: number; readonly next: number } {
    const found = this.#partition(partition)
    return { first: found.firstOffset, next: this.#runtime.visibleOffset(found) }
  }

  /**
   * Resolves to where it is, once it is as safe as `durability` says. Aborted before the call, or while it
   * waits for room, nothing was appended; aborted while the disk has it not yet, it may be there.
   */
  async append(record: NewRecord<T>, options: WaitOptions = AS_USUAL): Promise<Appended> {
    const [appended] = await (options === AS_USUAL
      ? this.#appendAll([record])
      : this.#appendOne(record, options))
    return appended!
  }

  /**
   * Appends all of them; those of one partition in this order. Resolves when all are safe. Aborted when some were
   * appended, it rejects with AppendAborted, which says which ones; when none was, with the signal's reason.
   */
  appendMany(
    records: readonly NewRecord<T>[],
    options: WaitOptions = AS_USUAL,
  ): Promise<readonly Appended[]> {
    return options === AS_USUAL ? this.#appendAll(records) : this.#appendWith(records, options)
  }

  /** Records one after the other; asking for the next one commits what was consumed, where there is a group. */
  read(options: ReadOptions = {}): AsyncGenerator<BrokerRecord<T>> {
    checkOptions('read', options, readerOptions)
    checkSignal(options.signal)
    return this.#reader(options).records()
  }

  /** Records in batches, each to be committed by hand where there is a group. */
  readBatches(
    options: ReadOptions & { readonly recordsMax?: number } = {},
  ): AsyncGenerator<RecordBatch<T>> {
    checkOptions('readBatches', options, [...readerOptions, 'recordsMax'])
    checkSignal(options.signal)
    const { recordsMax = recordsUsual } = options
    checkCount('recordsMax', recordsMax)
    return this.#reader(options).batches(recordsMax)
  }

  /**
   * The group goes on from there, backwards to read again, forwards to pass over what it cannot read; resolves when
   * that is durable. Not while readers of the group are at work in this program: they would commit where they are.
   * Aborted while it waits for room, the group goes on where it was; later it may go on from there.
   */
  async moveGroup(group: string, to: Offsets, options: WaitOptions = AS_USUAL): Promise<void> {
    const signal = signalOf('moveGroup', options)
    this.#check()
    const refusal = checkName(group)
    if (refusal !== null) throw errorOf(refusal)
    const offsets = offsetsFor(this.#stream, to)
    if (this.#groups.hasMembers(this.#stream, group)) {
      const sentence = `group '${group}' reads stream '${this.name}'; end its readers, then move it`
      throw new BrokerError('REFUSED', sentence)
    }
    const commitments = this.#stream.partitions.map((partition, index) => {
      const offset = offsets[index]!
      const end = this.#runtime.visibleOffset(partition)
      if (offset <= end) return { partition: partition.id, committed: { offset, note: '' } }
      const sentence = `partition ${index} of stream '${this.name}' ends at ${end}, before ${offset}`
      throw new BrokerError('REFUSED', sentence)
    })
    await commitAll(this.#runtime, this.#stream, { group, commitments, signal })
  }

  /** The stream and its records go. Aborted while it waits for room, it stays; later it is gone. */
  async delete(options: WaitOptions = AS_USUAL): Promise<void> {
    const signal = signalOf('delete', options)
    const { namespace, name } = this.#stream
    const { declare } = this.#runtime
    const refusal = await unlessAborted(signal, async () =>
      this.#stream.deleted
        ? null
        : declare.deleteStream(this.#runtime.namespace(namespace)!, name, signal),
    )
    if (refusal !== null) throw errorOf(refusal)
  }

  /** Fills in where each record went as soon as it is in the log; resolves when all are safe. */
  async #appendAll(
    records: readonly NewRecord<T>[],
    places: Appended[] = new Array(records.length),
    signal?: AbortSignal,
  ): Promise<readonly Appended[]> {
    this.#check()
    this.#checkRecords(records)
    const before = this.#held
    const turn =
      before === null
        ? this.#writeAll(records, places, signal)
        : this.#writeBehind(before, { records, places, signal })
    if (this.#isHeld) this.#hold(turn)
    await this.#durable.after(await turn)
    return places
  }

  async #appendOne(record: NewRecord<T>, options: WaitOptions): Promise<readonly Appended[]> {
    const signal = signalOf('append', options)
    if (signal === undefined) return this.#appendAll([record])
    return this.#appendUntil(signal, [record], [])
  }

  #appendUntil(
    signal: AbortSignal,
    records: readonly NewRecord<T>[],
    places: Appended[],
  ): Promise<readonly Appended[]> {
    return unlessAborted(signal, () => this.#appendAll(records, places, signal))
  }

  async #appendWith(
    records: readonly NewRecord<T>[],
    options: WaitOptions,
  ): Promise<readonly Appended[]> {
    const signal = signalOf('appendMany', options)
    if (signal === undefined) return this.#appendAll(records)
    const places: Appended[] = new Array(records.length)
    try {
      return await this.#appendUntil(signal, records, places)
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error
      const appended = Array.from(places, (place: Appended | undefined) => place ?? null)
      if (appended.every((place) => place === null)) throw error
      throw new AppendAborted(appended, error)
    }
  }

  /**
   * Refuses what a record cannot have before anything is written. Walking the fields costs no memory: the engine keeps
   * their names for all objects of one shape, and makes a list for odd ones alone.
   */
  #checkRecords(records: readonly NewRecord<T>[]): void {
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!
      for (const field in record) {
        if (field === 'body' || field === 'key' || field === 'timeMs') continue
        if (field !== 'partition') refuseField(record, field)
        else if (record.partition !== undefined) this.#partition(record.partition)
      }
    }
  }

  /** Whoever appends while somebody waits for room comes behind him. */
  #hold(turn: Promise<number>): void {
    const held = turn.catch(() => 0)
    this.#held = held
    void held.then(() => {
      if (this.#held !== held) return
      this.#held = null
      this.#isHeld = false
    })
  }

  /** By itself, because a closure costs every call of the function that it stands in. */
  #writeBehind(
    before: Promise<number>,
    { records, places, signal }: Appending<T>,
  ): Promise<number> {
    return before.then(() => this.#writeAll(records, places, signal))
  }

  /** What somebody collected who was refused or aborted must not go with what is appended next. */
  #resetWriters(): void {
    for (const writer of this.#writers) writer.reset()
  }

  /** Collects runs of records for each partition and appends them as batches. Waits only when it is HELD. */
  async #writeAll(
    records: readonly NewRecord<T>[],
    places: Appended[],
    signal: AbortSignal | undefined,
  ): Promise<number> {
    // Aborted before its turn came.
    signal?.throwIfAborted()
    this.#resetWriters()
    const { partitions } = this.#stream
    const nowMs = this.#runtime.time.nowMs()
    const indexes: number[][] = partitions.map(() => [])
    const unkeyed = this.#nextPartition
    this.#nextPartition = (unkeyed + 1) % partitions.length
    let ticket = 0
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!
      const key = typeof record.key === 'string' ? this.#encoder.encode(record.key) : record.key
      const chosen =
        record.partition ?? (key === undefined ? unkeyed : partitionOfKey(key, partitions.length))
      this.#partition(chosen)
      const writer = this.#writers[chosen]!
      this.#write(writer, record, { key: key ?? null, nowMs })
      indexes[chosen]!.push(index)
      if (writer.size < batchBytes) continue
      ticket = this.#flush(chosen, indexes[chosen]!, places)
      while (ticket === HELD) {
        await this.#room(signal)
        ticket = this.#flush(chosen, indexes[chosen]!, places)
      }
      indexes[chosen] = []
    }
    for (let chosen = 0; chosen < indexes.length; chosen++) {
      if (indexes[chosen]!.length === 0) continue
      ticket = this.#flush(chosen, indexes[chosen]!, places)
      while (ticket === HELD) {
        await this.#room(signal)
        ticket = this.#flush(chosen, indexes[chosen]!, places)
      }
    }
    return ticket
  }

  #write(
    writer: PlainRecordsWriter,
    record: NewRecord<T>,
    { key, nowMs }: { readonly key: Uint8Array | null; readonly nowMs: number },
  ): void {
    const bodies = this.#bodies
    bodies.encode(record.body)
    const { bodyBytes } = this.#runtime.limits
    if (bodies.size > bodyBytes) {
      const sentence = `a body of ${bodies.size} bytes; ${bodyBytes} are the most`
      throw new BrokerError('BODY_TOO_LARGE', sentence)
    }
    const body = bodies.bytes.subarray(0, bodies.size)
    writer.add({ key, kind: bodies.kind, body, timeMs: record.timeMs ?? nowMs })
  }

  /** The ticket, or HELD: then the writer keeps its records. */
  #flush(chosen: number, indexes: readonly number[], places: Appended[]): number {
    const partition = this.#partition(chosen)
    const writer = this.#writers[chosen]!
    const batch = this.#batch
    batch.count = writer.count
    batch.timeMs = writer.timeMs
    batch.bytes = writer.bytes
    batch.size = writer.size
    const offset = partition.nextOffset
    const ticket = this.#runtime.append(partition, batch)
    if (ticket === HELD) return HELD
    for (let index = 0; index < indexes.length; index++) {
      places[indexes[index]!] = { partition: chosen, offset: offset + index }
    }
    writer.reset()
    return ticket
  }

  async #room(signal: AbortSignal | undefined): Promise<void> {
    this.#isHeld = true
    await roomIn(this.#runtime, signal)
    this.#check()
  }

  #reader(options: ReadOptions): StreamReader<T> {
    this.#check()
    return new StreamReader<T>(this.#runtime, this.#stream, {
      groups: this.#groups,
      ends: this.#ends,
      options,
    })
  }

  #partition(index: number): Partition {
    const partition = this.#stream.partitions[index]
    if (partition !== undefined) return partition
    const count = this.partitionCount
    throw new BrokerError('REFUSED', `stream '${this.name}' has ${count} partitions, no ${index}`)
  }

  #check(): void {
    if (this.#runtime.failure !== null) throw closed()
    if (this.#stream.deleted) throw streamMissing(this.name)
  }
}

/** A field that no record has: something else was meant by it. */
function refuseField(record: object, field: string): void {
  if (!Object.hasOwn(record, field)) return
  const known = 'body, key, partition and timeMs'
  throw new BrokerError('REFUSED', `a record has no field '${field}'; it has ${known}`)
}

const readerOptions = ['group', 'from', 'signal']

const recordsUsual = 500 // a batch that is worth a commit, and small enough to do again

/** For who makes streams: what a declaration refuses becomes an error. */
export function streamOf(answer: Stream | { readonly kind: string }): Stream {
  if (isRefusal(answer)) throw errorOf(answer)
  return answer as Stream
}

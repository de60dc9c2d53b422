/**
 * The way into a stream: collects records for each partition and appends them as batches, in the order of the calls.
 * Waits for room where there is none; never reads.
 */
import { unlessAborted } from '../base/abort.ts'
import { KiB } from '../base/bytes.ts'
import { HELD } from '../broker/room.ts'
import type { Runtime } from '../broker/runtime.ts'
import { Batch } from '../machine/batch.ts'
import { FORMAT_PLAIN } from '../machine/message.ts'
import type { Stream } from '../machine/stream.ts'
import { PlainRecordsWriter } from '../wire/plain/records.ts'
import { type Body, BodyEncoder } from './body.ts'
import type { Durable } from './durable.ts'
import { AppendAborted, BrokerError, closed, streamMissing } from './errors.ts'
import { noPartition, partitionOf } from './offsets.ts'
import { signalOf, type WaitOptions } from './options.ts'
import { partitionOfKey } from './partitioner.ts'
import type { Appended } from './record.ts'
import { roomIn } from './room.ts'

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

/** Records that one call appends, and where each of them went so far. */
type Appending<T> = {
  readonly records: readonly NewRecord<T>[]
  /** Filled in as soon as a record is in the log. */
  readonly places: Appended[]
  readonly signal: AbortSignal | undefined
}

const batchBytes = 64 * KiB // of one entry, about: what a reader gets at once

export class StreamWriter<T> {
  readonly #runtime: Runtime
  readonly #stream: Stream
  readonly #durable: Durable
  readonly #bodies = new BodyEncoder()
  readonly #writers: PlainRecordsWriter[]
  readonly #batch = new Batch()
  readonly #encoder = new TextEncoder()
  /** The partition that the next records without a key go to. */
  #nextPartition = 0
  /** Who waits for room, and all who came behind; null while there is room. */
  #held: Promise<number> | null = null
  #isHeld = false

  constructor(runtime: Runtime, stream: Stream, durable: Durable) {
    this.#runtime = runtime
    this.#stream = stream
    this.#durable = durable
    this.#writers = stream.partitions.map(() => new PlainRecordsWriter(KiB))
    this.#batch.format = FORMAT_PLAIN
  }

  async append(record: NewRecord<T>, options: WaitOptions): Promise<Appended> {
    const signal = signalOf('append', options)
    const appending: Appending<T> = { records: [record], places: [], signal }
    await this.#appendUnlessAborted(appending)
    return appending.places[0]!
  }

  async appendMany(
    records: readonly NewRecord<T>[],
    options: WaitOptions,
  ): Promise<readonly Appended[]> {
    const signal = signalOf('appendMany', options)
    const places: Appended[] = new Array(records.length)
    try {
      await this.#appendUnlessAborted({ records, places, signal })
      return places
    } catch (error) {
      if (signal?.aborted !== true || error !== signal.reason) throw error
      const appended = Array.from(places, (place: Appended | undefined) => place ?? null)
      if (appended.every((place) => place === null)) throw error
      throw new AppendAborted(appended, error)
    }
  }

  #appendUnlessAborted(appending: Appending<T>): Promise<void> {
    const { signal } = appending
    return signal === undefined ? this.#append(appending) : this.#orAborted(signal, appending)
  }

  /** By itself, because a closure costs every call of the function that it stands in. */
  #orAborted(signal: AbortSignal, appending: Appending<T>): Promise<void> {
    return unlessAborted(signal, () => this.#append(appending))
  }

  /** Resolves when all are safe. */
  async #append(appending: Appending<T>): Promise<void> {
    checkThere(this.#runtime, this.#stream)
    this.#checkRecords(appending.records)
    const before = this.#held
    const turn = before === null ? this.#writeAll(appending) : this.#writeBehind(before, appending)
    if (this.#isHeld) this.#hold(turn)
    await this.#durable.after(await turn)
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
        else if (record.partition !== undefined) partitionOf(this.#stream, record.partition)
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

  async #writeBehind(before: Promise<number>, appending: Appending<T>): Promise<number> {
    await before
    return this.#writeAll(appending)
  }

  /** What somebody collected who was refused or aborted must not go with what is appended next. */
  #resetWriters(): void {
    for (const writer of this.#writers) writer.reset()
  }

  /** Collects runs of records for each partition and appends them as batches. Waits only when it is HELD. */
  async #writeAll(appending: Appending<T>): Promise<number> {
    const { records, signal } = appending
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
      const writer = this.#writers[chosen]
      if (writer === undefined) throw noPartition(this.#stream, chosen)
      this.#write(writer, record, { key: key ?? null, nowMs })
      indexes[chosen]!.push(index)
      if (writer.size < batchBytes) continue
      ticket = this.#flush(chosen, indexes[chosen]!, appending.places)
      if (ticket === HELD) ticket = await this.#flushLater(chosen, indexes[chosen]!, appending)
      indexes[chosen] = []
    }
    for (let chosen = 0; chosen < indexes.length; chosen++) {
      if (indexes[chosen]!.length === 0) continue
      ticket = this.#flush(chosen, indexes[chosen]!, appending.places)
      if (ticket === HELD) ticket = await this.#flushLater(chosen, indexes[chosen]!, appending)
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
    const partition = this.#stream.partitions[chosen]!
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

  /** Again and again, whenever there is room. */
  async #flushLater(
    chosen: number,
    indexes: readonly number[],
    { places, signal }: Appending<T>,
  ): Promise<number> {
    for (;;) {
      this.#isHeld = true
      await roomIn(this.#runtime, signal)
      checkThere(this.#runtime, this.#stream)
      const ticket = this.#flush(chosen, indexes, places)
      if (ticket !== HELD) return ticket
    }
  }
}

/** Throws unless the stream is there, and its broker open. */
export function checkThere(runtime: Runtime, stream: Stream): void {
  if (runtime.failure !== null) throw closed()
  if (stream.deleted) throw streamMissing(stream.name)
}

/** A field that no record has: something else was meant by it. */
function refuseField(record: object, field: string): void {
  if (!Object.hasOwn(record, field)) return
  const known = 'body, key, partition and timeMs'
  throw new BrokerError('REFUSED', `a record has no field '${field}'; it has ${known}`)
}

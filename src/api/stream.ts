/** A stream as a program has it: append records, read them, as often as one likes. */
import { unlessAborted } from '../base/abort.ts'
import type { Runtime } from '../broker/runtime.ts'
import { type DurabilityMode, durabilityIn } from '../machine/durability.ts'
import { checkName } from '../machine/plan.ts'
import { isRefusal } from '../machine/refusal.ts'
import type { Stream } from '../machine/stream.ts'
import type { Durable } from './durable.ts'
import { BrokerError, errorOf } from './errors.ts'
import type { GroupDesks } from './group-desks.ts'
import { commitAll, type Offsets, offsetsFor, partitionOf } from './offsets.ts'
import type { OpenEnds } from './open-ends.ts'
import {
  AS_USUAL,
  checkCount,
  checkOptions,
  checkSignal,
  signalOf,
  type WaitOptions,
} from './options.ts'
import type { Appended, BrokerRecord } from './record.ts'
import { type ReadOptions, type RecordBatch, StreamReader } from './stream-reader.ts'
import { checkThere, type NewRecord, StreamWriter } from './stream-writer.ts'

export type StreamOptions = {
  /** 1 unless told otherwise. Order is kept within a partition. */
  readonly partitions?: number
  /** How safe a record is when `append` resolves: `fsync` or `os`. The broker's own unless told otherwise. */
  readonly durability?: DurabilityMode
  /** Ends the wait for the declaration: it was not made if it waited for room, else it may be there. */
  readonly signal?: AbortSignal
}

export class BrokerStream<T = unknown> {
  readonly name: string
  readonly #runtime: Runtime
  readonly #stream: Stream
  readonly #writer: StreamWriter<T>
  readonly #groups: GroupDesks
  readonly #ends: OpenEnds

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
    this.#writer = new StreamWriter<T>(runtime, stream, parts.durable)
    this.#groups = parts.groups
    this.#ends = parts.ends
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
    const found = partitionOf(this.#stream, partition)
    return { first: found.firstOffset, next: this.#runtime.visibleOffset(found) }
  }

  /**
   * Resolves to where it is, once it is as safe as `durability` says. Aborted before the call, or while it
   * waits for room, nothing was appended; aborted while the disk has it not yet, it may be there.
   */
  append(record: NewRecord<T>, options: WaitOptions = AS_USUAL): Promise<Appended> {
    return this.#writer.append(record, options)
  }

  /**
   * Appends all of them; those of one partition in this order. Resolves when all are safe. Aborted when some were
   * appended, it rejects with AppendAborted, which says which ones; when none was, with the signal's reason.
   */
  appendMany(
    records: readonly NewRecord<T>[],
    options: WaitOptions = AS_USUAL,
  ): Promise<readonly Appended[]> {
    return this.#writer.appendMany(records, options)
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
    checkThere(this.#runtime, this.#stream)
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

  #reader(options: ReadOptions): StreamReader<T> {
    checkThere(this.#runtime, this.#stream)
    return new StreamReader<T>(this.#runtime, this.#stream, {
      groups: this.#groups,
      ends: this.#ends,
      options,
    })
  }
}

const readerOptions = ['group', 'from', 'signal']

const recordsUsual = 500 // a batch that is worth a commit, and small enough to do again

/** For who makes streams: what a declaration refuses becomes an error. */
export function streamOf(answer: Stream | { readonly kind: string }): Stream {
  if (isRefusal(answer)) throw errorOf(answer)
  return answer as Stream
}

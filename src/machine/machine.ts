/**
 * The Machine is all durable state, folded from entries, and the part of the session that lives in the same
 * structures (who holds what, transient messages). It is pure: no clock, no chance, no I/O; the broker
 * writes the entries it asks for and tells it their tickets.
 *
 *   plan (plan.ts)  request, state -> changes | refusal        reads only
 *   apply           entry, state   -> state                    the same while running and on replay
 */
import { assert, unreachable } from '../base/assert.ts'
import { EMPTY } from '../base/bytes.ts'
import { type Batch, BatchView, storedTimeMs } from './batch.ts'
import { type Change, decodeChange } from './change.ts'
import { entryDurabilityOf } from './durability.ts'
import {
  type Bodies,
  type EntryView,
  KIND_BATCH,
  KIND_CHANGED,
  KIND_CUT,
  KIND_FRAGMENT,
  KIND_LARGE,
  KIND_MARK,
  KIND_MESSAGE,
  KIND_OFFSETS,
  KIND_RESTARTED,
  KIND_RETURNED,
  KIND_SETTLED,
  KIND_STOPPED,
  RANGE_SIZE,
  u32At,
  u48At,
} from './entry.ts'
import { Exchange, isExchangeKind } from './exchange.ts'
import { decodeCommitments, Group } from './group.ts'
import { decodeReference, LargeBodies, type LargeBody } from './large-body.ts'
import { isLive } from './liveness.ts'
import { flagsOf, MESSAGE_MARKS, MessageView, moreTargets, targetAt } from './message.ts'
import { Namespace } from './namespace.ts'
import { Freezer, GONE, LARGE, STATE_BITS, TRANSIENT } from './page.ts'
import { Partition } from './partition.ts'
import { Queue, type QueueOptions } from './queue.ts'
import { Stream } from './stream.ts'

/** Queues that no entry tells of are numbered from here on, so that replay gives out the same numbers as we did. */
const SESSION_IDS = 2 ** 31

export class Machine {
  readonly namespaces: Map<string, Namespace> = new Map()
  /** Queues, partitions and groups by their number in the journal. */
  readonly queues: Map<number, Queue> = new Map()
  readonly partitions: Map<number, Partition> = new Map()
  readonly groups: Map<number, Group> = new Map()
  readonly freezer: Freezer = new Freezer()
  readonly large: LargeBodies
  readonly #bodies: Bodies
  readonly #batch = new BatchView()
  readonly #message = new MessageView()
  /** What the next queue, partition or group is numbered that the journal knows of. */
  nextId = 1
  /** What the next queue is numbered that lives in the session only. */
  nextSessionId: number = SESSION_IDS
  /** The last entry that was read back says that nobody holds anything. */
  stoppedCleanly = true
  /** The newest time of the broker's own clock that any entry carried. */
  newestMs = 0
  /** 16 bytes of chance, made with the first namespace; empty before. */
  identity: Uint8Array = EMPTY

  constructor(bodies: Bodies) {
    this.#bodies = bodies
    this.large = new LargeBodies(bodies)
  }

  /** Whether anybody refers to the body of this entry. */
  lives(entry: EntryView): boolean {
    return isLive(this, entry)
  }

  /** A snapshot has read all it wants of what was frozen for it. */
  thaw(): void {
    this.freezer.thaw()
    this.large.thaw()
  }

  /** Applies an entry that is read back. */
  replay(entry: EntryView): void {
    this.stoppedCleanly = false
    switch (entry.kind) {
      case KIND_MESSAGE:
      case KIND_LARGE:
        this.#replayMessage(entry)
        return
      case KIND_FRAGMENT:
        return // of a body that a later entry refers to, or none
      case KIND_BATCH:
        this.#replayBatch(entry)
        return
      case KIND_SETTLED:
        this.#eachRange(entry, (queue, from, count) => this.settle(queue, from, count))
        return
      case KIND_RETURNED:
        this.#eachRange(entry, (queue, from, count) => {
          for (let sequence = from; sequence < from + count; sequence++) {
            if (queue.stateOf(sequence) !== GONE) queue.giveBack(sequence, 1)
          }
        })
        return
      case KIND_MARK:
        this.raiseMark(this.#queue(entry.log), entry.number)
        return
      case KIND_RESTARTED:
        this.restarted()
        return
      case KIND_STOPPED:
        this.stopped()
        return
      case KIND_OFFSETS:
        this.#group(entry.log).apply(decodeCommitments(entry.bytes, entry.bodyAt, entry.bodySize))
        return
      case KIND_CUT:
        this.cut(this.#partition(entry.log), entry.number)
        return
      case KIND_CHANGED:
        this.change(decodeChange(entry.bytes, entry.bodyAt, entry.bodySize))
        return
      default:
        throw new Error(`an entry of kind ${entry.kind}: written by a newer version?`)
    }
  }

  /** A persistent message reached its queues; each takes its next sequence. `flags` are the first one's. */
  addMessage(targets: readonly Queue[], ticket: number, size: number, flags: number): void {
    for (let index = 0; index < targets.length; index++) {
      const queue = targets[index]!
      queue.add(queue.nextSequence, ticket, size, index === 0 ? flags : 0)
    }
    if (targets.length > 1) this.#bodies.retain(ticket, targets.length - 1)
  }

  /** The same for one whose body lies in fragments. */
  addLarge(
    targets: readonly Queue[],
    message: {
      readonly ticket: number
      readonly size: number
      readonly flags: number
      readonly body: LargeBody
    },
  ): void {
    const { ticket, size, flags, body } = message
    for (const [index, queue] of targets.entries()) {
      queue.add(queue.nextSequence, ticket, size, LARGE | (index === 0 ? flags : 0))
    }
    const more = targets.length - 1
    if (more > 0) this.#bodies.retain(ticket, more)
    this.large.add(ticket, body, 1 + more)
  }

  addBatch(partition: Partition, ticket: number, batch: Batch | BatchView, offset: number): void {
    const { count, size } = batch
    const timeMs = storedTimeMs(batch.timeMs)
    partition.add({ offset, count, ticket, sizeBytes: size, timeMs })
  }

  /** An entry carries this time of the broker's own clock. */
  passTime(timeMs: number): void {
    this.newestMs = Math.max(this.newestMs, timeMs)
  }

  /** Persistent messages leave; those that are gone already stay so. */
  settle(queue: Queue, from: number, count: number): void {
    for (let sequence = from; sequence < from + count; sequence++) {
      const state = queue.stateOf(sequence)
      if ((state & STATE_BITS) === GONE || (state & TRANSIENT) !== 0) continue
      const ticket = queue.settle(sequence)
      this.#bodies.release(ticket, 1)
      if ((state & LARGE) !== 0) this.large.release(ticket)
    }
  }

  /** Messages up to `sequence` may be delivered from now on. */
  raiseMark(queue: Queue, sequence: number): void {
    queue.mark = Math.max(queue.mark, sequence)
  }

  /** A run began after one that did not say goodbye. */
  restarted(): void {
    for (const queue of this.queues.values()) queue.restarted()
  }

  /** A run ends in good order: all that was held has been given back before. */
  stopped(): void {
    for (const queue of this.queues.values()) queue.mark = 0
    this.stoppedCleanly = true
  }

  cut(partition: Partition, offset: number): void {
    for (const ticket of partition.cut(offset)) this.#bodies.release(ticket, 1)
  }

  change(change: Change): void {
    switch (change.kind) {
      case 'broker-made':
        this.identity = change.identity
        return
      case 'namespace-made':
        this.namespaces.set(change.name, new Namespace(change.name))
        return
      case 'queue-made': {
        const { id, namespace, name, autoDelete, notes, durability } = change
        const options = { durable: true, autoDelete, notes, durability }
        this.addQueue(id, { namespace, name, options })
        return
      }
      case 'queue-deleted':
        this.dropQueue(this.#queue(change.id))
        return
      case 'exchange-made': {
        const { name, exchangeKind: kind, autoDelete, internal } = change
        assert(isExchangeKind(kind), 'an exchange of a kind that is none', kind)
        const options = { kind, durable: true, autoDelete, internal }
        this.addExchange(this.namespace(change.namespace), new Exchange(name, options))
        return
      }
      case 'exchange-deleted':
        this.dropExchange(this.namespace(change.namespace), change.name)
        return
      case 'bound':
      case 'unbound': {
        const namespace = this.namespace(change.namespace)
        const exchange = namespace.exchanges.get(change.exchange)
        assert(exchange !== undefined, 'a binding to an exchange that is not there')
        const { key, notes } = change
        const binding = { queue: this.#queue(change.queue), key, notes }
        if (change.kind === 'bound') exchange.bind(binding)
        else exchange.unbind(binding)
        namespace.version++
        return
      }
      case 'stream-made':
        this.#makeStream(change)
        return
      case 'stream-deleted':
        this.#dropStream(this.namespace(change.namespace), change.name)
        return
      case 'group-made': {
        const group = new Group(change.id, change.name)
        this.namespace(change.namespace).groups.set(change.name, group)
        this.groups.set(change.id, group)
        this.#used(change.id)
        return
      }
      case 'group-deleted': {
        const { groups } = this.namespace(change.namespace)
        const group = groups.get(change.name)
        assert(group !== undefined, 'a group that is not there')
        groups.delete(change.name)
        this.groups.delete(group.id)
        return
      }
      default:
        unreachable(change)
    }
  }

  /** Also for queues that are not durable: those live in the session and no entry tells of them. */
  addQueue(
    id: number,
    queue: { readonly namespace: string; readonly name: string; readonly options: QueueOptions },
  ): Queue {
    const namespace = this.namespace(queue.namespace)
    assert(!namespace.queues.has(queue.name), 'a queue of this name is there')
    const made = new Queue({ id, ...queue }, this.freezer)
    namespace.queues.set(queue.name, made)
    namespace.version++
    this.queues.set(id, made)
    this.#used(id)
    return made
  }

  dropQueue(queue: Queue): void {
    const namespace = this.namespace(queue.namespace)
    for (const sequence of [...queue.living()]) {
      const state = queue.stateOf(sequence)
      const ticket = queue.settle(sequence)
      // Transient bodies are the broker's, which lets them go before it deletes the queue.
      if ((state & TRANSIENT) !== 0) continue
      this.#bodies.release(ticket, 1)
      if ((state & LARGE) !== 0) this.large.release(ticket)
    }
    for (const exchange of namespace.exchanges.values()) exchange.forget(queue)
    queue.deleted = true
    namespace.queues.delete(queue.name)
    namespace.version++
    this.queues.delete(queue.id)
  }

  addExchange(namespace: Namespace, exchange: Exchange): void {
    namespace.exchanges.set(exchange.name, exchange)
    namespace.version++
  }

  dropExchange(namespace: Namespace, name: string): void {
    namespace.exchanges.delete(name)
    namespace.version++
  }

  namespace(name: string): Namespace {
    const namespace = this.namespaces.get(name)
    assert(namespace !== undefined, 'no namespace', name)
    return namespace
  }

  #makeStream(change: Extract<Change, { kind: 'stream-made' }>): void {
    const { namespace, name, durability } = change
    const partitions = change.partitions.map((id, index) => {
      const partition = new Partition(id, { stream: name, index }, entryDurabilityOf(durability))
      this.partitions.set(id, partition)
      this.#used(id)
      return partition
    })
    const stream = new Stream(change, partitions)
    this.namespace(namespace).streams.set(name, stream)
  }

  #dropStream(namespace: Namespace, name: string): void {
    const stream = namespace.streams.get(name)
    assert(stream !== undefined, 'a stream that is not there')
    for (const partition of stream.partitions) {
      this.cut(partition, partition.nextOffset)
      partition.deleted = true
      this.partitions.delete(partition.id)
      for (const group of namespace.groups.values()) group.forget(partition.id)
    }
    stream.deleted = true
    namespace.streams.delete(name)
  }

  #replayMessage(entry: EntryView): void {
    // Deliveries are charged with what the consumer gets: head, properties and body.
    const message = this.#message
    message.enter(entry)
    const { bytes, bodyAt, bodySize } = message
    const body = entry.kind === KIND_LARGE ? decodeReference(bytes, bodyAt, bodySize) : null
    const size = bodyAt - message.headAt + (body?.sizeBytes ?? bodySize)
    const flags = body === null ? 0 : LARGE
    const more = moreTargets(entry)
    const first = this.#queue(entry.log)
    first.add(entry.number, entry.ticket, size, flags)
    // Not MARKED: that holds for the run that wrote it, and a clean stop makes it void.
    if ((flagsOf(entry) & MESSAGE_MARKS) !== 0) this.raiseMark(first, entry.number)
    for (let index = 0; index < more; index++) {
      const { queue, sequence } = targetAt(entry, index)
      this.#queue(queue).add(sequence, entry.ticket, size, flags)
    }
    if (more > 0) this.#bodies.retain(entry.ticket, more)
    if (body !== null) this.large.add(entry.ticket, body, 1 + more)
  }

  #replayBatch(entry: EntryView): void {
    this.#batch.enter(entry)
    this.addBatch(this.#partition(entry.log), entry.ticket, this.#batch, entry.number)
    this.passTime(this.#batch.appendedMs)
  }

  #eachRange(entry: EntryView, visit: (queue: Queue, from: number, count: number) => void): void {
    const queue = this.#queue(entry.log)
    const end = entry.bodyAt + entry.bodySize
    for (let at = entry.bodyAt; at < end; at += RANGE_SIZE) {
      visit(queue, u48At(entry.bytes, at), u32At(entry.bytes, at + 6))
    }
  }

  #used(id: number): void {
    if (id >= SESSION_IDS) this.nextSessionId = Math.max(this.nextSessionId, id + 1)
    else this.nextId = Math.max(this.nextId, id + 1)
  }

  #queue(id: number): Queue {
    const queue = this.queues.get(id)
    assert(queue !== undefined, 'no queue', id)
    return queue
  }

  #partition(id: number): Partition {
    const partition = this.partitions.get(id)
    assert(partition !== undefined, 'no partition', id)
    return partition
  }

  #group(id: number): Group {
    const group = this.groups.get(id)
    assert(group !== undefined, 'no group', id)
    return group
  }
}

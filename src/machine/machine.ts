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
import { type Batch, type BatchView, storedTimeMs } from './batch.ts'
import type { Change } from './change.ts'
import { entryDurabilityOf } from './durability.ts'
import type { Bodies, EntryView } from './entry.ts'
import { Exchange, isExchangeKind } from './exchange.ts'
import { Group } from './group.ts'
import { LargeBodies, type LargeBody } from './large-body.ts'
import { isLive } from './liveness.ts'
import { Namespace } from './namespace.ts'
import { Freezer, GONE, LARGE, STATE_BITS, TRANSIENT } from './page.ts'
import { Partition } from './partition.ts'
import { Queue } from './queue.ts'
import type { QueueOptions } from './queue-options.ts'
import { replay } from './replay.ts'
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
    replay(this, entry)
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

  /** A message that is read back is in so many queues more than one. */
  refer(ticket: number, more: number, body: LargeBody | null): void {
    if (more > 0) this.#bodies.retain(ticket, more)
    if (body !== null) this.large.add(ticket, body, 1 + more)
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
        const { id, namespace, name, autoDelete, notes, durability, messageTtlMs } = change
        const options = { durable: true, autoDelete, notes, durability, messageTtlMs }
        this.addQueue(id, { namespace, name, options })
        return
      }
      case 'queue-deleted':
        this.dropQueue(this.queueOf(change.id))
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
        const binding = { queue: this.queueOf(change.queue), key, notes }
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

  /** The queue of this number, which is there. */
  queueOf(id: number): Queue {
    const queue = this.queues.get(id)
    assert(queue !== undefined, 'no queue', id)
    return queue
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

  #used(id: number): void {
    if (id >= SESSION_IDS) this.nextSessionId = Math.max(this.nextSessionId, id + 1)
    else this.nextId = Math.max(this.nextId, id + 1)
  }
}

/**
 * The Publisher writes what is kept: messages once for all their durable queues, batches, offsets of groups;
 * and keeps in memory what is transient. Each call is taken whole or HELD.
 */
import { assert } from '../base/assert.ts'
import type { EntryHead } from '../journal/tail.ts'
import { BATCH_HEADER_SIZE, type Batch, writeBatch } from '../machine/batch.ts'
import { strongestOf } from '../machine/durability.ts'
import { KIND_BATCH, KIND_LARGE, KIND_MESSAGE, KIND_OFFSETS } from '../machine/entry.ts'
import { type Commitment, encodeCommitments } from '../machine/group.ts'
import { encodeReference, type LargeBody } from '../machine/large-body.ts'
import {
  Content,
  MESSAGE_EXPIRES,
  MESSAGE_MARKS,
  messageSize,
  NO_TTL,
  timesSize,
  writeMessage,
  writeTimes,
} from '../machine/message.ts'
import type { Namespace } from '../machine/namespace.ts'
import { LARGE, MARKED, TRANSIENT } from '../machine/page.ts'
import type { Partition } from '../machine/partition.ts'
import type { Queue } from '../machine/queue.ts'
import type { Route } from '../machine/route.ts'
import type { Context } from './context.ts'
import type { Dispatcher } from './dispatcher.ts'
import { writeChanges } from './entries.ts'
import { Lifetimes } from './lifetimes.ts'
import type { PartitionDesks } from './partitions.ts'
import { HELD, type Room } from './room.ts'

/** Whether durable queues keep a message across a restart. */
export type Persistence = 'persistent' | 'transient'

type Parts = {
  readonly dispatcher: Dispatcher
  readonly partitions: PartitionDesks
  readonly room: Room
}

/** A message whose content has no body of its own, or the reference to it. */
type LargeMessage = { readonly content: Content; readonly body: LargeBody }

const BODY_INDEXED = 3 // its body is kept while somebody refers to it, and found by queue and sequence

export class Publisher {
  readonly #context: Context
  readonly #dispatcher: Dispatcher
  readonly #partitions: PartitionDesks
  readonly #room: Room
  readonly #lifetimes: Lifetimes
  readonly #head = { kind: 0, flags: 0, log: 0, number: 0 }
  /** Reused: what is written is described to its writer, not kept. */
  readonly #outgoing: { flags: number; head: Uint8Array; targets: readonly Queue[] }

  constructor(context: Context, parts: Parts) {
    this.#context = context
    this.#dispatcher = parts.dispatcher
    this.#partitions = parts.partitions
    this.#room = parts.room
    this.#lifetimes = new Lifetimes(context, parts.dispatcher)
    this.#outgoing = { flags: 0, head: new Uint8Array(0), targets: [] }
  }

  publish(route: Route, content: Content, persistence: Persistence): number {
    assert(content.bodySize <= this.#context.limits.bodyBytes, 'a body larger than the limit')
    // An entry for a queue that is gone could never be read back.
    assert(!route.stale, 'published along a stale route')
    let ticket = 0
    const { durable, passing } = route
    if (durable.length > 0 && persistence === 'persistent') {
      ticket = this.#keep(route, content)
      if (ticket === HELD) return HELD
    } else if (durable.length > 0 && !this.#pass(durable, route, content)) return HELD
    // Half-published messages must not be: the durable part is done, so what has no room here is dropped,
    // as messages that are only in memory may be.
    if (passing.length > 0 && !this.#pass(passing, route, content) && durable.length === 0) {
      return HELD
    }
    return ticket
  }

  /** The same for a message whose body is in the journal already. Of the content the body is not looked at. */
  publishLarge(route: Route, { content, body }: LargeMessage, persistence: Persistence): number {
    assert(!route.stale, 'published along a stale route')
    const { durable, passing } = route
    const message = { content: this.#referring(content, body), body }
    let ticket = 0
    if (durable.length > 0 && persistence === 'persistent') {
      ticket = this.#keepLarge(route, message)
      if (ticket === HELD) return HELD
    } else if (durable.length > 0 && !this.#passLarge(durable, route, message)) return HELD
    // As above.
    if (passing.length > 0 && !this.#passLarge(passing, route, message) && durable.length === 0) {
      return HELD
    }
    return ticket
  }

  append(partition: Partition, batch: Batch): number {
    assert(!partition.deleted, 'appended to a partition that is gone')
    const { log } = this.#context.engine
    assert(batch.size <= this.#context.limits.batchBytes, 'a batch larger than the limit')
    const size = BATCH_HEADER_SIZE + batch.size
    if (!this.#reserve(size)) return HELD
    const head = this.#headOf(KIND_BATCH, partition.id, partition.nextOffset)
    const ticket = log.claim(head, size, partition.entryDurability)
    const nowMs = this.#context.time.nowMs()
    writeBatch(log.slot.bytes, log.slot.at, batch, nowMs)
    this.#partitions.appending(partition)
    this.#context.machine.passTime(nowMs)
    this.#context.machine.addBatch(partition, ticket, batch, partition.nextOffset)
    return ticket
  }

  commitOffsets(namespace: Namespace, name: string, commitments: readonly Commitment[]): number {
    const { engine, machine } = this.#context
    const { log } = engine
    if (!namespace.groups.has(name)) {
      const id = machine.nextId
      const change = { kind: 'group-made', namespace: namespace.name, id, name } as const
      if (typeof writeChanges(log, [change], 'relief') !== 'number')
        return this.#room.held('disk-slow')
      machine.change(change)
    }
    const group = namespace.groups.get(name)!
    const body = encodeCommitments(commitments)
    const answer = log.reserve(1, body.length, 'relief')
    assert(answer !== 'too-large', 'offsets larger than a commit')
    if (answer !== 'ok') return this.#room.held('disk-slow')
    // One entry, and one answer, for streams that may differ.
    const asked = commitments.map(
      ({ partition }) => machine.partitions.get(partition)?.entryDurability,
    )
    const head = { kind: KIND_OFFSETS, flags: 0, log: group.id, number: 0 }
    const ticket = log.write(head, body, strongestOf(asked))
    group.apply(commitments)
    return ticket
  }

  /** Writes a persistent message for the durable queues of the route. */
  #keep(route: Route, content: Content): number {
    const { durable } = route
    const ticket = this.#write(KIND_MESSAGE, route, content)
    if (ticket === HELD) return HELD
    const marked = (this.#outgoing.flags & MESSAGE_MARKS) === 0 ? 0 : MARKED
    const charged = route.head.length + content.propertiesSize + content.bodySize
    this.#context.machine.addMessage(durable, ticket, charged, marked)
    if ((this.#outgoing.flags & MESSAGE_EXPIRES) !== 0) this.#limit(durable)
    for (let index = 0; index < durable.length; index++) this.#dispatcher.published(durable[index]!)
    return ticket
  }

  /** The entry for the durable queues of the route, whether the first one marks it included; or HELD. */
  #write(kind: number, route: Route, content: Content): number {
    const { durable } = route
    const hasTimes = isTimed(content, route, durable)
    const timed = hasTimes ? timesSize(durable.length) : 0
    const size = messageSize(route.head, content, durable.length) + timed
    if (!this.#reserve(size)) return HELD
    const first = durable[0]!
    const outgoing = this.#outgoing
    outgoing.flags = this.#dispatcher.isAttended(first) ? MESSAGE_MARKS : 0
    if (hasTimes) outgoing.flags |= MESSAGE_EXPIRES
    outgoing.head = route.head
    outgoing.targets = durable
    const { log } = this.#context.engine
    const head = this.#headOf(kind, first.id, first.nextSequence)
    const ticket = log.claim(head, size, route.durability)
    const { slot } = log
    writeMessage(slot.bytes, slot.at, outgoing, content)
    if (hasTimes) {
      const { times } = this.#lifetimes
      this.#lifetimes.decide(durable, content.ttlMs)
      writeTimes(slot.bytes, slot.at + size - timed, times)
      this.#context.machine.passTime(times.publishedMs)
    }
    return ticket
  }

  /** The message at hand has reached these queues, of which some keep it for a while only. */
  #limit(queues: readonly Queue[]): void {
    for (let index = 0; index < queues.length; index++) this.#lifetimes.begin(queues[index]!, index)
  }

  #keepLarge(route: Route, { content, body }: LargeMessage): number {
    const { durable } = route
    const ticket = this.#write(KIND_LARGE, route, content)
    if (ticket === HELD) return HELD
    const flags = (this.#outgoing.flags & MESSAGE_MARKS) === 0 ? 0 : MARKED
    const size = route.head.length + content.propertiesSize + body.sizeBytes
    this.#context.machine.addLarge(durable, { ticket, size, flags, body })
    if ((this.#outgoing.flags & MESSAGE_EXPIRES) !== 0) this.#limit(durable)
    for (const queue of durable) this.#dispatcher.published(queue)
    return ticket
  }

  /** Points at the same properties, and at the reference in place of a body. */
  #referring(content: Content, body: LargeBody): Content {
    const referring = new Content()
    referring.format = content.format
    referring.properties = content.properties
    referring.propertiesAt = content.propertiesAt
    referring.propertiesSize = content.propertiesSize
    referring.body = encodeReference(body)
    referring.bodySize = referring.body.length
    referring.ttlMs = content.ttlMs
    return referring
  }

  /** Keeps the message in memory for each of the queues; false when there is no room for the first. */
  #pass(queues: readonly Queue[], route: Route, content: Content): boolean {
    const size = route.head.length + content.propertiesSize + content.bodySize
    const hasTimes = isTimed(content, route, queues)
    if (hasTimes) this.#lifetimes.decide(queues, content.ttlMs)
    for (let index = 0; index < queues.length; index++) {
      const queue = queues[index]!
      const ticket = this.#context.transient.add(queue, route.head, content)
      if (ticket === 0) {
        if (index > 0) return true
        this.#room.heldTransient()
        return false
      }
      queue.add(queue.nextSequence, ticket, size, TRANSIENT)
      if (hasTimes) this.#lifetimes.begin(queue, index)
      this.#dispatcher.published(queue)
    }
    return true
  }

  /** The same for a large body. */
  #passLarge(queues: readonly Queue[], route: Route, { content, body }: LargeMessage): boolean {
    const { head } = route
    const size = head.length + content.propertiesSize + body.sizeBytes
    const hasTimes = isTimed(content, route, queues)
    if (hasTimes) this.#lifetimes.decide(queues, content.ttlMs)
    for (const [index, queue] of queues.entries()) {
      const ticket = this.#context.transient.addLarge(queue, { head, content, body })
      if (ticket === 0) {
        if (index > 0) return true
        this.#room.heldTransient()
        return false
      }
      queue.add(queue.nextSequence, ticket, size, TRANSIENT | LARGE)
      if (hasTimes) this.#lifetimes.begin(queue, index)
      this.#dispatcher.published(queue)
    }
    return true
  }

  /** One object for all entries with a body of their own. */
  #headOf(kind: number, log: number, number: number): EntryHead {
    const head = this.#head
    head.kind = kind
    head.flags = BODY_INDEXED
    head.log = log
    head.number = number
    return head
  }

  #reserve(size: number): boolean {
    const answer = this.#context.engine.log.reserve(1, size, 'publish')
    if (answer === 'ok') return true
    assert(answer !== 'too-large', 'an entry larger than a commit')
    this.#room.held(answer === 'full' ? 'disk-full' : 'disk-slow')
    return false
  }
}

/** Whether the message, or one of these queues of its route, says how long it may wait. */
function isTimed(content: Content, route: Route, queues: readonly Queue[]): boolean {
  return content.ttlMs !== NO_TTL || route.isTimed(queues)
}

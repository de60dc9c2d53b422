/**
 * A machine that runs without a broker: each step writes the entries a broker would and applies them as it
 * would, so that laws can compare what ran with what is replayed. Steps that make no sense now do nothing.
 */
import assert from 'node:assert/strict'
import { BATCH_HEADER_SIZE, Batch, writeBatch } from '../../src/machine/batch.ts'
import { type Change, encodeChange } from '../../src/machine/change.ts'
import type { DeclaredDurability } from '../../src/machine/durability.ts'
import {
  KIND_BATCH,
  KIND_CHANGED,
  KIND_CUT,
  KIND_EXPIRED,
  KIND_FRAGMENT,
  KIND_LARGE,
  KIND_MARK,
  KIND_MESSAGE,
  KIND_OFFSETS,
  KIND_RESTARTED,
  KIND_RETURNED,
  KIND_SETTLED,
  KIND_STOPPED,
} from '../../src/machine/entry.ts'
import { encodeCommitments } from '../../src/machine/group.ts'
import { encodeReference } from '../../src/machine/large-body.ts'
import { Machine } from '../../src/machine/machine.ts'
import {
  Content,
  encodeHead,
  MESSAGE_EXPIRES,
  messageSize,
  NO_TTL,
  timesSize,
  writeMessage,
  writeTimes,
} from '../../src/machine/message.ts'
import { HELD, MARKED, PROMISED, READY, STATE_BITS, TRANSIENT } from '../../src/machine/page.ts'
import type { Partition } from '../../src/machine/partition.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { PLAIN_QUEUE } from '../../src/machine/queue-options.ts'
import { CountedBodies, EntryLog, imageOf, NO_SNAPSHOT, rangesOf } from './entry-log.ts'
import { fullMark } from './full-mark.ts'

const HEAD = encodeHead('', 'key')
const NOWHERE = { log: 0, number: 0 }
const NOTES = Uint8Array.of(1, 2, 3)

/** What became of the messages of one run. */
type Books = { added: number; settled: number; dropped: number }

export class MachineRun {
  /** Told before the machine gives way to one that is recovered: only one may read it at a time. */
  ending: () => void = () => undefined
  readonly log: EntryLog = new EntryLog()
  readonly books: Books = { added: 0, settled: 0, dropped: 0 }
  /** After each entry: the durable state as bytes, if it was asked for. */
  readonly images: { readonly ticket: number; readonly bytes: Uint8Array }[] = []
  machine: Machine
  bodies: CountedBodies

  constructor() {
    this.bodies = new CountedBodies()
    this.machine = new Machine(this.bodies)
    this.change({ kind: 'broker-made', identity: new Uint8Array(16).fill(9) })
    this.change({ kind: 'namespace-made', name: '/' })
    this.change({ kind: 'namespace-made', name: 'other' })
  }

  /** Keeps the state of this moment. */
  keepImage(): void {
    const ticket = this.log.entries.length
    if (this.images.at(-1)?.ticket !== ticket) {
      this.images.push({ ticket, bytes: imageOf(this.machine) })
    }
  }

  /** The queues that survive a restart. */
  get queues(): Queue[] {
    return [...this.machine.queues.values()].filter(({ durable }) => durable)
  }

  /** Those of them that keep persistent messages. */
  get #keeping(): Queue[] {
    return this.queues.filter(({ keepsMessages }) => keepsMessages)
  }

  get partitions(): Partition[] {
    return [...this.machine.partitions.values()]
  }

  change(change: Change): void {
    this.log.append({ kind: KIND_CHANGED, ...NOWHERE }, encodeChange(change))
    this.machine.change(change)
  }

  declareQueue(namespace: string, name: string, durability: DeclaredDurability = null): void {
    if (this.machine.namespace(namespace).queues.has(name)) return
    const id = this.machine.nextId
    const place = { namespace, id, name }
    const declared = { autoDelete: true, notes: NOTES, durability, messageTtlMs: (id % 3) - 1 }
    this.change({ kind: 'queue-made', ...place, ...declared })
  }

  /** A queue that no entry tells of. */
  declareSessionQueue(name: string): void {
    if (this.machine.namespace('/').queues.has(name)) return
    const options = { ...PLAIN_QUEUE, durable: false, notes: NOTES }
    this.machine.addQueue(this.machine.nextSessionId, { namespace: '/', name, options })
  }

  deleteQueue(pick: number): void {
    const queue = choose(this.queues, pick)
    if (queue === undefined) return
    this.books.dropped += persistentCount(queue)
    this.change({ kind: 'queue-deleted', id: queue.id })
  }

  declareExchange(name: string): void {
    if (this.machine.namespace('/').exchanges.has(name)) return
    const place = { namespace: '/', name, exchangeKind: 'direct' }
    this.change({ kind: 'exchange-made', ...place, autoDelete: false, internal: true })
  }

  deleteExchange(name: string): void {
    if (!this.machine.namespace('/').exchanges.has(name)) return
    this.change({ kind: 'exchange-deleted', namespace: '/', name })
  }

  bind(kind: 'bound' | 'unbound', place: { exchange: string; pick: number; key: string }): void {
    const { exchange, pick, key } = place
    const queue = choose(
      this.queues.filter(({ namespace }) => namespace === '/'),
      pick,
    )
    if (queue === undefined || !this.machine.namespace('/').exchanges.has(exchange)) return
    this.change({ kind, namespace: '/', exchange, queue: queue.id, key, notes: NOTES })
  }

  declareStream(namespace: string, name: string, partitions: number): void {
    if (this.machine.namespace(namespace).streams.has(name)) return
    const ids = Array.from({ length: partitions }, (_, index) => this.machine.nextId + index)
    const identity = new Uint8Array(16).fill(7)
    const durability = ids[0]! % 2 === 0 ? null : 'os'
    const place = { namespace, name, identity, notes: NOTES, durability } as const
    const change = { kind: 'stream-made', ...place } as const
    this.change({ ...change, partitions: ids })
  }

  deleteStream(namespace: string, name: string): void {
    if (!this.machine.namespace(namespace).streams.has(name)) return
    this.change({ kind: 'stream-deleted', namespace, name })
  }

  append(pick: number, count: number, timeMs: number): void {
    const partition = choose(this.partitions, pick)
    if (partition === undefined) return
    const batch = new Batch()
    Object.assign(batch, { count, timeMs, bytes: Uint8Array.of(1, 2, 3, 4), at: 1, size: 2 })
    const body = new Uint8Array(BATCH_HEADER_SIZE + batch.size)
    const appendedMs = this.#nowMs
    writeBatch(body, 0, batch, appendedMs)
    this.machine.passTime(appendedMs)
    const number = partition.nextOffset
    const ticket = this.log.append({ kind: KIND_BATCH, log: partition.id, number }, body)
    this.bodies.born(ticket)
    this.machine.addBatch(partition, ticket, batch, number)
  }

  cut(pick: number, share: number): void {
    const partition = choose(this.partitions, pick)
    if (partition === undefined) return
    const span = partition.nextOffset - partition.firstOffset
    const number = partition.firstOffset + Math.floor(span * share)
    this.log.append({ kind: KIND_CUT, log: partition.id, number })
    this.machine.cut(partition, number)
  }

  commit(name: string, pick: number, place: { offset: number; note: string } | null): void {
    const partition = choose(this.partitions, pick)
    if (partition === undefined) return
    const namespace = this.machine.namespace('/')
    if (!namespace.groups.has(name)) {
      this.change({ kind: 'group-made', namespace: '/', id: this.machine.nextId, name })
    }
    const group = namespace.groups.get(name)!
    const commitments = [{ partition: partition.id, committed: place }]
    const body = encodeCommitments(commitments)
    this.log.append({ kind: KIND_OFFSETS, log: group.id, number: 0 }, body)
    group.apply(commitments)
  }

  deleteGroup(name: string): void {
    if (!this.machine.namespace('/').groups.has(name)) return
    this.change({ kind: 'group-deleted', namespace: '/', name })
  }

  publish(picks: readonly number[], size: number, flags: number, ttlMs: number = NO_TTL): void {
    const targets = this.#targets(picks)
    if (targets.length === 0) return
    const content = new Content()
    content.body = new Uint8Array(size).fill(size)
    content.bodySize = size
    content.ttlMs = ttlMs
    const ticket = this.#write(KIND_MESSAGE, targets, content, flags)
    const marked = flags === 0 ? 0 : MARKED
    this.machine.addMessage(targets, ticket, HEAD.length + size, marked)
    if (ttlMs !== NO_TTL) this.#limit(targets, ttlMs)
    this.books.added += targets.length
  }

  #targets(picks: readonly number[]): readonly Queue[] {
    return [...new Set(picks.flatMap((pick) => choose(this.#keeping, pick) ?? []))]
  }

  /** A body in pieces, and the message that refers to them, unless it never comes. */
  publishLarge(
    picks: readonly number[],
    pieces: number,
    end: 'published' | 'given up',
    ttlMs: number = NO_TTL,
  ): void {
    const targets = this.#targets(picks)
    if (targets.length === 0) return
    const fragments: number[] = []
    for (let index = 0; index < pieces; index++) {
      const place = { kind: KIND_FRAGMENT, log: 0, number: fragments[0] ?? 0 }
      const fragment = this.log.append(place, new Uint8Array(7))
      this.bodies.bornDead(fragment)
      fragments.push(fragment)
    }
    if (end === 'given up') return
    const reference = { sizeBytes: 70_000 * pieces, fragments }
    const content = new Content()
    content.body = encodeReference(reference)
    content.bodySize = content.body.length
    content.ttlMs = ttlMs
    const ticket = this.#write(KIND_LARGE, targets, content, 0)
    const size = HEAD.length + reference.sizeBytes
    this.machine.addLarge(targets, { ticket, size, flags: 0, body: reference })
    if (ttlMs !== NO_TTL) this.#limit(targets, ttlMs)
    this.books.added += targets.length
  }

  /** The first messages of a queue that may expire, whether their time is over or not: who is gone is in the entry. */
  expire(pick: number, count: number): void {
    const queue = choose(this.queues, pick)
    for (let left = count; left > 0; left--) {
      const sequence = queue?.peekReady() ?? 0
      if (queue === undefined || queue.expiryOf(sequence) === 0) return
      const number = this.#nowMs
      this.log.append({ kind: KIND_EXPIRED, log: queue.id, number }, rangesOf([[sequence, 1]]))
      this.machine.passTime(number)
      this.machine.settle(queue, sequence, 1)
      this.books.settled++
    }
  }

  /** A message that no entry tells of. */
  pass(pick: number): void {
    const queue = choose([...this.machine.queues.values()], pick)
    queue?.add(queue.nextSequence, 1, 1, TRANSIENT)
  }

  take(pick: number): void {
    const queue = choose(this.queues, pick)
    const sequence = queue?.peekReady() ?? 0
    if (queue === undefined || sequence === 0) return
    if (sequence > queue.mark) {
      const number = Math.min(queue.nextSequence - 1, sequence + 5)
      this.log.append({ kind: KIND_MARK, log: queue.id, number })
      this.machine.raiseMark(queue, number)
    }
    queue.take(sequence)
  }

  giveBack(pick: number, which: number, counted: 0 | 1): void {
    const [queue, sequence] = this.#chooseMessage(pick, which, HELD)
    if (queue === undefined || sequence === undefined) return
    if (counted === 1) this.#giveBackOne(queue, sequence)
    else queue.giveBack(sequence, 0)
  }

  settle(pick: number, which: number, count: number): void {
    const state = which % 2 === 0 ? HELD : READY
    const [queue, from] = this.#chooseMessage(pick, which, state)
    if (queue === undefined || from === undefined) return
    if (isTransient(queue, from)) {
      queue.settle(from)
      return
    }
    const last = Math.min(from + count, queue.nextSequence) - from
    this.log.append({ kind: KIND_SETTLED, log: queue.id, number: 0 }, rangesOf([[from, last]]))
    const before = persistentCount(queue)
    this.machine.settle(queue, from, last)
    this.books.settled += before - persistentCount(queue)
  }

  /** Time goes on with every entry. */
  get #nowMs(): number {
    return this.log.nextTicket * 5
  }

  #write(kind: number, targets: readonly Queue[], content: Content, flags: number): number {
    const first = targets[0]!
    const isTimed = content.ttlMs !== NO_TTL
    const timed = isTimed ? timesSize(targets.length) : 0
    const body = new Uint8Array(messageSize(HEAD, content, targets.length) + timed)
    const outgoing = { flags: flags | (isTimed ? MESSAGE_EXPIRES : 0), head: HEAD, targets }
    writeMessage(body, 0, outgoing, content)
    if (isTimed) {
      const publishedMs = this.#nowMs
      const expiries = targets.map((_, index) => this.#expiryOf(index, content.ttlMs))
      writeTimes(body, body.length - timed, { publishedMs, expiries })
      this.machine.passTime(publishedMs)
    }
    const ticket = this.log.append({ kind, log: first.id, number: first.nextSequence }, body)
    this.bodies.born(ticket)
    return ticket
  }

  /** Some of the queues keep it for as long as it takes. */
  #expiryOf(index: number, ttlMs: number): number {
    return index > 0 && (index + ttlMs) % 2 === 0 ? 0 : ttlMs + index + 1
  }

  #limit(targets: readonly Queue[], ttlMs: number): void {
    for (const [index, queue] of targets.entries()) {
      const expiresMs = this.#expiryOf(index, ttlMs)
      const flags = ttlMs % 2 === 0 ? PROMISED : 0
      if (expiresMs > 0) queue.setExpiry(queue.nextSequence - 1, expiresMs, flags)
    }
  }

  /** The session is lost: everything is read back, and the run says so. */
  async crash(): Promise<void> {
    await this.#recover()
    this.log.append({ kind: KIND_RESTARTED, ...NOWHERE })
    this.machine.restarted()
  }

  /** What was held has been given back before. */
  async stop(): Promise<void> {
    for (const queue of this.queues) {
      for (const sequence of [...queue.living()]) {
        if ((queue.stateOf(sequence) & STATE_BITS) === HELD) this.#giveBackOne(queue, sequence)
      }
    }
    this.log.append({ kind: KIND_STOPPED, ...NOWHERE })
    this.machine.stopped()
    await this.#recover()
    assert(this.machine.stoppedCleanly)
  }

  /** Every law that holds at any moment. */
  assertSound(): void {
    assert.deepEqual(this.bodies.references, fullMark(this.machine))
    const live = this.queues.reduce((sum, queue) => sum + persistentCount(queue), 0)
    const { added, settled, dropped } = this.books
    assert.equal(added, live + settled + dropped, 'messages are conserved')
    for (const entry of this.log.entries) {
      assert.equal(this.machine.lives(entry), this.bodies.references.has(entry.ticket))
    }
  }

  async #recover(): Promise<void> {
    this.ending()
    const through = this.log.entries.length
    const { machine, bodies } = await this.log.recover(NO_SNAPSHOT, through)
    assert.deepEqual(imageOf(machine), imageOf(this.machine))
    this.machine = machine
    this.bodies = bodies
  }

  #giveBackOne(queue: Queue, sequence: number): void {
    queue.giveBack(sequence, 1)
    if (isTransient(queue, sequence)) return
    const place = { kind: KIND_RETURNED, log: queue.id, number: 0 }
    this.log.append(place, rangesOf([[sequence, 1]]))
  }

  #chooseMessage(pick: number, which: number, state: number): [Queue?, number?] {
    const queue = choose(this.queues, pick)
    if (queue === undefined) return []
    const found = [...queue.living()].filter((each) => (queue.stateOf(each) & STATE_BITS) === state)
    const sequence = choose(found, which)
    return sequence === undefined ? [queue] : [queue, sequence]
  }
}

function choose<T>(items: readonly T[], pick: number): T | undefined {
  return items.length === 0 ? undefined : items[pick % items.length]
}

function isTransient(queue: Queue, sequence: number): boolean {
  return (queue.stateOf(sequence) & TRANSIENT) !== 0
}

function persistentCount(queue: Queue): number {
  return [...queue.living()].filter((sequence) => !isTransient(queue, sequence)).length
}

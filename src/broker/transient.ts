/**
 * The bodies of transient messages: kept in memory in the layout of the journal's entries, so that one view
 * reads both; beyond a limit in the scratch, if there is one; and bounded, so that a queue nobody drains stops its
 * publishers and not the process. Large ones lie in the journal as those of persistent messages do, held there for as
 * long as their message is here.
 */
import { assert } from '../base/assert.ts'
import { EMPTY } from '../base/bytes.ts'
import type { Scheduler } from '../base/ports.ts'
import type { Store } from '../journal/engine.ts'
import type { JournalLimits } from '../journal/limits.ts'
import { MemoryEngine } from '../journal/memory-engine.ts'
import type { EntryView } from '../machine/entry.ts'
import { KIND_LARGE, KIND_MESSAGE } from '../machine/entry.ts'
import type { LargeBody } from '../machine/large-body.ts'
import { type Content, messageSize, type Outgoing, writeMessage } from '../machine/message.ts'
import { GONE, STATE_BITS } from '../machine/page.ts'
import type { Queue } from '../machine/queue.ts'
import type { HeldWhy } from './room.ts'
import type { Scratch } from './scratch.ts'
import type { ScratchOwner } from './scratch-cleaner.ts'

type EntryHead = { readonly kind: number; readonly flags: number; log: number; number: number }

/** Makes what keeps bodies for which there is no room in memory. */
export type MakeScratch = (owner: ScratchOwner) => Scratch

/** Where a body goes for which there is room. */
type Place = {
  claim(head: EntryHead, bodySize: number): number
  readonly slot: { readonly bytes: Uint8Array; readonly at: number }
}

const BODY = 1 // the journal keeps it while somebody refers to it

/** Tickets from here on are addresses in the scratch; those of memory never come near it. */
const SCRATCH_FROM = 2 ** 47

export class TransientBodies {
  readonly #engine: MemoryEngine
  /** Null: what memory has no room for is refused. */
  readonly #scratch: Scratch | null
  readonly #head = { kind: KIND_MESSAGE, flags: BODY, log: 0, number: 0 }
  /** One object for all messages. */
  readonly #outgoing: Outgoing & { head: Uint8Array } = { flags: 0, head: EMPTY, targets: [] }
  readonly #largeHead = { kind: KIND_LARGE, flags: BODY, log: 0, number: 0 }
  readonly #queues: ReadonlyMap<number, Queue>
  /** The journal's own. */
  readonly #store: Store
  /** By ticket. */
  readonly #large = new Map<number, LargeBody>()
  /** What there was no room in when a message was refused last. */
  why: HeldWhy = 'memory-full'
  #waiting: (() => void)[] = []
  /** Memory is to call: it is asked once at a time, because the scratch may call first, again and again. */
  #isMemoryAsked = false

  constructor(
    scheduler: Scheduler,
    limits: Partial<JournalLimits>,
    owner: {
      readonly queues: ReadonlyMap<number, Queue>
      readonly store: Store
      /** Null without a directory. */
      readonly scratch: MakeScratch | null
    },
  ) {
    const { queues } = owner
    this.#store = owner.store
    this.#queues = queues
    this.#scratch =
      owner.scratch?.({
        lives: (entry, address) => this.#lives(entry, SCRATCH_FROM + address),
        moved: (entry, address) => this.#moved(entry, SCRATCH_FROM + address),
        room: () => this.#wake(),
      }) ?? null
    const events = { settled: () => {}, stopped: () => {} }
    this.#engine = new MemoryEngine({ scheduler, limits, events }, () => ({
      restore: () => Promise.resolve(),
      replay: () => {},
      live: (entry) => this.#lives(entry, entry.ticket),
    }))
  }

  /** Keeps a message for one queue, under the sequence it is about to get; its ticket here, or 0: no room. */
  add(queue: Queue, head: Uint8Array, content: Content): number {
    return this.#add(this.#head, queue, head, content)
  }

  /** The same for a large body; the content's own is the reference to it. */
  addLarge(
    queue: Queue,
    message: { readonly head: Uint8Array; readonly content: Content; readonly body: LargeBody },
  ): number {
    const { head, content, body } = message
    const ticket = this.#add(this.#largeHead, queue, head, content)
    if (ticket === 0) return 0
    this.#large.set(ticket, body)
    for (const fragment of body.fragments) this.#store.hold(fragment)
    return ticket
  }

  /** Null: it has to be loaded. The view is valid until the next call or turn. */
  peek(ticket: number): EntryView | null {
    if (ticket < SCRATCH_FROM) return this.#engine.store.peek(ticket)
    return this.#scratch!.peek(ticket - SCRATCH_FROM) // nobody else gives out such tickets
  }

  /** Brings it into memory, so that `peek` in the same turn answers it; rejects when it is lost. */
  load(ticket: number): Promise<void> {
    assert(ticket >= SCRATCH_FROM && this.#scratch !== null, 'what is in memory needs no loading')
    return this.#scratch.load(ticket - SCRATCH_FROM)
  }

  /** The large body of this ticket. */
  get(ticket: number): LargeBody {
    const body = this.#large.get(ticket)
    assert(body !== undefined, 'no large body', ticket)
    return body
  }

  release(ticket: number): void {
    if (this.#large.size > 0) this.#unhold(ticket)
    if (ticket < SCRATCH_FROM) this.#engine.store.release(ticket, 1)
    else this.#scratch!.release(ticket - SCRATCH_FROM) // as in `peek`
  }

  /** Resolves when a refused message is worth another try. */
  room(): Promise<void> {
    if (!this.#isMemoryAsked) {
      this.#isMemoryAsked = true
      void this.#engine.log.room().then(() => {
        this.#isMemoryAsked = false
        this.#wake()
      })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async close(): Promise<void> {
    await this.#scratch?.close()
    await this.#engine.close()
  }

  #add(entry: EntryHead, queue: Queue, head: Uint8Array, content: Content): number {
    const size = messageSize(head, content, 1)
    const place = this.#placeFor(size)
    if (place === null) return 0
    entry.log = queue.id
    entry.number = queue.nextSequence
    const ticket = place.claim(entry, size)
    this.#outgoing.head = head
    writeMessage(place.slot.bytes, place.slot.at, this.#outgoing, content)
    return place === this.#scratch ? SCRATCH_FROM + ticket : ticket
  }

  /** Where there is room for a body of this size, which is reserved then; null: nowhere. */
  #placeFor(size: number): Place | null {
    const { log } = this.#engine
    if (log.reserve(1, size, 'publish') === 'ok') return log
    const scratch = this.#scratch
    // Another file only when memory was tidied first, which goes through all of it.
    const isRoomy = scratch?.wantsFile(size) === false
    if (isRoomy && scratch.reserve(size) === 'ok') return scratch
    void this.#engine.tidy()
    if (log.reserve(1, size, 'publish') === 'ok') return log
    const answer = scratch === null ? 'memory-full' : scratch.reserve(size)
    if (answer === 'ok') return scratch
    this.why = answer
    return null
  }

  #lives({ log, number }: EntryView, ticket: number): boolean {
    const queue = this.#queues.get(log)
    if (queue === undefined) return false
    if ((queue.stateOf(number) & STATE_BITS) === GONE) return false
    return queue.ticketOf(number) === ticket
  }

  /** The body went elsewhere within the scratch. */
  #moved({ log, number }: EntryView, ticket: number): void {
    const queue = this.#queues.get(log)
    assert(queue !== undefined, 'a body of no queue moved')
    const before = queue.ticketOf(number)
    queue.moveBody(number, ticket)
    const body = this.#large.get(before)
    if (body === undefined) return
    this.#large.delete(before)
    this.#large.set(ticket, body)
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #unhold(ticket: number): void {
    const body = this.#large.get(ticket)
    if (body === undefined) return
    this.#large.delete(ticket)
    for (const fragment of body.fragments) this.#store.unhold(fragment)
  }
}

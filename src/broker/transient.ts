/**
 * The bodies of transient messages: kept in memory in the layout of the journal's entries, so that one view
 * reads both, and bounded, so that a queue nobody drains stops its publishers and not the process. Large ones lie
 * in the journal as those of persistent messages do, held there for as long as their message is here.
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

type EntryHead = { readonly kind: number; readonly flags: number; log: number; number: number }

const BODY = 1 // the journal keeps it while somebody refers to it

export class TransientBodies {
  readonly #engine: MemoryEngine
  readonly #head = { kind: KIND_MESSAGE, flags: BODY, log: 0, number: 0 }
  /** One object for all messages. */
  readonly #outgoing: Outgoing & { head: Uint8Array } = { flags: 0, head: EMPTY, targets: [] }
  readonly #largeHead = { kind: KIND_LARGE, flags: BODY, log: 0, number: 0 }
  /** The journal's own. */
  readonly #store: Store
  /** By ticket. */
  readonly #large = new Map<number, LargeBody>()

  constructor(
    scheduler: Scheduler,
    limits: Partial<JournalLimits>,
    owner: { readonly queues: ReadonlyMap<number, Queue>; readonly store: Store },
  ) {
    const { queues } = owner
    this.#store = owner.store
    const events = { settled: () => {}, stopped: () => {} }
    this.#engine = new MemoryEngine({ scheduler, limits, events }, () => ({
      restore: () => Promise.resolve(),
      replay: () => {},
      live: (entry) => {
        const queue = queues.get(entry.log)
        if (queue === undefined) return false
        if ((queue.stateOf(entry.number) & STATE_BITS) === GONE) return false
        return queue.ticketOf(entry.number) === entry.ticket
      },
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

  #add(entry: EntryHead, queue: Queue, head: Uint8Array, content: Content): number {
    const size = messageSize(head, content, 1)
    const { log } = this.#engine
    if (log.reserve(1, size, 'publish') !== 'ok') {
      void this.#engine.tidy()
      if (log.reserve(1, size, 'publish') !== 'ok') return 0
    }
    entry.log = queue.id
    entry.number = queue.nextSequence
    const ticket = log.claim(entry, size)
    this.#outgoing.head = head
    writeMessage(log.slot.bytes, log.slot.at, this.#outgoing, content)
    return ticket
  }

  peek(ticket: number): EntryView {
    return this.#engine.store.peek(ticket)!
  }

  /** The large body of this ticket. */
  get(ticket: number): LargeBody {
    const body = this.#large.get(ticket)
    assert(body !== undefined, 'no large body', ticket)
    return body
  }

  release(ticket: number): void {
    if (this.#large.size > 0) this.#unhold(ticket)
    this.#engine.store.release(ticket, 1)
  }

  /** Resolves when a refused message is worth another try. */
  room(): Promise<void> {
    return this.#engine.log.room()
  }

  get references(): number {
    return this.#engine.store.references
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  #unhold(ticket: number): void {
    const body = this.#large.get(ticket)
    if (body === undefined) return
    this.#large.delete(ticket)
    for (const fragment of body.fragments) this.#store.unhold(fragment)
  }
}

/**
 * The bodies of transient messages: kept in memory in the layout of the journal's entries, so that one view
 * reads both, and bounded, so that a queue nobody drains stops its publishers and not the process.
 */
import type { Scheduler } from '../base/ports.ts'
import type { JournalLimits } from '../journal/limits.ts'
import { MemoryEngine } from '../journal/memory-engine.ts'
import type { EntryView } from '../machine/entry.ts'
import { KIND_MESSAGE } from '../machine/entry.ts'
import { type Content, messageSize, writeMessage } from '../machine/message.ts'
import { GONE, STATE_BITS } from '../machine/page.ts'
import type { Queue } from '../machine/queue.ts'

const BODY = 1 // the journal keeps it while somebody refers to it

export class TransientBodies {
  readonly #engine: MemoryEngine
  readonly #head = { kind: KIND_MESSAGE, flags: BODY, log: 0, number: 0 }

  constructor(
    scheduler: Scheduler,
    limits: Partial<JournalLimits>,
    queues: ReadonlyMap<number, Queue>,
  ) {
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
    const size = messageSize(head, content, 1)
    const { log } = this.#engine
    if (log.reserve(1, size, 'publish') !== 'ok') {
      void this.#engine.tidy()
      if (log.reserve(1, size, 'publish') !== 'ok') return 0
    }
    this.#head.log = queue.id
    this.#head.number = queue.nextSequence
    const ticket = log.claim(this.#head, size)
    writeMessage(log.slot.bytes, log.slot.at, { flags: 0, head, targets: NONE }, content)
    return ticket
  }

  peek(ticket: number): EntryView {
    return this.#engine.store.peek(ticket)!
  }

  release(ticket: number): void {
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
}

const NONE: readonly Queue[] = []

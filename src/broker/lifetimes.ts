/**
 * Lifetimes says until when a queue keeps what is published now. It is decided once, in journal time, and stands in the
 * message's entry; the message at hand is the only one that is remembered here.
 */
import { mark } from '../base/mark.ts'
import { NO_TTL } from '../machine/message.ts'
import { PROMISED } from '../machine/page.ts'
import type { Queue } from '../machine/queue.ts'
import type { Context } from './context.ts'
import type { Dispatcher } from './dispatcher.ts'

/** As entries have it. */
const NEVER = 0

export class Lifetimes {
  readonly #context: Context
  readonly #dispatcher: Dispatcher
  /** Of the message at hand, as its entry has them. */
  readonly times: { publishedMs: number; readonly expiries: number[] } = {
    publishedMs: 0,
    expiries: [],
  }

  constructor(context: Context, dispatcher: Dispatcher) {
    this.#context = context
    this.#dispatcher = dispatcher
  }

  /** Decides for each of the queues that a message is about to reach, who may have a time of their own. */
  decide(queues: readonly Queue[], ttlMs: number): void {
    const { times } = this
    times.publishedMs = this.#context.time.nowMs()
    times.expiries.length = queues.length
    for (let index = 0; index < queues.length; index++) {
      const waitMs = shorter(ttlMs, queues[index]!.options.messageTtlMs)
      times.expiries[index] = waitMs === NO_TTL ? NEVER : times.publishedMs + waitMs
    }
  }

  /** The message was put at the end of the queue that is `index` among those it was decided for. */
  begin(queue: Queue, index: number): void {
    const expiresMs = this.times.expiries[index]!
    if (expiresMs === NEVER) return
    const desk = this.#dispatcher.deskOf(queue)
    // As good as handed over: whoever waits has room for it and for all that is before it.
    const isPromised = desk.hasRoomFor(queue.readyCount)
    if (isPromised) mark('expiry/promised')
    queue.setExpiry(queue.nextSequence - 1, expiresMs, isPromised ? PROMISED : 0)
    this.#dispatcher.expiry.published(desk)
  }
}

/** What both allow; NO_TTL allows everything. */
function shorter(left: number, right: number): number {
  if (left === NO_TTL) return right
  return right === NO_TTL ? left : Math.min(left, right)
}

/**
 * Expiry lets go of messages whose time is over: at the head of their queue only, before they would be handed over, or
 * when a timer says so. One timer for all queues, and none while no head will ever be over. It owns that timer.
 *
 *   the head changes --> look: heads that are over go; the desk waits in a heap by the time of its head --timer--> look
 *   a consumer has room --> drops: the head goes if it is over, and the next one is asked about
 */
import { Heap, type Heaped } from '../base/heap.ts'
import { mark } from '../base/mark.ts'
import type { Timer } from '../base/ports.ts'
import { PROMISED } from '../machine/page.ts'
import type { Context } from './context.ts'
import type { Desk } from './desk.ts'
import type { Settlements } from './settlements.ts'

/** Journal time may run a tenth faster than the scheduler's, and a timer for days would be late by hours. */
const timerMsMax = 10_000 // late by a second, and six looks a minute, however many queues there are

/** A desk in the heap: its head may be over from `key` on, or it has none any more. */
class Waiting implements Heaped {
  readonly desk: Desk
  key = 0
  order = 0
  slot = -1

  constructor(desk: Desk) {
    this.desk = desk
  }
}

export class Expiry {
  readonly #context: Context
  readonly #settlements: Settlements
  readonly #touch: (desk: Desk) => void
  readonly #waiting = new Map<Desk, Waiting>()
  readonly #heap = new Heap<Waiting>()
  #timer: Timer | null = null
  /** What it was started for, in journal time. */
  #timerMs = 0
  /** Of the last tick. */
  #nowMs = 0

  constructor(context: Context, settlements: Settlements, touch: (desk: Desk) => void) {
    this.#context = context
    this.#settlements = settlements
    this.#touch = touch
  }

  /** A run begins: what was over before it, goes; as much of it as one turn may take at once. */
  begin(desks: Iterable<Desk>): void {
    for (const desk of desks) this.#watch(desk)
    if (this.#heap.size > 0) this.#fire()
  }

  /** Looks at the clock, for all that is handed out in this turn: it costs as much as to hand a message out. */
  tick(): void {
    this.#nowMs = this.#context.time.nowMs()
  }

  /** Whether the time of the queue's head was over at the tick. Then it is gone, and another is the head. */
  drops(desk: Desk, head: number): boolean {
    const expiresMs = desk.queue.expiryOf(head)
    if (expiresMs === 0 || !this.#isOver(desk, head, this.#nowMs)) return false
    mark('expiry/dropped-before-it-is-handed-over')
    this.#settlements.drop(desk, head, 'expired')
    return true
  }

  /** A message with a time was put at the end of the queue. */
  published(desk: Desk): void {
    // Behind another it stays, whatever its time.
    if (desk.queue.readyCount === 1) this.look(desk)
  }

  /** The head of the queue may be another one. It goes if it is over, and those behind it that are. */
  look(desk: Desk): void {
    const { limits, time } = this.#context
    this.#drop(desk, { nowMs: time.nowMs(), max: limits.dispatchMessages })
  }

  /** The queue is gone. */
  forget(desk: Desk): void {
    const waiting = this.#waiting.get(desk)
    if (waiting === undefined) return
    this.#take(waiting)
    this.#arm()
  }

  /** Nothing expires any more. Idempotent. */
  close(): void {
    for (const waiting of [...this.#waiting.values()]) this.#take(waiting)
    this.#arm()
  }

  #isOver(desk: Desk, head: number, nowMs: number): boolean {
    if (desk.queue.expiryOf(head) > nowMs) return false
    if (!isPromised(desk, head)) return true
    mark('expiry/handed-over-as-promised')
    return false
  }

  /** Lets go of heads that are over, so many at most; answers how many. */
  #drop(desk: Desk, { nowMs, max }: { readonly nowMs: number; readonly max: number }): number {
    const { queue } = desk
    if (queue.deleted) return 0
    let count = 0
    for (let head = queue.peekReady(); head > 0 && count < max; head = queue.peekReady()) {
      if (queue.expiryOf(head) === 0 || !this.#isOver(desk, head, nowMs)) break
      this.#settlements.drop(desk, head, 'expired')
      count++
    }
    this.#watch(desk)
    // Somebody may wait for what was the head, and can have the next one.
    if (count > 0 && desk.seats.size > 0) this.#touch(desk)
    return count
  }

  /** The head of the queue is looked at when its time is over. */
  #watch(desk: Desk): void {
    const { queue } = desk
    const head = queue.peekReady()
    const expiresMs = head === 0 ? 0 : queue.expiryOf(head)
    // Who is closing has cancelled the timer, and starts no other.
    if (expiresMs === 0 || !this.#context.isRunning()) return
    // Whoever it is promised to gets it from a commit, which comes past here again.
    if (expiresMs <= this.#context.time.nowMs() && isPromised(desk, head)) return
    const waiting = this.#waiting.get(desk) ?? new Waiting(desk)
    if (this.#heap.has(waiting)) {
      if (waiting.key <= expiresMs) return
      this.#heap.remove(waiting)
    }
    this.#waiting.set(desk, waiting)
    this.#heap.push(waiting, expiresMs)
    this.#arm()
  }

  #take(waiting: Waiting): void {
    this.#heap.remove(waiting)
    this.#waiting.delete(waiting.desk)
  }

  /** The timer fires for the first in the heap, and there is none without one. */
  #arm(): void {
    const first = this.#heap.peek()
    if (this.#timer !== null && first !== null && this.#timerMs <= first.key) return
    this.#timer?.cancel()
    this.#timer = null
    if (first === null) return
    const { scheduler, time } = this.#context
    const delayMs = Math.min(Math.max(0, first.key - time.nowMs()), timerMsMax)
    this.#timerMs = first.key
    this.#timer = scheduler.after(delayMs, this.#fire)
  }

  readonly #fire = (): void => {
    const { isRunning, limits, time } = this.#context
    this.#timer?.cancel()
    this.#timer = null
    if (!isRunning()) return
    const nowMs = time.nowMs()
    let left = limits.dispatchMessages
    for (let first = this.#heap.peek(); first !== null; first = this.#heap.peek()) {
      if (first.key > nowMs) break
      if (left <= 0) {
        mark('expiry/rest-in-another-turn')
        break
      }
      this.#take(first)
      const count = this.#drop(first.desk, { nowMs, max: left })
      if (count > 0) mark('expiry/dropped-by-the-timer')
      left -= 1 + count
    }
    this.#arm()
  }
}

/** Somebody waited for it when it was published, and somebody still does. */
function isPromised(desk: Desk, sequence: number): boolean {
  return (desk.queue.stateOf(sequence) & PROMISED) !== 0 && desk.hasRoomFor(1)
}

/**
 * A share keeps one receiver of a channel from running away from those that wait beside it. Whoever is awake when a
 * message comes takes it, because to wake somebody for each costs more than the message; so those who sleep could
 * starve. Therefore each receiver counts what it got where the others see it, and one that is too far ahead of one
 * that waits rests until that one has caught up. It belongs to one party, and never touches the ring.
 *
 *   served   what this party got; but one that comes to wait has at least what the others have, less half of what
 *            anybody may be ahead: nobody saves up what it did not ask for
 *   asks     1 while a call of this party waits for a message
 *
 * A rest is nothing but a delay before one party asks again, and it is bounded: one that waits and does not get on,
 * because no core is free for it, holds up nobody for longer than that. So no message is ever held for somebody who
 * does not take it, and a death changes nothing.
 */
import { scheduler } from './desk.ts'
import { threadLimits } from './limits.ts'
import { roleBit } from './roles.ts'
import { news, rolesOf, type Seat, seatState, shareAt, stateOf } from './roster.ts'

/** How far behind somebody who rests lets the others be when it goes on. */
const caughtUp = threadLimits.aheadMax / 2

export class Share {
  readonly #seat: Seat
  readonly #words: Int32Array
  readonly #at: number
  /** Modulo 2^32, as the word that the others read. */
  #served = 0
  /** Messages and waits until the next look at the others. */
  #untilLook = 1
  /** How many of them until the one after that. */
  #lookEvery: number = threadLimits.lookEvery
  /** Where the others that receive keep theirs, as of the last look. */
  #rivals: number[] = []
  /** The news as of that look. */
  #news = 0
  /** The rest of this party's awaiting calls, while it lasts. */
  #resting: Promise<void> | null = null
  /** This party is too far ahead. Moved by looking. */
  isAhead: boolean = false

  constructor(seat: Seat) {
    this.#seat = seat
    this.#words = seat.roster.words
    this.#at = shareAt(seat.roster, seat.index)
    this.#words[this.#at] = 0
    this.#words[this.#at + 1] = 0
  }

  /** This party got a message. */
  taken(): void {
    this.#served = (this.#served + 1) | 0
    this.#words[this.#at] = this.#served
    this.#count()
  }

  /** A call of this party begins to wait. */
  asks(): void {
    this.#count()
    for (const rival of this.#rivals) {
      const least = (this.#words[rival]! - caughtUp) | 0
      if (((least - this.#served) | 0) > 0) this.#served = least
    }
    this.#words[this.#at] = this.#served
    this.#words[this.#at + 1] = 1
  }

  /** No call of this party waits any more. */
  stops(): void {
    this.#words[this.#at + 1] = 0
  }

  /** Blocks this thread until those who waited have caught up, for as long as there is time. */
  restSync(leftMs: number): void {
    const untilMs = performance.now() + Math.min(leftMs, threadLimits.restMs)
    for (let behind = this.#behind(caughtUp); behind.size > 0; behind = this.#stillBehind(behind)) {
      if (performance.now() >= untilMs || this.#hasNews()) {
        this.#rested('in vain')
        return
      }
      // Nobody ever notifies this word.
      Atomics.wait(this.#words, this.#at, this.#served, threadLimits.napMs)
    }
    this.#rested('enough')
  }

  /** The same for calls that await. */
  rest(): Promise<void> {
    this.#resting ??= this.#rest()
    return this.#resting
  }

  async #rest(): Promise<void> {
    const untilMs = performance.now() + threadLimits.restMs
    let behind = this.#behind(caughtUp)
    while (behind.size > 0 && performance.now() < untilMs && !this.#hasNews()) {
      await new Promise<void>((resolve) => void scheduler.after(threadLimits.napMs, resolve))
      behind = this.#stillBehind(behind)
    }
    this.#resting = null
    this.#rested(behind.size > 0 ? 'in vain' : 'enough')
  }

  #count(): void {
    this.#untilLook -= 1
    if (this.#untilLook === 0) this.#look()
  }

  #look(): void {
    this.#untilLook = this.#lookEvery
    const { roster, index } = this.#seat
    this.#news = news(roster)
    this.#rivals = []
    for (let seat = 0; seat < roster.seats; seat++) {
      if (seat === index || stateOf(roster, seat) !== seatState.live) continue
      if ((rolesOf(roster, seat) & roleBit.receives) !== 0) this.#rivals.push(shareAt(roster, seat))
    }
    this.isAhead = this.#behind(threadLimits.aheadMax).size > 0
  }

  /** Those who wait and are further behind than that, with what each got so far. */
  #behind(most: number): Map<number, number> {
    const behind = new Map<number, number>()
    for (const rival of this.#rivals) {
      if (this.#lagOf(rival) <= most) continue
      if (Atomics.load(this.#words, rival + 1) === 1) behind.set(rival, this.#words[rival]!)
    }
    return behind
  }

  /** Of those, the ones that are on their way: who got nothing meanwhile and does not wait has other things to do. */
  #stillBehind(before: ReadonlyMap<number, number>): Map<number, number> {
    const behind = new Map<number, number>()
    for (const [rival, served] of before) {
      const now = Atomics.load(this.#words, rival)
      if (this.#lagOf(rival) <= caughtUp) continue
      if (now !== served || Atomics.load(this.#words, rival + 1) === 1) behind.set(rival, now)
    }
    return behind
  }

  /** An end or a death, of which whoever rests should hear. */
  #hasNews(): boolean {
    return news(this.#seat.roster) !== this.#news
  }

  #lagOf(rival: number): number {
    return (this.#served - this.#words[rival]!) | 0
  }

  /** A rest that did not help, because those who wait do not get on, is repeated more and more rarely. */
  #rested(how: 'enough' | 'in vain'): void {
    this.isAhead = false
    const { lookEvery, lookEveryMax } = threadLimits
    if (how === 'in vain') this.#lookEvery = Math.min(this.#lookEvery * 2, lookEveryMax)
    else this.#lookEvery = Math.max(this.#lookEvery / 2, lookEvery)
    this.#untilLook = this.#lookEvery
  }
}

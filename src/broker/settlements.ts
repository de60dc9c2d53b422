/**
 * Settlements turns what consumers settled and gave back, and what leaves its queue unseen, into entries, a few for
 * each commit. It decides nothing that survives, and never whose turn it is.
 */
import { mark } from '../base/mark.ts'
import { KIND_EXPIRED, KIND_RETURNED, KIND_SETTLED } from '../machine/entry.ts'
import { GONE, STATE_BITS, TRANSIENT } from '../machine/page.ts'
import type { Queue } from '../machine/queue.ts'
import type { Context } from './context.ts'
import type { Desk } from './desk.ts'
import { writeRanges } from './entries.ts'
import type { Ranges } from './ranges.ts'

export class Settlements {
  readonly #context: Context
  /** Asks to be told, by a turn, when the journal has room again. */
  readonly #awaitRoom: () => void
  /** Desks with something that no entry tells of. */
  #awaiting: Desk[] = []

  constructor(context: Context, awaitRoom: () => void) {
    this.#context = context
    this.#awaitRoom = awaitRoom
  }

  /** Messages that somebody held are done with. */
  settle(desk: Desk, from: number, count: number): void {
    const { queue } = desk
    const { transient } = this.#context
    for (let sequence = from; sequence < from + count; sequence++) {
      const state = queue.stateOf(sequence)
      if ((state & STATE_BITS) === GONE) continue
      if ((state & TRANSIENT) === 0) desk.settled.add(sequence)
      else transient.release(queue.settle(sequence))
    }
    if (desk.settled.size > 0) this.#await(desk)
  }

  /** Messages that somebody held are ready again, at their place. Uncounted ones never reached anybody. */
  giveBack(desk: Desk, from: number, count: number, counted: 0 | 1): void {
    const { queue } = desk
    for (let sequence = from; sequence < from + count; sequence++) {
      const state = queue.stateOf(sequence)
      if ((state & STATE_BITS) === GONE) continue
      queue.giveBack(sequence, counted)
      if (counted > 0 && (state & TRANSIENT) === 0) desk.returned.add(sequence)
    }
    if (desk.returned.size > 0) this.#await(desk)
  }

  /** A ready message goes, unseen. */
  drop(desk: Desk, sequence: number, why: 'purged' | 'expired'): void {
    const { queue } = desk
    if ((queue.stateOf(sequence) & TRANSIENT) !== 0) {
      this.#context.transient.release(queue.settle(sequence))
      return
    }
    // Held until its entry is written, so that nobody gets it meanwhile.
    queue.hold(sequence)
    if (why === 'purged') desk.settled.add(sequence)
    else desk.expired.add(sequence)
    this.#await(desk)
  }

  /** Writes all of it. Answers whether it found room. */
  write(): boolean {
    const awaiting = this.#awaiting
    if (awaiting.length === 0) return true
    this.#awaiting = []
    for (const desk of awaiting) {
      desk.awaitsEntry = !desk.queue.deleted && !this.#writeDesk(desk)
      if (desk.awaitsEntry) this.#awaiting.push(desk)
    }
    if (this.#awaiting.length === 0) return true
    mark('dispatch/entries-wait-for-room')
    this.#awaitRoom()
    return false
  }

  #writeDesk(desk: Desk): boolean {
    const { engine, limits } = this.#context
    const { queue, returned, settled, expired } = desk
    const place = { log: queue.id, number: 0, durability: queue.entryDurability }
    while (returned.size > 0) {
      const count = Math.min(returned.size, limits.settleRanges)
      if (writeRanges(engine.log, KIND_RETURNED, place, returned, count) === 0) return false
      returned.drop(count)
    }
    place.durability = desk.settledAs
    while (settled.size > 0) {
      const count = Math.min(settled.size, limits.settleRanges)
      if (writeRanges(engine.log, KIND_SETTLED, place, settled, count) === 0) return false
      this.#settleFirst(queue, settled, count)
    }
    desk.settledAs = queue.entryDurability
    return expired.size === 0 || this.#writeExpired(desk)
  }

  /** They may have been given back before: those entries come first. */
  #writeExpired({ queue, expired }: Desk): boolean {
    const { engine, limits, machine, time } = this.#context
    const place = { log: queue.id, number: time.nowMs(), durability: queue.entryDurability }
    while (expired.size > 0) {
      const count = Math.min(expired.size, limits.settleRanges)
      if (writeRanges(engine.log, KIND_EXPIRED, place, expired, count) === 0) return false
      machine.passTime(place.number)
      this.#settleFirst(queue, expired, count)
    }
    return true
  }

  #settleFirst(queue: Queue, ranges: Ranges, count: number): void {
    for (let index = 0; index < count; index++) {
      this.#context.machine.settle(queue, ranges.from(index), ranges.count(index))
    }
    ranges.drop(count)
  }

  #await(desk: Desk): void {
    if (desk.awaitsEntry) return
    desk.awaitsEntry = true
    this.#awaiting.push(desk)
    this.#context.plan()
  }
}

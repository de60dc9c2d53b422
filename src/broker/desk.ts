/**
 * A Desk is what the runtime knows of one queue while it runs: who consumes, whose turn it is, what was
 * settled and not yet written. Lost at a restart, every part of it.
 */
import { List } from '../base/list.ts'
import type { EntryDurability } from '../machine/durability.ts'
import type { Queue } from '../machine/queue.ts'
import type { Consumer } from './consumer.ts'
import { Ranges } from './ranges.ts'

/** One consumer's place at a desk. */
export class Seat {
  readonly consumer: Consumer
  /** Answers the one message it came for, or that there is none; then it leaves. Null for one that stays. */
  readonly empty: (() => void) | null
  previous: Seat | null = null
  next: Seat | null = null
  list: object | null = null

  constructor(consumer: Consumer, empty: (() => void) | null) {
    this.consumer = consumer
    this.empty = empty
  }
}

export class Desk {
  readonly queue: Queue
  /** In the order of their turns: whoever was served goes to the end. */
  readonly seats: List<Seat> = new List()
  /** Settled by consumers, waiting to become an entry. Persistent messages only. */
  readonly settled: Ranges = new Ranges()
  /** How safe that is when it counts: as the queue, and until then as the broker where a purge is among it. */
  settledAs: EntryDurability
  /** Given back, likewise. */
  readonly returned: Ranges = new Ranges()
  /** Their time was over, likewise. */
  readonly expired: Ranges = new Ranges()
  /** In the runtime's list of desks to look at in the next turn. */
  isDirty = false
  /** In its list of desks that wait for the next commit. */
  awaitsCommit = false
  /** Has entries to write. */
  awaitsEntry = false
  /** A body is being read from the disk. */
  isLoading = false
  /** Up to here messages may be delivered after a crash without being flagged: their mark is durable. */
  markSettled = 0
  /** A mark that was written and is not durable yet; 0 when there is none. */
  markTicket = 0
  markPending = 0
  /** Who alone may use the queue; null for everybody. */
  owner: object | null = null
  /** A consumer has it to itself. */
  isTaken = false
  hadConsumer = false

  constructor(queue: Queue) {
    this.queue = queue
    this.settledAs = queue.entryDurability
    this.markSettled = queue.mark
  }

  /** The next consumer with room, or null. Those without are passed over. */
  nextSeat(): Seat | null {
    const { seats } = this
    for (let tries = seats.size; tries > 0; tries--) {
      const seat = seats.head!
      if (seat.consumer.hasRoom) return seat
      seats.remove(seat)
      seats.push(seat)
    }
    return null
  }

  /** Whether so many messages, none of which anybody has yet, can all be taken by those who are here. */
  hasRoomFor(count: number): boolean {
    let left = count
    for (const { consumer } of this.seats) {
      if (!consumer.hasRoom) continue
      left -= consumer.credit
      if (left <= 0) return true
    }
    return false
  }

  /** Whoever comes for one message comes before those who stay, and behind those who came for one before. */
  seatGetter(seat: Seat): void {
    let place = this.seats.head
    while (place !== null && place.empty !== null) place = place.next
    if (place === null) this.seats.push(seat)
    else this.seats.insertBefore(place, seat)
  }

  /** Those who came for one message, and are first therefore, leave. */
  dismissGetters(): readonly Seat[] {
    const getters: Seat[] = []
    for (let seat = this.seats.head; seat !== null && seat.empty !== null; seat = this.seats.head) {
      this.seats.remove(seat)
      seat.consumer.joined = false
      getters.push(seat)
    }
    return getters
  }

  /** It was served: the others come first now. */
  rotate(seat: Seat): void {
    if (this.seats.size === 1) return
    this.seats.remove(seat)
    this.seats.push(seat)
  }
}

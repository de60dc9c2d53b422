/**
 * Judges what producers and consumers saw, against what a broker promises: nothing acknowledged is lost, nothing
 * comes that was not sent, twice without a word, out of order, or after it was settled. Fed as things happen, in
 * one pass and one byte per message and queue; knows no protocol and no broker.
 */
import { assert } from '../../src/base/assert.ts'

/** One message in one queue (or partition). Counters of a producer are dense from 0, in the order of its sending. */
export interface HistoryMessage {
  readonly queue: string
  readonly producer: string
  readonly counter: number
}

export interface Delivery extends HistoryMessage {
  /** What promises an order: a consumer on one connection, a reader of a partition. */
  readonly consumer: string
  /** What the broker says of it: it may have been delivered before. */
  readonly redelivered: 'redelivered' | 'new'
  /** Whether it is told as it is handed over, or when somebody at the end of a network has looked at it. */
  readonly told: 'at-once' | 'late'
}

/** What breaks a promise; each with its count. */
export type Violation =
  | 'lost' // acknowledged, never delivered
  | 'abandoned' // acknowledged and delivered, never settled, and not there when all was drained
  | 'unexpected' // never sent to this queue
  | 'refused' // refused for good, and delivered all the same
  | 'duplicated' // delivered again without being called redelivered
  | 'reordered' // new, and older than what the same consumer had from the same producer
  | 'resurrected' // delivered after its settlement was durable
  | 'left' // still in a queue that was drained

/** What is allowed, and worth a figure. */
export type Notice =
  | 'attempted'
  | 'acked'
  | 'delivered'
  | 'recovered' // nobody knew whether it was taken, and it was delivered
  | 'redelivered' // delivered again, and called so
  | 'expired' // its time was over: never delivered, or given back and not delivered again

export interface Verdict {
  readonly violations: ReadonlyMap<Violation, number>
  readonly notices: ReadonlyMap<Notice, number>
  /** `lost` again, by place: before the first, between, or after the last that the queue delivered of its producer. */
  readonly lost: { readonly prefix: number; readonly middle: number; readonly postfix: number }
  /** The first few of each, for people. */
  readonly examples: readonly string[]
}

/** Of each violation so many are named. */
const EXAMPLES_PER_KIND = 5

const ATTEMPTED = 1
const ACKED = 2
const REFUSED = 4
const DELIVERED = 8
/** The consumer sent its settlement; a crash may still undo it. */
const SETTLING = 16
/** The settlement is durable. */
const SETTLED = 32
/** Delivered, and called new. */
const CAME_NEW = 64
/** The broker may have lost all that it knew of the delivery, as it said it might. */
const FORGOTTEN = 128

/** All that may come another time when it is forgotten. */
const OF_A_DELIVERY = FORGOTTEN | DELIVERED | SETTLING | SETTLED | CAME_NEW

/** What is known of one producer in one queue. */
class Track {
  readonly queue: string
  readonly producer: string
  /** One byte of flags per counter. */
  #flags = new Uint8Array(64)
  /** One more than the highest counter that was mentioned. */
  count = 0
  /** By consumer: the highest counter that it was given as new. */
  readonly newest = new Map<string, number>()
  /** By counter: from when on it may be gone. */
  readonly expiries = new Map<number, number>()

  constructor(queue: string, producer: string) {
    this.queue = queue
    this.producer = producer
  }

  get(counter: number): number {
    return this.#flags[counter] ?? 0
  }

  remove(counter: number, flags: number): void {
    if (counter < this.count) this.#flags[counter] = this.get(counter) & ~flags
  }

  add(counter: number, flag: number): void {
    assert(Number.isSafeInteger(counter) && counter >= 0, 'counters are dense from 0')
    if (counter >= this.#flags.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(counter + 1)))
      grown.set(this.#flags)
      this.#flags = grown
    }
    this.#flags[counter] = this.get(counter) | flag
    this.count = Math.max(this.count, counter + 1)
  }
}

export class History {
  readonly #tracks = new Map<string, Map<string, Track>>()
  /** What showed at once; the rest shows when all is over. */
  readonly #seen = new Tally(null)
  /** Queues whose consumers settle; of the others a delivery is enough. */
  readonly #settling = new Set<string>()
  /** By queue: messages that went to somebody who never saw which. */
  readonly #unseen = new Map<string, number>()
  /** The newest time that was told: what expires later has not expired. */
  #nowMs = 0

  /** It is about to be sent. Whatever is neither acknowledged nor refused later may have been taken or not. */
  attempted(message: HistoryMessage): void {
    this.#track(message).add(message.counter, ATTEMPTED)
  }

  /** The broker took it: from now on it may not be lost. */
  acked(message: HistoryMessage): void {
    this.#track(message).add(message.counter, ACKED)
  }

  /** The power went, and what the broker knew of its delivery and settlement need not have been on the disk. */
  forgotten(message: HistoryMessage): void {
    this.#track(message).add(message.counter, FORGOTTEN)
  }

  /** The broker refused it for good. */
  refused(message: HistoryMessage): void {
    this.#track(message).add(message.counter, REFUSED)
  }

  /** From then on the message may be gone, and not before. */
  expires(message: HistoryMessage, expiresMs: number): void {
    this.#track(message).expiries.set(message.counter, expiresMs)
  }

  /** So late it is when all was drained. */
  passed(nowMs: number): void {
    this.#nowMs = nowMs
  }

  delivered(delivery: Delivery): void {
    const track = this.#track(delivery)
    const { counter, consumer } = delivery
    if ((track.get(counter) & FORGOTTEN) !== 0) track.remove(counter, OF_A_DELIVERY)
    const flags = track.get(counter)
    this.#seen.notice('delivered', 1)
    if ((flags & ATTEMPTED) === 0) this.#seen.violate('unexpected', delivery)
    if ((flags & SETTLED) !== 0) this.#seen.violate('resurrected', delivery)
    const isAgain = (flags & DELIVERED) !== 0
    const isNew = delivery.redelivered === 'new'
    // Who hears late may hear of the first delivery after somebody else has heard of the second; new is only one.
    const isFirst = delivery.told === 'late' && (flags & CAME_NEW) === 0
    if (isAgain && isNew && !isFirst) this.#seen.violate('duplicated', delivery)
    if (isAgain && !isNew) this.#seen.notice('redelivered', 1)
    track.add(counter, isNew ? DELIVERED | CAME_NEW : DELIVERED)
    // What comes again, or came to somebody who is gone, has lost its place in the order.
    if (isAgain || delivery.redelivered === 'redelivered') return
    const newest = track.newest.get(consumer) ?? -1
    if (counter < newest) this.#seen.violate('reordered', delivery)
    else track.newest.set(consumer, counter)
  }

  /** The consumer has sent its settlement. */
  settling(message: HistoryMessage): void {
    this.#settling.add(message.queue)
    this.#track(message).add(message.counter, SETTLING)
  }

  /** The settlement is durable: it may not come again. */
  settled(message: HistoryMessage): void {
    this.#settling.add(message.queue)
    this.#track(message).add(message.counter, SETTLED)
  }

  /**
   * A message of the queue went to somebody who has not seen which one it is and will not settle it (1), or who has
   * seen it now (-1). Dies the broker in between, it is nobody's.
   */
  unseen(queue: string, change: 1 | -1): void {
    this.#unseen.set(queue, (this.#unseen.get(queue) ?? 0) + change)
  }

  /** Everything was consumed that came; so many the broker says are left. */
  drained(queue: string, leftCount: number): void {
    for (let index = 0; index < leftCount; index++) {
      this.#seen.violate('left', { queue, producer: 'anybody', counter: index })
    }
  }

  /** To be asked when all was drained; may be asked again. */
  judge(): Verdict {
    const tally = new Tally(this.#seen)
    const lost = { prefix: 0, middle: 0, postfix: 0 }
    const excuses = new Map(this.#unseen)
    for (const tracks of this.#tracks.values()) {
      for (const track of tracks.values()) {
        const manner = this.#settling.has(track.queue) ? 'settles' : 'streams'
        const expired = expiredOf(track, this.#nowMs)
        judgeTrack(track, tally, { manner, excuses, expired })
        judgeLosses(track, tally, { lost, excuses, expired })
      }
    }
    return {
      violations: tally.violations,
      notices: tally.notices,
      lost,
      examples: tally.examples,
    }
  }

  #track({ queue, producer }: HistoryMessage): Track {
    let tracks = this.#tracks.get(queue)
    if (tracks === undefined) {
      tracks = new Map()
      this.#tracks.set(queue, tracks)
    }
    let track = tracks.get(producer)
    if (track === undefined) {
      track = new Track(queue, producer)
      tracks.set(producer, track)
    }
    return track
  }
}

type Losses = { prefix: number; middle: number; postfix: number }

/** By queue: so many messages may be gone without a word. */
type Excuses = Map<string, number>

function isExcused(queue: string, excuses: Excuses): boolean {
  const left = excuses.get(queue) ?? 0
  if (left > 0) excuses.set(queue, left - 1)
  return left > 0
}

/** The counters whose time is over: they may be gone, whether anybody saw them or not. */
function expiredOf({ expiries }: Track, nowMs: number): ReadonlySet<number> {
  return new Set([...expiries].filter(([, ms]) => ms <= nowMs).map(([counter]) => counter))
}

type Circumstances = { readonly excuses: Excuses; readonly expired: ReadonlySet<number> }

/** What a track tells once no more will come. */
function judgeTrack(
  track: Track,
  tally: Tally,
  { manner, excuses, expired }: Circumstances & { readonly manner: 'settles' | 'streams' },
): void {
  const { queue, producer, count } = track
  const counts = { attempted: 0, acked: 0, recovered: 0 }
  for (let counter = 0; counter < count; counter++) {
    const flags = track.get(counter)
    if ((flags & ATTEMPTED) !== 0) counts.attempted++
    if ((flags & ACKED) !== 0) counts.acked++
    if ((flags & DELIVERED) === 0) continue
    const isSettled = manner === 'streams' || (flags & (SETTLING | SETTLED)) !== 0
    if ((flags & ACKED) !== 0) {
      if (isSettled) continue
      if (expired.has(counter)) {
        tally.notice('expired', 1)
        continue
      }
      if (isExcused(queue, excuses)) continue
      tally.violate('abandoned', { queue, producer, counter })
    } else if ((flags & REFUSED) !== 0) tally.violate('refused', { queue, producer, counter })
    else if ((flags & ATTEMPTED) !== 0) counts.recovered++
  }
  tally.notice('attempted', counts.attempted)
  tally.notice('acked', counts.acked)
  tally.notice('recovered', counts.recovered)
}

function judgeLosses(
  track: Track,
  tally: Tally,
  { lost, excuses, expired }: Circumstances & { readonly lost: Losses },
): void {
  const { queue, producer, count } = track
  let first = count
  let last = -1
  for (let counter = 0; counter < count; counter++) {
    if ((track.get(counter) & DELIVERED) === 0) continue
    first = Math.min(first, counter)
    last = counter
  }
  for (let counter = 0; counter < count; counter++) {
    if ((track.get(counter) & (ACKED | DELIVERED)) !== ACKED) continue
    if (expired.has(counter)) {
      tally.notice('expired', 1)
      continue
    }
    if (isExcused(queue, excuses)) continue
    tally.violate('lost', { queue, producer, counter })
    if (counter > last) lost.postfix++
    else if (counter < first) lost.prefix++
    else lost.middle++
  }
}

/** Counts, and the first few of each violation by name. */
class Tally {
  readonly violations: Map<Violation, number>
  readonly notices: Map<Notice, number>
  readonly examples: string[]

  /** Goes on from another one, which stays as it is. */
  constructor(from: Tally | null) {
    this.violations = new Map(from?.violations)
    this.notices = new Map(from?.notices)
    this.examples = [...(from?.examples ?? [])]
  }

  violate(kind: Violation, { queue, producer, counter }: HistoryMessage): void {
    const count = (this.violations.get(kind) ?? 0) + 1
    this.violations.set(kind, count)
    if (count <= EXAMPLES_PER_KIND)
      this.examples.push(`${kind}: ${producer} ${counter} in ${queue}`)
  }

  notice(kind: Notice, count: number): void {
    if (count > 0) this.notices.set(kind, (this.notices.get(kind) ?? 0) + count)
  }
}

/** Throws, with counts and examples, unless no promise was broken. */
export function assertHonest(verdict: Verdict): void {
  const { violations, examples } = verdict
  const counts = [...violations].map(([kind, count]) => `${count} ${kind}`)
  if (counts.length > 0) throw new Error(`${counts.join(', ')}\n${examples.join('\n')}`)
}

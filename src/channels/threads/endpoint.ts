/**
 * An endpoint is one party's hold on a ring: its seat, what it sends and receives with, and what it knows of
 * the others. The channel owns it. It tries and it judges; it never waits.
 */
import { ChannelClosed, ChannelPeerLost, type Sendable } from '../contract.ts'
import type { PartyOptions, ThreadChannelHandle } from './channel-handle.ts'
import { Lease } from './lease.ts'
import { life, type Resident } from './life.ts'
import { RingReceiver } from './receiver.ts'
import { ending, endingOf, endRing, heldBy, isEmpty, Ring, ringHolds, writersDone } from './ring.ts'
import { lostThread, playRole, roleBit } from './roles.ts'
import { bury, news, READY, rolesOf, type Seat, seatState, stateOf, threadOf } from './roster.ts'
import { RingSender } from './sender.ts'
import { addUp, LOST, loser, lostValues, standUp, takeOver, unfinished } from './tally.ts'
import { type Tell, tellerOf } from './trace.ts'

/** No `news` is this: judge again. */
const UNJUDGED = -1

export class Endpoint implements Resident {
  readonly ring: Ring
  readonly seat: Seat
  readonly name: string
  readonly sender: RingSender
  readonly receiver: RingReceiver
  readonly #writerLease = new Lease()
  readonly #readerLease = new Lease()
  /** What this party has been seen to do. */
  #played = 0
  /** The news at which all was well for receiving, and for sending: while they last, nothing need be judged. */
  #pullNews = 0
  #pushNews = 0
  readonly #leaving: 'stays' | 'closes'
  /** This party has given its seat back: somebody else may sit there. */
  #isRetired: boolean = false
  /** The answer of a `pull` that was `READY`: a value, or why there will be none; of `tallyUp`, the latter. */
  value: Sendable | undefined = undefined
  failure: Error | null = null
  readonly tell: Tell

  constructor(handle: ThreadChannelHandle, seat: Seat, options: PartyOptions) {
    this.ring = new Ring(handle.memory, seat)
    this.seat = seat
    this.name = handle.name
    this.#leaving = options.leaving ?? 'stays'
    this.tell = tellerOf(options.trace, handle.name, this.ring)
    this.sender = new RingSender(this.ring)
    this.receiver = new RingReceiver(this.ring)
    takeOver(this.ring)
    life.watch(this, ringHolds)
  }

  /** Looks for a value. `READY` when there is one in `value`, or never will be because of `failure`. */
  pull(): number {
    this.#play(roleBit.receives)
    this.failure = null
    if (news(this.seat.roster) !== this.#pullNews) return this.#pullJudged()
    this.value = this.receiver.take()
    return this.value === undefined ? this.receiver.waitsFor : READY
  }

  /** Why nothing may be sent, or `null`. */
  pushFailure(): Error | null {
    this.#play(roleBit.sends)
    const now = news(this.seat.roster)
    if (now === this.#pushNews) return null
    const failure = this.#judgeEnding() ?? this.#judgePeers(roleBit.receives)
    this.#pushNews = failure === null ? now : UNJUDGED
    return failure
  }

  /** Why nothing will be received any more, or `null` as long as something may. */
  pullFailure(): Error | null {
    if (news(this.seat.roster) === this.#pullNews || this.readable()) return null
    return this.#judgePull()
  }

  /** Looks whether all is done. `READY` when it is, or never will be because of `failure`; else the set to sleep in. */
  tallyUp(): number {
    const { ring } = this
    this.#play(roleBit.looksOn)
    const how = endingOf(ring)
    this.failure = how === ending.broken ? this.#broken() : this.#judgeSelf()
    if (this.failure !== null) return READY
    if (how === ending.now) this.receiver.stop()
    const found = addUp(ring)
    if (found === READY) return READY
    this.failure = found === LOST ? this.#neverDone() : this.#judgeInside()
    return this.failure === null ? found : READY
  }

  /** Throws where this party has left. */
  checkPresent(): void {
    if (this.#isRetired) throw this.#left()
  }

  /** Whether a `pull` would find a value right now. */
  readable(): boolean {
    if (this.#isRetired || endingOf(this.ring) >= ending.now) return false
    return this.receiver.readable()
  }

  /** Finds out what nobody could tell. Called about once a second while somebody waits. */
  lookUp(): void {
    const { ring, seat } = this
    life.sweep(seat.roster)
    this.#pullNews = UNJUDGED
    this.#pushNews = UNJUDGED
    const { roster } = seat
    const [head, tail] = [
      Atomics.load(ring.words, ring.headAt),
      Atomics.load(ring.words, ring.tailAt),
    ]
    const writerSilent = this.#writerLease.hasRunOut(roster, heldBy(roster, 'writer'), tail)
    const readerSilent = this.#readerLease.hasRunOut(roster, heldBy(roster, 'reader'), head)
    if (writerSilent || readerSilent) endRing(ring, ending.broken)
  }

  /** Gives the seat back. What this party holds is left to whoever finds it. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    const { roster, index } = this.seat
    life.forget(this)
    if (this.#leaving === 'closes') endRing(this.ring, ending.drain)
    this.receiver.stop()
    if (ringHolds(roster, index)) bury(roster, index)
    else standUp(this.ring)
    this.#pullNews = UNJUDGED
    this.#pushNews = UNJUDGED
  }

  #play(role: number): void {
    if ((this.#played & role) !== 0) return
    this.#played |= role
    playRole(this.seat, role)
  }

  #pullJudged(): number {
    const now = news(this.seat.roster)
    this.value = this.#takeJudged()
    if (this.value !== undefined) return READY
    this.failure = this.#judgePull()
    if (this.failure !== null) {
      // Half a message may be left whose sender died: whoever waits for this party to finish it hears of the end.
      this.receiver.stop()
      return READY
    }
    // A closed ring has a last writer at most, whose end is no news.
    if (endingOf(this.ring) === ending.open) this.#pullNews = now
    return this.receiver.waitsFor
  }

  #takeJudged(): Sendable | undefined {
    if (this.#isRetired || endingOf(this.ring) >= ending.now) return undefined
    return this.receiver.take()
  }

  /** The order matters: what nobody will add to and is empty then, stays empty. */
  #judgePull(): Error | null {
    if (endingOf(this.ring) >= ending.now) return this.#judgeEnding()
    const failure = this.#judgeSelf()
    if (failure !== null) return failure
    const end = writersDone(this.ring) ? this.closed() : this.#judgePeers(roleBit.sends)
    return end !== null && isEmpty(this.ring) ? end : null
  }

  #judgeEnding(): Error | null {
    const how = endingOf(this.ring)
    if (how === ending.broken) return this.#broken()
    return how === ending.open ? this.#judgeSelf() : this.closed()
  }

  #judgeSelf(): Error | null {
    const { roster, index } = this.seat
    if (!this.#isRetired && stateOf(roster, index) === seatState.live) return null
    return this.#left()
  }

  #left(): ChannelClosed {
    return new ChannelClosed(`this party has left ${this.name}`)
  }

  /**
   * What is inside is done only if somebody is left to receive it: this party, perhaps. The order matters: what nobody
   * takes from and is not empty then, stays so.
   */
  #judgeInside(): Error | null {
    const { roster, index } = this.seat
    if ((rolesOf(roster, index) & roleBit.receives) !== 0) return null
    const failure = this.#judgePeers(roleBit.receives)
    if (failure === null || isEmpty(this.ring)) return null
    // Or it is thrown away.
    return endingOf(this.ring) < ending.now ? failure : null
  }

  #neverDone(): Error {
    const count = lostValues(this.ring) || unfinished(this.ring)
    const thread = loser(this.ring)
    const values = count === 1 ? '1 value that was' : `${count} values that were`
    return this.#peerLost(`${values} received from ${this.name} will never be done`, thread)
  }

  #judgePeers(role: number): Error | null {
    const thread = lostThread(this.seat, role)
    if (thread === null) return null
    const what = role === roleBit.sends ? 'sender' : 'receiver'
    return this.#peerLost(`${this.name} has no ${what} left`, thread)
  }

  /** `null` is a thread that is not known any more, or that goes on without this channel. */
  #peerLost(what: string, thread: number | null): ChannelPeerLost {
    if (thread === null) return new ChannelPeerLost(`${what}: who had received has left`)
    const cause = life.causeOf(thread)
    const because = cause === null ? '' : `: ${cause.message}`
    return new ChannelPeerLost(
      `${what}: thread ${thread} has ended${because}`,
      cause === null ? undefined : { cause },
    )
  }

  #broken(): Error {
    const owner = heldBy(this.seat.roster, 'writer') || heldBy(this.seat.roster, 'reader')
    const who = owner === 0 ? 'a party' : `thread ${threadOf(this.seat.roster, owner - 1)}`
    return new ChannelPeerLost(`${this.name} is broken: ${who} holds it and gives no sign of life`)
  }

  closed(): ChannelClosed {
    return new ChannelClosed(`${this.name} is closed`)
  }
}

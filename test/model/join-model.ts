/** Small worlds of parties that put, take, say what is done and join, for the explorer; and the law that they keep. */
import assert from 'node:assert/strict'
import type { Ring } from '../../src/channels/threads/ring.ts'
import type { Roster, Seat } from '../../src/channels/threads/roster.ts'
import type { Actor, World } from './explorer.ts'
import { ModelBytes, ModelMemory } from './memory.ts'
import { Receiving } from './ring-receiving.ts'
import { atOnce } from './run.ts'
import { type SharedCode, type SteppingAttempt, until } from './shared-code.ts'
import { plain, type Stepping } from './stepwise.ts'

/**
 * What one party does, in order. `large` goes in parts. Who takes `all` says of each that it is done, up to the end;
 * who takes `one to keep` never does. Who comes `late` has no seat before.
 */
export type JoinDeed =
  | 'put'
  | 'put large'
  | 'take one'
  | 'take one to keep'
  | 'take all'
  | 'join'
  | 'close'
  | 'close now'
  | 'come late'

export interface JoinWorldOptions {
  readonly actors: readonly (readonly JoinDeed[])[]
}

/** Granules of the ring, of a message, and of one that must go in parts. */
const granules = 8
const sizes = { put: 1, 'put large': 4 } as const

/** How a join ended. */
type Verdict = 'done' | 'lost'

/** What a join found last. */
interface Look {
  verdict: Verdict
  isThrownAway: boolean
}

/** Where a party sits, once it does. */
interface Place {
  seat: Seat | null
  readonly sitDown: () => Stepping<Seat | null>
}

export function joinWorld(code: SharedCode, options: JoinWorldOptions): () => World {
  return () => new JoinWorld(code, options).world()
}

class JoinWorld {
  readonly #code: SharedCode
  readonly #options: JoinWorldOptions
  readonly #shared: SharedArrayBuffer
  readonly #memory: ModelMemory
  #views: Ring[] = []
  /** Messages whose writing was over; which of them somebody has said is done, or was about to say. */
  readonly #sent = new Set<number>()
  readonly #done = new Set<number>()
  /** Messages that a join has waited for which is over: nobody may be given one of them any more. */
  readonly #settled = new Set<number>()
  /** Messages that somebody was given and has not said are done. */
  readonly #inHand = new Set<number>()
  readonly #verdicts: Verdict[] = []

  constructor(code: SharedCode, options: JoinWorldOptions) {
    this.#code = code
    this.#options = options
    const { actors } = options
    const seats = actors.filter((deeds) => !deeds.includes('come late')).length
    this.#shared = code.ring.Ring.allocate({ ringBytes: 1024, capacity: 0, seats })
    this.#memory = new ModelMemory(this.#shared)
    const roster = new code.roster.Roster(this.#shared)
    roster.words[roster.ownAt] = granules
  }

  world(): World {
    const actors = this.#options.actors.map((deeds, index) => this.#actor(index, deeds))
    return { memory: this.#memory, actors, verify: (dead) => this.#verify(dead) }
  }

  #actor(index: number, deeds: readonly JoinDeed[]): Actor {
    const { roster } = this.#code
    const view = new roster.Roster(this.#shared)
    Object.assign(view, { words: this.#memory.words })
    const guest = { thread: 1, roles: this.#rolesOf(deeds), state: roster.seatState.live }
    const sitDown = (): Stepping<Seat | null> => roster.join(view, guest, () => false)
    const isLate = deeds.includes('come late')
    const place: Place = { seat: isLate ? null : atOnce(sitDown(), this.#memory.raw), sitDown }
    return {
      name: `party ${index}`,
      run: this.#run(place, index, deeds),
      *afterDeath(): Stepping<void> {
        if (place.seat !== null) yield* roster.bury(view, place.seat.index)
      },
    }
  }

  *#run(place: Place, index: number, deeds: readonly JoinDeed[]): Stepping<void> {
    const isLate = place.seat === null
    place.seat ??= yield* place.sitDown()
    if (place.seat === null) return
    const ring = this.#ringOf(place.seat)
    if (isLate) yield* this.#code.tally.takeOver(ring)
    yield* this.#live(ring, index, deeds)
  }

  #rolesOf(deeds: readonly JoinDeed[]): number {
    const { sends, receives, looksOn } = this.#code.roles.roleBit
    const puts = deeds.some((deed) => deed.startsWith('put')) ? sends : 0
    return puts | (takes(deeds) ? receives : 0) | looksOn
  }

  #ringOf(seat: Seat): Ring {
    const own = new this.#code.ring.Ring(this.#shared, seat)
    Object.assign(own, { bytes: new ModelBytes(own.words, own.dataAt) })
    this.#views = [...this.#views, own]
    return own
  }

  *#live(ring: Ring, index: number, deeds: readonly JoinDeed[]): Stepping<void> {
    const { ring: states, tally } = this.#code
    let number = index * 100
    for (const deed of deeds) {
      if (deed === 'put' || deed === 'put large') yield* this.#put(ring, ++number, sizes[deed])
      else if (deed === 'take all') while (yield* this.#take(ring, 'say done'));
      else if (deed === 'take one') yield* this.#take(ring, 'say done')
      else if (deed === 'take one to keep') yield* this.#take(ring, 'keep')
      else if (deed === 'join') yield* this.#join(ring)
      else if (deed === 'close') yield* states.endRing(ring, states.ending.drain)
      else if (deed === 'close now') yield* states.endRing(ring, states.ending.now)
    }
    yield* tally.standUp(ring)
  }

  *#put(ring: Ring, number: number, size: number): Stepping<void> {
    const { write, parts, ring: states, roster } = this.#code
    const parcel = new parts.Parcel(new Uint8Array(new Int32Array(size * 2).fill(number).buffer), 0)
    const message = {
      room: size * 8,
      tag: 0,
      *fill(_into: Buffer, place: number): Stepping<number> {
        for (let word = 0; word < size * 2; word++) {
          ring.words[ring.dataAt + place / 4 + word] = number
        }
        yield plain('the payload')
        return size * 8
      },
    }
    let isRefused = false
    yield* until(this.#code, ring.seat, {
      *attempt(): Stepping<number> {
        let result = yield* write.writeWhole(ring, message as never)
        if (result === write.LARGE) result = yield* parts.writeParts(ring, parcel)
        isRefused = result === states.ENDED
        return isRefused ? roster.READY : result
      },
    })
    if (!isRefused) this.#sent.add(number)
  }

  /** False when there will be none. */
  *#take(ring: Ring, then: 'say done' | 'keep'): Stepping<boolean> {
    const { ring: states, roster, parts, tally } = this.#code
    const receiving = new Receiving(this.#code, ring)
    yield* until(this.#code, ring.seat, {
      *attempt(): Stepping<number> {
        if ((yield* states.endingOf(ring)) < states.ending.now) return yield* receiving.attempt()
        receiving.number = 0
        yield* parts.stopReading(ring, new parts.Assembly())
        return roster.READY
      },
    })
    const { number } = receiving
    if (number === 0) return false
    assert.ok(!this.#settled.has(number), `${number} is given out after a join that waited for it`)
    this.#inHand.add(number)
    yield plain('the work')
    if (then === 'keep') return true
    this.#inHand.delete(number)
    this.#done.add(number)
    yield* tally.countDone(ring)
    return true
  }

  *#join(ring: Ring): Stepping<void> {
    const { tally, roster, ring: states, roles } = this.#code
    const before = [...this.#sent]
    const last: Look = { verdict: 'done', isThrownAway: false }
    const attempt: SteppingAttempt = {
      *attempt(): Stepping<number> {
        last.isThrownAway = (yield* states.endingOf(ring)) >= states.ending.now
        const found = yield* tally.addUp(ring)
        last.verdict = found === roster.READY ? 'done' : 'lost'
        if (found === roster.READY || found === tally.LOST) return roster.READY
        if ((yield* states.endingOf(ring)) >= states.ending.now) return found
        // What is inside needs somebody who takes it.
        const thread = yield* roles.lostThread(ring.seat, roles.roleBit.receives)
        return thread === null || (yield* states.isEmpty(ring)) ? found : roster.READY
      },
    }
    yield* until(this.#code, ring.seat, attempt)
    this.#verdicts.push(last.verdict)
    if (last.verdict === 'lost') return
    this.#checkJoined(last.isThrownAway ? [...this.#sent] : before)
    // An end may have come in the middle of the last look.
    if ((this.#memory.raw[ring.endingAt] ?? 0) >= states.ending.now) return
    for (const number of before) assert.ok(this.#done.has(number), `${number} is not done`)
  }

  /** Nobody has one of them in hand, and nobody will be given one. */
  #checkJoined(waitedFor: readonly number[]): void {
    for (const number of waitedFor) {
      assert.ok(!this.#inHand.has(number), `${number} is in somebody's hand`)
      this.#settled.add(number)
    }
  }

  #verify(dead: string | null): void {
    if (!this.#verdicts.includes('lost')) return
    const losers = this.#options.actors.filter(
      (deeds, index) =>
        deeds.includes('take one to keep') || (dead === `party ${index}` && takes(deeds)),
    )
    assert.ok(losers.length > 0, 'somebody lost it')
    const [ring] = this.#views
    assert.ok(ring !== undefined)
    const { raw } = this.#memory
    const put = atOnce(this.#code.ring.messagesPut(ring), raw)
    assert.ok(put > this.#doneIn(raw), 'nothing was lost')
  }

  #doneIn(raw: Int32Array): number {
    const { roster, ring } = this.#code
    // It takes no step, which its type does not know.
    const tallyAt = roster.tallyAt as unknown as (roster: Roster, seat: number) => number
    const view = new roster.Roster(this.#shared)
    let sum = 0
    for (let seat = 0; seat < view.seats; seat++) {
      sum += raw[tallyAt(view, seat) + ring.tallied.done] ?? 0
    }
    return sum
  }
}

function takes(deeds: readonly JoinDeed[]): boolean {
  return deeds.some((deed) => deed.startsWith('take'))
}

/** Small worlds of parties around one barrier, for the explorer; and the law that they keep. */
import assert from 'node:assert/strict'
import type { BrokenReason } from '../../src/channels/barrier-contract.ts'
import type { Rounds, Ticket } from '../../src/channels/threads/rounds.ts'
import type { Actor, World } from './explorer.ts'
import { ModelMemory } from './memory.ts'
import { atOnce } from './run.ts'
import { type SharedCode, until, untilRung } from './shared-code.ts'
import { plain, type Stepping } from './stepwise.ts'

/** What one actor does, in order. `give up` waits no longer than it has to look once. */
export type Deed =
  | 'wait'
  | 'arrive'
  | 'give up'
  | 'break'
  | 'reset'
  | 'close'
  | 'register'
  | 'deregister'

export interface BarrierWorldOptions {
  readonly parties: number
  readonly actors: readonly (readonly Deed[])[]
  readonly acts: boolean
}

/** How its parties sleep: as threads that block, or the second of them as one that serves its event loop. */
export const sleepings = ['all block', 'the second awaits'] as const
export type Sleeping = (typeof sleepings)[number]

/** How a wait ended. */
interface Outcome {
  readonly actor: number
  readonly generation: number
  readonly index: number
  readonly reason: BrokenReason | null
}

export function barrierWorld(
  code: SharedCode,
  options: BarrierWorldOptions,
  sleeping: Sleeping,
): () => World {
  return () => new BarrierWorld(code, options, sleeping).world()
}

class BarrierWorld {
  readonly #code: SharedCode
  readonly #options: BarrierWorldOptions
  readonly #sleeping: Sleeping
  readonly #shared: SharedArrayBuffer
  readonly #memory: ModelMemory
  readonly #outcomes: Outcome[] = []
  /** Arrivals that counted, by generation. */
  readonly #arrived = new Map<number, number[]>()
  readonly #acted: number[] = []
  /** Rounds that somebody has passed. */
  readonly #passed = new Set<number>()

  constructor(code: SharedCode, options: BarrierWorldOptions, sleeping: Sleeping) {
    this.#code = code
    this.#options = options
    this.#sleeping = sleeping
    this.#shared = code.rounds.Rounds.allocate(options.parties, options.actors.length)
    this.#memory = new ModelMemory(this.#shared)
  }

  world(): World {
    const actors = this.#options.actors.map((deeds, index) => this.#actor(index, deeds))
    return { memory: this.#memory, actors, verify: (dead) => this.#verify(dead) }
  }

  #actor(index: number, deeds: readonly Deed[]): Actor {
    const { roster, rounds } = this.#code
    const view = new roster.Roster(this.#shared)
    Object.assign(view, { words: this.#memory.words })
    const guest = { thread: 1, roles: 0, state: roster.seatState.live }
    const seat = atOnce(
      roster.join(view, guest, () => false),
      this.#memory.raw,
    )
    assert.ok(seat !== null)
    const own = new rounds.Rounds(seat, { acts: this.#options.acts })
    return {
      name: `party ${index}`,
      run: this.#run(own, index, deeds),
      afterDeath: () => roster.bury(view, seat.index),
    }
  }

  *#run(own: Rounds, actor: number, deeds: readonly Deed[]): Stepping<void> {
    const { rounds } = this.#code
    for (const deed of deeds) {
      const ticket = new rounds.Ticket()
      if (deed === 'wait' || deed === 'give up' || deed === 'arrive') {
        yield* this.#arrive(own, actor, { deed, ticket })
      } else if (deed === 'break') yield* rounds.breakRounds(own, 'aborted')
      else if (deed === 'close') yield* rounds.breakRounds(own, 'closed')
      else if (deed === 'reset') yield* rounds.resetRounds(own)
      else {
        const by = deed === 'register' ? 1 : -1
        const result = yield* rounds.changeParties(own, by, ticket)
        if (result === rounds.ACTING) yield* this.#await(own, ticket)
      }
    }
  }

  *#arrive(
    own: Rounds,
    actor: number,
    { deed, ticket }: { deed: Deed; ticket: Ticket },
  ): Stepping<void> {
    const { rounds } = this.#code
    let result = yield* rounds.arrive(own, ticket)
    const { generation, index } = ticket
    if (result !== rounds.BROKEN) {
      const round = this.#arrived.get(generation) ?? []
      assert.ok(!round.includes(index), `index ${index} twice in round ${generation}`)
      this.#arrived.set(generation, [...round, index])
    }
    const gaveUp =
      deed === 'give up' &&
      result === rounds.roundsSet &&
      (yield* rounds.breakRoundOf(own, ticket, 'timeout'))
    const waits = deed !== 'arrive' || result === rounds.ACTING
    if (waits && result !== rounds.BROKEN && result !== rounds.PASSED) {
      result = yield* this.#await(own, ticket)
    }
    if (result === rounds.PASSED) this.#passed.add(generation)
    assert.ok(!gaveUp || result === rounds.BROKEN, 'a round that was given up is broken')
    if (deed === 'arrive' && result !== rounds.BROKEN) return
    const reason = result === rounds.PASSED ? null : ticket.reason
    this.#outcomes.push({ actor, generation, index, reason })
  }

  /** Waits for the round to be over, and acts when it is due. */
  *#await(own: Rounds, ticket: Ticket): Stepping<number> {
    const { rounds, roster } = this.#code
    let result: number = yield* rounds.spinOn(own, ticket, 1)
    const waiting = {
      *attempt(): Stepping<number> {
        result = yield* rounds.roundOf(own, ticket)
        return result === rounds.roundsSet ? rounds.roundsSet : roster.READY
      },
    }
    const awaits = this.#sleeping === 'the second awaits' && own.seat.index === 1
    if (result === rounds.roundsSet) {
      if (awaits) yield* until(this.#code, own.seat, waiting)
      else yield* untilRung(this.#code, own.roster, waiting)
    }
    if (result !== rounds.ACTING) return result
    assert.ok(!this.#passed.has(ticket.generation), 'nobody passes before the action')
    assert.ok(!this.#acted.includes(ticket.generation), 'one action a round')
    this.#acted.push(ticket.generation)
    yield plain('the action')
    if (yield* rounds.release(own)) return rounds.PASSED
    return yield* rounds.roundOf(own, ticket)
  }

  #verify(dead: string | null): void {
    const { acts, parties, actors } = this.#options
    const isFixed = !actors.flat().some((deed) => deed.endsWith('register'))
    for (const { generation, index, reason } of this.#outcomes) {
      if (reason !== null) continue
      const arrived = this.#arrived.get(generation) ?? []
      assert.ok(index >= 0)
      assert.ok(arrived.includes(0), `round ${generation} has a leader`)
      // Who died just after it had arrived could not tell.
      if (isFixed && dead === null) assert.equal(arrived.length, parties, 'all had arrived')
      if (acts && dead === null) assert.ok(this.#acted.includes(generation), 'the action had run')
    }
    for (const generation of this.#passed) {
      const broken = this.#outcomes.filter(
        (outcome) => outcome.generation === generation && outcome.reason !== null,
      )
      // An arrival that came too late for a broken barrier has the generation that was being filled.
      assert.ok(
        broken.every(({ index }) => index < 0 || !this.#arrived.get(generation)?.includes(index)),
        `round ${generation} was passed by some and broken for others`,
      )
    }
    const wasBroken =
      dead !== null || actors.flat().some((deed) => /break|give up|reset|close/.test(deed))
    if (wasBroken) return
    assert.ok(this.#outcomes.every(({ reason }) => reason === null))
  }
}

/** Small worlds of parties that want permits of one semaphore, for the explorer; and the law that they keep. */
import assert from 'node:assert/strict'
import type { Claim, Holdings } from '../../src/channels/threads/holdings.ts'
import type { Actor, World } from './explorer.ts'
import { ModelMemory } from './memory.ts'
import { atOnce } from './run.ts'
import { type SharedCode, until } from './shared-code.ts'
import { plain, type Stepping } from './stepwise.ts'

export interface HoldingsWorldOptions {
  readonly permits: number
  /** For each actor, how many permits it wants, one after the other. */
  readonly actors: readonly (readonly number[])[]
}

export function holdingsWorld(code: SharedCode, options: HoldingsWorldOptions): () => World {
  return () => new HoldingsWorld(code, options).world()
}

class HoldingsWorld {
  readonly #code: SharedCode
  readonly #options: HoldingsWorldOptions
  readonly #shared: SharedArrayBuffer
  readonly #memory: ModelMemory
  /** What the living hold now, as they see it. */
  readonly #held: number[]
  readonly #done: number[]

  constructor(code: SharedCode, options: HoldingsWorldOptions) {
    this.#code = code
    this.#options = options
    const seats = options.actors.length
    this.#shared = code.holdings.Holdings.allocate({ seats, count: options.permits })
    this.#memory = new ModelMemory(this.#shared)
    this.#held = options.actors.map(() => 0)
    this.#done = options.actors.map(() => 0)
  }

  world(): World {
    const actors = this.#options.actors.map((wants, index) => this.#actor(index, wants))
    return { memory: this.#memory, actors, verify: (dead) => this.#verify(dead) }
  }

  #actor(index: number, wants: readonly number[]): Actor {
    const { roster, holdings } = this.#code
    const view = new roster.Roster(this.#shared)
    Object.assign(view, { words: this.#memory.words })
    const guest = { thread: 1, roles: 0, state: roster.seatState.live }
    const seat = atOnce(
      roster.join(view, guest, () => false),
      this.#memory.raw,
    )
    assert.ok(seat !== null)
    return {
      name: `party ${index}`,
      run: this.#run(new holdings.Holdings(seat), index, wants),
      afterDeath: () => {
        this.#held[index] = 0
        return roster.bury(view, seat.index)
      },
    }
  }

  *#run(own: Holdings, index: number, wants: readonly number[]): Stepping<void> {
    const { holdings } = this.#code
    for (const permits of wants) {
      const claim: Claim = { claim: (seen) => this.#claim(seen, permits) }
      yield* until(this.#code, own.seat, {
        *attempt(): Stepping<number> {
          return yield* holdings.hold(own, claim)
        },
      })
      this.#held[index] = permits
      const sum = this.#held.reduce((left, right) => left + right, 0)
      assert.ok(sum <= this.#options.permits, `${sum} permits are held`)
      yield plain('what the permits are for')
      this.#held[index] = 0
      yield* holdings.letGo(own, 0, this.#options.permits === 1 ? 'one' : 'all')
      this.#done[index] = (this.#done[index] ?? 0) + 1
    }
  }

  #claim({ words, heldAt, countAt, roster }: Holdings, permits: number): number | null {
    let sum = permits
    for (let seat = 0; seat < roster.seats; seat++) sum += words[heldAt + seat] ?? 0
    return sum <= (words[countAt] ?? 0) ? permits : null
  }

  #verify(dead: string | null): void {
    for (const [index, wants] of this.#options.actors.entries()) {
      if (dead === `party ${index}`) continue
      assert.equal(this.#done[index], wants.length, `party ${index} got all it wanted`)
    }
  }
}

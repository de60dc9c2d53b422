/**
 * Runs a few actors over shared memory in every order in which their steps can follow one another, and asks at
 * each end whether the law holds. An end where somebody still sleeps is a lost wake-up. Actors may die between
 * any two steps.
 *
 * States are told apart by the memory and by what each actor has seen so far, which determines where it is; two
 * ways to the same state are followed once. An actor is a generator and cannot be copied, so every branch is run
 * again from the start.
 */
import type { Answer, Step, Stepping } from './stepwise.ts'

export interface Actor {
  readonly name: string
  readonly run: Stepping<void>
  /** What the survivors' world does after its death, at any later time; `null` if it cannot die. */
  readonly afterDeath: (() => Stepping<void>) | null
}

/** One run's world: made anew for each. */
export interface World {
  readonly memory: Int32Array
  readonly actors: readonly Actor[]
  /** Throws if what happened breaks the law. `dead` names who died. */
  verify(dead: readonly string[]): void
}

export interface ExploreOptions {
  readonly start: () => World
  /** How many actors may die in one run. */
  readonly deaths: number
  /** Where to stop; a complete exploration stays below. */
  readonly statesMax: number
}

export interface Explored {
  readonly states: number
  readonly ends: number
  readonly complete: boolean
}

/** A choice made after another: steps of an actor from 0, deaths from `deathBase`. */
interface Choice {
  readonly before: Choice | null
  readonly choice: number
  readonly depth: number
}

const deathBase = 1000
/** A run of this many steps does not come to an end. */
const stepsMax = 5_000

export function explore(options: ExploreOptions): Explored {
  const seen = new Set<string>()
  const open: (Choice | null)[] = [null]
  let ends = 0
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    if (seen.size >= options.statesMax) return { states: seen.size, ends, complete: false }
    const run = new Run(options)
    run.replay(from)
    let last = from
    for (;;) {
      const key = run.key()
      if (seen.has(key)) break
      seen.add(key)
      const [first, ...others] = run.choices()
      if (first === undefined) {
        run.end()
        ends += 1
        break
      }
      const depth = (last?.depth ?? 0) + 1
      if (depth > stepsMax) run.fail(new Error(`no end after ${stepsMax} steps`))
      for (const choice of others) open.push({ before: last, choice, depth })
      last = { before: last, choice: first, depth }
      run.take(first)
    }
  }
  return { states: seen.size, ends, complete: true }
}

type Status = 'ready' | 'asleep' | 'woken' | 'done' | 'dead'

/** An actor under way. */
class Player {
  readonly actor: Actor
  status: Status = 'ready'
  /** The step it is about to take. */
  next: Step | null
  /** A digest of all answers it got: with the code, that is where it is. */
  seen = 0

  constructor(actor: Actor) {
    this.actor = actor
    this.next = null
    this.#advance(actor.run.next())
  }

  answer(answer: Answer): void {
    const digest = typeof answer === 'number' ? answer : answer.length + 7
    this.seen = mix(this.seen, digest)
    this.#advance(this.actor.run.next(answer))
  }

  #advance(result: IteratorResult<Step, void>): void {
    this.status = result.done === true ? 'done' : 'ready'
    this.next = result.done === true ? null : result.value
  }
}

class Run {
  readonly #world: World
  readonly #players: Player[]
  readonly #deaths: number
  readonly #dead: string[] = []
  readonly #trace: string[] = []

  constructor(options: ExploreOptions) {
    this.#world = options.start()
    this.#players = this.#world.actors.map((actor) => new Player(actor))
    this.#deaths = options.deaths
  }

  replay(choice: Choice | null): void {
    const choices: number[] = []
    for (let at = choice; at !== null; at = at.before) choices.push(at.choice)
    for (let at = choices.length - 1; at >= 0; at--) this.take(choices[at] ?? 0)
  }

  choices(): number[] {
    const result: number[] = []
    const mayDie = this.#dead.length < this.#deaths
    this.#players.forEach((player, index) => {
      if (player.status === 'ready' || player.status === 'woken') result.push(index)
      const lives = player.status !== 'dead' && player.status !== 'done'
      if (mayDie && lives && player.actor.afterDeath !== null) result.push(deathBase + index)
    })
    return result
  }

  take(choice: number): void {
    try {
      if (choice >= deathBase) this.#kill(choice - deathBase)
      else this.#step(choice)
    } catch (error) {
      this.fail(error)
    }
  }

  key(): string {
    let low = 0
    let high = 17
    const { memory } = this.#world
    for (let at = 0; at < memory.length; at++) {
      const word = memory[at] ?? 0
      if (word === 0) continue
      low = mix(low, word + at * 31)
      high = mix(high, word * 7 + at)
    }
    for (const player of this.#players) {
      low = mix(mix(low, player.seen), player.status.length)
      high = mix(mix(high, player.status.length), player.seen + 1)
    }
    return `${low},${high}`
  }

  end(): void {
    try {
      const asleep = this.#players.filter((player) => player.status === 'asleep')
      if (asleep.length > 0) {
        throw new Error(`asleep for ever: ${asleep.map((player) => player.actor.name).join(', ')}`)
      }
      this.#world.verify(this.#dead)
    } catch (error) {
      this.fail(error)
    }
  }

  fail(error: unknown): never {
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`${message}\n${this.#trace.join('\n')}`, { cause: error })
  }

  #kill(index: number): void {
    const player = this.#players[index]
    if (player === undefined) return
    this.#trace.push(`${player.actor.name} dies`)
    player.status = 'dead'
    this.#dead.push(player.actor.name)
    const { afterDeath, name } = player.actor
    if (afterDeath === null) return
    this.#players.push(new Player({ name: `after ${name}`, run: afterDeath(), afterDeath: null }))
  }

  #step(index: number): void {
    const player = this.#players[index]
    if (player === undefined || player.next === null) throw new Error('no such step')
    const { next } = player
    if (player.status === 'woken') {
      this.#trace.push(`${player.actor.name}  wakes up`)
      player.answer('ok')
      return
    }
    const answer = this.#perform(player, next)
    this.#trace.push(`${player.actor.name}  ${next.text} = ${answer ?? 'sleeps'}`)
    if (answer === null) player.status = 'asleep'
    else player.answer(answer)
  }

  /** `null` when the actor falls asleep. */
  #perform(player: Player, { operation, words, at, values }: Step): Answer | null {
    const [first = 0, second = 0] = values
    switch (operation) {
      case 'plain':
        return 0
      case 'load':
        return Atomics.load(words, at)
      case 'store':
        return Atomics.store(words, at, first)
      case 'add':
        return Atomics.add(words, at, first)
      case 'sub':
        return Atomics.sub(words, at, first)
      case 'and':
        return Atomics.and(words, at, first)
      case 'or':
        return Atomics.or(words, at, first)
      case 'exchange':
        return Atomics.exchange(words, at, first)
      case 'compareExchange':
        return Atomics.compareExchange(words, at, first, second)
      case 'wait':
        return Atomics.load(words, at) === first ? null : 'not-equal'
      case 'notify':
        return this.#wake(player, at)
      default:
        throw new Error(`no model of Atomics.${operation}`)
    }
  }

  /** All memory is one array, so that a place is an index. */
  #wake(_waker: Player, at: number): number {
    let count = 0
    for (const player of this.#players) {
      if (player.status !== 'asleep' || player.next?.at !== at) continue
      player.status = 'woken'
      count += 1
    }
    return count
  }
}

function mix(digest: number, value: number): number {
  let mixed = Math.imul(digest ^ value, 0x9e3779b1)
  mixed ^= mixed >>> 15
  return Math.imul(mixed, 0x85ebca6b) ^ (value << 7)
}

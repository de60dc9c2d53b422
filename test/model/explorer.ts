/**
 * Runs a few actors over shared memory in every order of their steps that can make a difference, and asks at
 * each end whether the law holds. An end where somebody still sleeps is a lost wake-up.
 *
 * Orders that differ only in steps which touch nothing in common are run once: source sets and sleep sets, after
 * Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction" (2014), algorithm 1. An actor is a
 * generator and cannot be copied, so every order is run from the start.
 *
 * An actor may be made to die after so many of its steps; `exploreDeaths` does that for every number of steps.
 */
import type { Random } from '../../src/base/ports.ts'
import type { Access, ModelMemory } from './memory.ts'
import { Run } from './run.ts'
import type { Stepping } from './stepwise.ts'

export interface Actor {
  readonly name: string
  readonly run: Stepping<void>
  /** What happens in the world at any time after its death. */
  readonly afterDeath: () => Stepping<void>
}

/** One run's world: made anew for each. */
export interface World {
  readonly memory: ModelMemory
  readonly actors: readonly Actor[]
  /** Throws if what happened breaks the law. `dead` names who died. */
  verify(dead: string | null): void
}

export interface Death {
  readonly actor: string
  /** How many steps it takes before. */
  readonly afterSteps: number
}

export interface ExploreOptions {
  readonly start: () => World
  readonly death: Death | null
  /** Where to stop; a complete exploration stays below. */
  readonly runsMax: number
}

export interface Explored {
  /** Orders run to their end. */
  readonly runs: number
  readonly complete: boolean
  /** The most steps that the actor which is to die took in any run. */
  readonly stepsOfMortal: number
}

/** A run of this many steps does not come to an end. */
const stepsMax = 2_000

export function explore(options: ExploreOptions): Explored {
  const frames: Frame[] = []
  let runs = 0
  let stepsOfMortal = 0
  for (;;) {
    if (runs >= options.runsMax) return { runs, complete: false, stepsOfMortal }
    const run = new Run(options.start(), options.death)
    for (const frame of frames) run.take(frame.chosen)
    if (extend(run, frames)) runs += 1
    stepsOfMortal = Math.max(stepsOfMortal, run.stepsOf(options.death?.actor ?? ''))
    if (!backtrack(frames, run)) return { runs, complete: true, stepsOfMortal }
  }
}

/** Explores with the actor dying after none of its steps, after one, and so on to all. `runsMax` is for each. */
export function exploreDeaths(options: Omit<ExploreOptions, 'death'>, actor: string): Explored {
  let runs = 0
  let complete = true
  for (let afterSteps = 0; ; afterSteps++) {
    const explored = explore({ ...options, death: { actor, afterSteps } })
    runs += explored.runs
    complete &&= explored.complete
    // An incomplete exploration may have missed longer runs, but none much longer.
    if (explored.stepsOfMortal < afterSteps) {
      return { runs, complete, stepsOfMortal: explored.stepsOfMortal }
    }
  }
}

/**
 * Every actor stands still once, before each of its steps, until all others can go no further: what a busy machine
 * does to threads. Who goes first among the others is tried in every order, or in so many of them. Few runs, and
 * each far from those that exploring begins with.
 */
export function stall(start: () => World, ordersMax: number): number {
  let runs = 0
  const orders = ordersOf(new Run(start(), null).enabled())
  const stride = Math.ceil(orders.length / ordersMax)
  for (const order of orders.filter((_order, index) => index % stride === 0)) {
    let isLonger = true
    for (let before = 0; isLonger; before++) {
      isLonger = stallOnce(new Run(start(), null), order, before)
      runs += 1
    }
  }
  return runs
}

/** Whoever is to take step `before` comes last from then on. False when the run is over earlier. */
function stallOnce(run: Run, order: readonly number[], before: number): boolean {
  const precedence = [...order]
  for (let enabled = run.enabled(); enabled.length > 0; enabled = run.enabled()) {
    const first = precedence.find((player) => enabled.includes(player))
    if (first === undefined) throw new Error('only who dies brings in somebody new')
    if (run.events.length === before)
      precedence.push(...precedence.splice(precedence.indexOf(first), 1))
    run.take(precedence.find((player) => enabled.includes(player)) ?? first)
    if (run.events.length > stepsMax) run.fail(new Error(`no end after ${stepsMax} steps`))
  }
  run.end()
  return run.events.length > before
}

function ordersOf(players: readonly number[]): number[][] {
  if (players.length < 2) return [[...players]]
  return players.flatMap((first) => {
    const others = players.filter((player) => player !== first)
    return ordersOf(others).map((order) => [first, ...order])
  })
}

export interface WanderOptions {
  readonly start: () => World
  readonly random: Random
  readonly runs: number
  /** Who may die, at most one in a run and at a random step. */
  readonly mortals: readonly string[]
}

/** How many of 32 times the same actor goes on: from a mere mixture to runs where some stand still for long. */
const bursts = [0, 16, 28, 31] as const

/** Runs in random orders: for worlds too large to explore. */
export function wander({ start, random, runs, mortals }: WanderOptions): void {
  for (let count = 0; count < runs; count++) {
    const actor = mortals[random.u32() % Math.max(mortals.length, 1)]
    const death = actor === undefined ? null : { actor, afterSteps: random.u32() % 100 }
    wanderOnce(new Run(start(), death), random, bursts[count % bursts.length] ?? 0)
  }
}

function wanderOnce(run: Run, random: Random, burst: number): void {
  let player = 0
  for (let enabled = run.enabled(); enabled.length > 0; enabled = run.enabled()) {
    if (run.events.length > stepsMax) run.fail(new Error(`no end after ${stepsMax} steps`))
    const goesOn = enabled.includes(player) && random.u32() % 32 < burst
    if (!goesOn) player = enabled[random.u32() % enabled.length] ?? 0
    run.take(player)
  }
  run.end()
}

/** A state along the current run: what was chosen there, and what is still to be. */
class Frame {
  chosen: number
  readonly backtrack: Set<number>
  /** Actors whose next step has been explored from here, with what that step touches. */
  readonly sleep: Map<number, Access>

  constructor(chosen: number, sleep: Map<number, Access>) {
    this.chosen = chosen
    this.backtrack = new Set([chosen])
    this.sleep = sleep
  }
}

/** Runs to the end; false when it turns out to be the same as another order. */
function extend(run: Run, frames: Frame[]): boolean {
  for (;;) {
    const last = frames.at(-1)
    // The choice in the last frame is new.
    if (last !== undefined) findRaces(run, frames)
    const enabled = run.enabled()
    if (enabled.length === 0) {
      run.end()
      return true
    }
    if (frames.length > stepsMax) run.fail(new Error(`no end after ${stepsMax} steps`))
    const sleep = last === undefined ? new Map<number, Access>() : stillAsleep(last, run)
    const chosen = enabled.find((player) => !sleep.has(player))
    if (chosen === undefined) {
      frames.push(new Frame(-1, sleep))
      return false
    }
    frames.push(new Frame(chosen, sleep))
    run.take(chosen)
  }
}

/** Those whose next step does not care about the step just taken: it would lead where another run has been. */
function stillAsleep(from: Frame, run: Run): Map<number, Access> {
  const sleep = new Map<number, Access>()
  for (const [player, access] of from.sleep) {
    if (player !== run.last.player && !access.conflicts(run.last.access)) sleep.set(player, access)
  }
  return sleep
}

/** Makes the run's last step also come before every step that it raced with. */
function findRaces(run: Run, frames: readonly Frame[]): void {
  const { events, last } = run
  for (const index of last.races) {
    const earlier = events[index]
    const frame = frames[index]
    if (earlier === undefined || frame === undefined) continue
    // What came after `earlier` without depending on it, then the last step: its beginners could have gone first.
    const rest = events.slice(index + 1, -1).filter((event) => !event.isAfter(earlier))
    const sequence = [...rest, last]
    const beginners = sequence.filter(
      (event, at) => !sequence.slice(0, at).some((before) => event.isAfter(before)),
    )
    const players = new Set(beginners.map((event) => event.player))
    if ([...players].some((player) => frame.backtrack.has(player))) continue
    const [player] = players
    if (player !== undefined) frame.backtrack.add(player)
  }
}

/** Moves to the deepest state with a choice left; false when there is none. */
function backtrack(frames: Frame[], run: Run): boolean {
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const taken = run.events[frames.length - 1]
    if (taken !== undefined) frame.sleep.set(frame.chosen, taken.access)
    const next = [...frame.backtrack].find((player) => player >= 0 && !frame.sleep.has(player))
    if (next !== undefined) {
      frame.chosen = next
      return true
    }
    frames.pop()
  }
  return false
}

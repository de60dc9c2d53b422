/** One run of a world: takes the steps it is told to, notes what each touched and which others it follows from. */
import type { Actor, Death, World } from './explorer.ts'
import { Access, waitersOf } from './memory.ts'
import type { Answer, Step, Stepping } from './stepwise.ts'

/** A step that was taken. */
class Event {
  readonly player: number
  readonly access: Access
  /** How many steps of each player this one follows from, its own included. */
  readonly clock: number[] = []
  /** Earlier steps, by index, that could have come after this one instead. */
  readonly races: number[] = []
  /** Its place among its player's steps, from 1. */
  readonly number: number

  constructor(player: number, number: number, access: Access) {
    this.player = player
    this.number = number
    this.access = access
  }

  isAfter(other: Event): boolean {
    return (this.clock[other.player] ?? 0) >= other.number
  }

  follow(other: Event): void {
    // Not `for of`: the clock is sparse, and only `forEach` passes over its holes.
    other.clock.forEach((number, player) => {
      this.clock[player] = Math.max(this.clock[player] ?? 0, number)
    })
  }
}

type Status = 'ready' | 'asleep' | 'woken' | 'done'

/** An actor under way. */
class Player {
  readonly name: string
  readonly actor: Actor
  readonly #run: Stepping<void>
  status: Status = 'ready'
  steps = 0
  /** The step it is about to take. */
  next: Step | null = null
  last: Event | null = null
  /** What made it possible for this player to take its next step: a wake-up, or a death. */
  enabledBy: Event | null

  constructor(name: string, actor: Actor, run: Stepping<void>, enabledBy: Event | null) {
    this.name = name
    this.actor = actor
    this.#run = run
    this.enabledBy = enabledBy
    this.advance(null)
  }

  advance(answer: Answer | null): void {
    const result = answer === null ? this.#run.next() : this.#run.next(answer)
    this.status = result.done === true ? 'done' : 'ready'
    this.next = result.done === true ? null : result.value
  }
}

/** Who touched a place last. */
interface Touches {
  writer: number
  readers: number[]
}

export class Run {
  readonly #world: World
  readonly #death: Death | null
  readonly #players: Player[] = []
  readonly #touches = new Map<number, Touches>()
  readonly #trace: string[] = []
  #dead: string | null = null
  readonly events: Event[] = []

  constructor(world: World, death: Death | null) {
    this.#world = world
    this.#death = death
    for (const actor of world.actors) {
      this.#players.push(new Player(actor.name, actor, actor.run, null))
    }
    for (const player of [...this.#players]) this.#mayDie(player, null)
  }

  get last(): Event {
    const last = this.events.at(-1)
    if (last === undefined) throw new Error('no step has been taken')
    return last
  }

  stepsOf(actor: string): number {
    return this.#players.find((player) => player.name === actor)?.steps ?? 0
  }

  /** Players that can take a step. */
  enabled(): number[] {
    const result: number[] = []
    for (const [index, { status }] of this.#players.entries()) {
      if (status === 'ready' || status === 'woken') result.push(index)
    }
    return result
  }

  take(index: number): void {
    const player = this.#players[index]
    if (player === undefined || player.next === null) throw new Error('no such player')
    if (player.status === 'asleep') this.fail(new Error(`${player.name} is asleep`))
    const access = new Access()
    this.#world.memory.access = access
    player.steps += 1
    const event = new Event(index, player.steps, access)
    try {
      this.#step(player, player.next, event)
    } catch (error) {
      this.fail(error)
    }
    this.#order(player, event)
    this.events.push(event)
    this.#mayDie(player, event)
  }

  /** Nobody can take a step any more. */
  end(): void {
    try {
      const asleep = this.#players.filter(({ status }) => status === 'asleep')
      if (asleep.length > 0) {
        throw new Error(`asleep for ever: ${asleep.map(({ name }) => name).join(', ')}`)
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

  #step(player: Player, step: Step, event: Event): void {
    if (player.status === 'woken') {
      this.#trace.push(`${player.name}: wakes up`)
      player.advance('ok')
      return
    }
    const answer = this.#perform(step, event)
    this.#trace.push(`${player.name}: ${step.text} = ${answer ?? 'sleeps'}`)
    if (answer === null) player.status = 'asleep'
    else player.advance(answer)
  }

  /** `null` when the player falls asleep. */
  #perform(step: Step, event: Event): Answer | null {
    const { operation, at } = step
    if (operation === 'plain') return 0
    if (operation === 'notify') {
      event.access.writes.add(waitersOf(at))
      return this.#wake(step, event)
    }
    if (operation === 'load' || operation === 'wait') event.access.reads.add(at)
    else event.access.writes.add(at)
    const answer = perform(step, this.#world.memory.raw)
    if (answer === null) event.access.writes.add(waitersOf(at))
    return answer
  }

  /** Whom, if not all, is nobody's right: the product never says how many. */
  #wake({ at, values }: Step, event: Event): number {
    const [most = this.#players.length] = values
    let count = 0
    for (const player of this.#players) {
      if (count === most) break
      if (player.status !== 'asleep' || player.next?.at !== at) continue
      player.status = 'woken'
      player.enabledBy = event
      count += 1
    }
    return count
  }

  /** Finds what the event follows from, and what it might have gone before. */
  #order(player: Player, event: Event): void {
    const index = this.events.length
    const rivals = new Set<number>()
    for (const place of event.access.reads) {
      const touches = this.#touchesOf(place)
      if (touches.writer >= 0) rivals.add(touches.writer)
      touches.readers.push(index)
    }
    for (const place of event.access.writes) {
      const touches = this.#touchesOf(place)
      if (touches.writer >= 0) rivals.add(touches.writer)
      for (const reader of touches.readers) if (reader !== index) rivals.add(reader)
      touches.writer = index
      touches.readers = []
    }
    const before = [player.last, player.enabledBy].filter((other) => other !== null)
    player.last = event
    player.enabledBy = null
    for (const other of before) event.follow(other)
    // Latest first: an earlier rival that a later one follows from does not race with this event itself.
    for (const rival of [...rivals].sort((left, right) => right - left)) {
      const other = this.events[rival]
      if (other === undefined) continue
      if (!event.isAfter(other)) event.races.push(rival)
      event.follow(other)
    }
    event.clock[event.player] = event.number
  }

  #touchesOf(place: number): Touches {
    const known = this.#touches.get(place)
    if (known !== undefined) return known
    const touches = { writer: -1, readers: [] }
    this.#touches.set(place, touches)
    return touches
  }

  #mayDie(player: Player, last: Event | null): void {
    const death = this.#death
    if (death === null || player.name !== death.actor || player.steps < death.afterSteps) return
    if (player.status === 'done' || this.#dead !== null) return
    this.#trace.push(`${player.name} dies`)
    player.status = 'done'
    this.#dead = player.name
    const run = player.actor.afterDeath()
    this.#players.push(new Player(`after ${player.name}`, player.actor, run, last))
  }
}

/** Takes a step on its own; `null` when it puts its actor to sleep. */
function perform({ operation, at, values }: Step, words: Int32Array): Answer | null {
  const [first = 0, second = 0] = values
  switch (operation) {
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
    default:
      throw new Error(`no model of Atomics.${operation}`)
  }
}

/** Runs steps with nobody between them: for what happens before a run begins. */
export function atOnce<T>(steps: Stepping<T>, words: Int32Array): T {
  let result = steps.next()
  while (result.done !== true) {
    const { operation } = result.value
    const isQuiet = operation === 'notify' || operation === 'plain'
    result = steps.next(isQuiet ? 0 : (perform(result.value, words) ?? 0))
  }
  return result.value
}

/**
 * The one place where a simulation waits for real: until the promises that are ready have all run.
 *
 * Simulated ports settle promises by microtasks alone, so between two simulated events nothing may run
 * but the microtask queue, and all of it has to. A bounded loop of `await null` cannot promise that: a
 * chain of awaits may be longer than the loop. `process.nextTick`, called out of a microtask, can: Node
 * empties the microtask queue before it looks at ticks again, however long the queue grows. It costs
 * 0.2 us where a turn of the event loop costs 1 us (inside node:test, which follows every tick, 2 us).
 * Now and then a real turn is taken all the same, so that a test's own time limit and an interrupt get
 * their chance; no simulated thing can see it.
 */
import { setImmediate } from 'node:timers'

/** One drain in so many gives the event loop a turn: often enough for an interrupt, too seldom to cost. */
const DRAINS_PER_TURN = 4_096

/** Drains before something is called stuck: two seconds of real time, far more tasks than any recovery has. */
const DRAINS_MAX = 1_000_000

let drains = 0

/** Resolves when no promise is ready any more but this one. Call it with `await` only. */
export function drained(): Promise<void> {
  drains++
  if (drains % DRAINS_PER_TURN === 0) return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => process.nextTick(resolve))
}

/** What was awaited waits itself for something that nothing will bring. */
export class Stuck extends Error {
  override readonly name = 'Stuck'
}

/** The value of a promise that simulated things alone settle; rejects with `Stuck` if they never do. */
export async function settled<T>(
  promise: Promise<T>,
  what: string,
  drainsMax: number = DRAINS_MAX,
): Promise<T> {
  let isPending: boolean = true
  const settle = (): void => {
    isPending = false
  }
  promise.then(settle, settle)
  // Two drains at least: the first may begin outside a microtask and end too early.
  for (let count = 0; count < drainsMax && (isPending || count < 2); count++) await drained()
  if (isPending) throw new Stuck(`${what} waits for something that will never come`)
  return promise
}

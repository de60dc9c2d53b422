/**
 * A turn is the stretch between two macrotasks. Waits that need not wait settle in microtasks, and two loops
 * that always find a value or room would keep timers and sockets out for ever; so all primitives of one
 * scheduler share an allowance per turn, and once it is spent every further one settles in the next turn.
 */
import type { Scheduler } from '../base/ports.ts'

/**
 * Waits that may settle within one turn without having waited. At some 0.2 microseconds each that is a
 * quarter of a millisecond, and the one macrotask it costs disappears among a thousand.
 */
export const waitsPerTurn = 1024

/** What every wait that is already over answers: one promise for all of them. */
export const done: Promise<void> = Promise.resolve()

const turns = new WeakMap<Scheduler, Turn>()

export class Turn {
  /** Waits that this turn still allows. Below one, `next` is what they settle with. */
  #left = waitsPerTurn
  #next: Promise<void> | null = null
  readonly #scheduler: Scheduler

  private constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** The turn of this scheduler, shared by all that use it. */
  static of(scheduler: Scheduler): Turn {
    const known = turns.get(scheduler)
    if (known !== undefined) return known
    const turn = new Turn(scheduler)
    turns.set(scheduler, turn)
    return turn
  }

  /** A wait that is over. */
  over(): Promise<void> {
    if (this.#left > 0) {
      this.#left -= 1
      return done
    }
    return this.#wait()
  }

  /** A wait that is over with this value. */
  with<T>(value: T): Promise<T> {
    if (this.#left > 0) {
      this.#left -= 1
      return Promise.resolve(value)
    }
    return this.#wait().then(() => value)
  }

  /** Ends somebody else's wait: now, or in the next turn. */
  settle(task: () => void): void {
    if (this.#left > 0) {
      this.#left -= 1
      task()
    } else {
      void this.#wait().then(task)
    }
  }

  #wait(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      this.#scheduler.soon(() => {
        this.#left = waitsPerTurn
        this.#next = null
        resolve()
      })
    })
    return this.#next
  }
}

/**
 * A world for rules: time stands still until the test moves it, and then by exactly as much as the test says.
 * For laws under chance there is seeded-world.ts.
 */
import { Heap, type Heaped } from '../../src/base/heap.ts'
import type { Clock, Random, Scheduler, Timer } from '../../src/base/ports.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { Ring } from '../../src/base/ring.ts'
import type { Ports } from '../../src/channels/contract.ts'

class Alarm implements Timer, Heaped {
  key = 0
  order = 0
  slot = -1
  readonly task: () => void
  readonly #heap: Heap<Alarm>

  constructor(heap: Heap<Alarm>, task: () => void) {
    this.#heap = heap
    this.task = task
  }

  cancel(): void {
    if (this.slot >= 0) this.#heap.remove(this)
  }
}

export class Clockwork implements Ports {
  readonly random: Random
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly #soon: Ring<() => void> = new Ring()
  readonly #alarms: Heap<Alarm> = new Heap()
  /** What tasks threw: nothing is swallowed. */
  readonly errors: unknown[] = []
  nowMs = 0

  constructor() {
    this.random = new SeededRandom(1)
    this.clock = { wallMs: () => this.nowMs, monotonicMs: () => this.nowMs }
    this.scheduler = {
      soon: (task) => this.#soon.push(task),
      after: (delayMs, task) => {
        const alarm = new Alarm(this.#alarms, task)
        this.#alarms.push(alarm, this.nowMs + delayMs)
        return alarm
      },
    }
  }

  /** Timers that are set: an ended wait may leave none. */
  get timers(): number {
    return this.#alarms.size
  }

  /** Lets everything happen that can happen without time passing. */
  async settle(): Promise<void> {
    await drainMicrotasks()
    for (let task = this.#soon.shift(); task !== undefined; task = this.#soon.shift()) {
      this.#run(task)
      await drainMicrotasks()
    }
  }

  /** Lets so much time pass, with everything that becomes due. */
  async advance(forMs: number): Promise<void> {
    const endMs = this.nowMs + forMs
    await this.settle()
    for (let alarm = this.#alarms.peek(); alarm !== null && alarm.key <= endMs; ) {
      await this.#ring(alarm)
      alarm = this.#alarms.peek()
    }
    this.nowMs = endMs
  }

  /** Lets time pass until nothing is set any more. */
  async run(): Promise<void> {
    await this.settle()
    for (let alarm = this.#alarms.peek(); alarm !== null; alarm = this.#alarms.peek()) {
      await this.#ring(alarm)
    }
  }

  /** Runs the world until the promise settles, and answers it. Rejects where the world stops before. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const watched = promise.finally(() => {
      settled = true
    })
    watched.catch(() => {})
    await this.settle()
    for (let alarm = this.#alarms.peek(); !settled && alarm !== null; alarm = this.#alarms.peek()) {
      await this.#ring(alarm)
    }
    if (!settled) throw new Error('the world came to rest, and the promise is still pending')
    return watched
  }

  /** Resolves after so much simulated time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.after(delayMs, resolve)
    })
  }

  async #ring(alarm: Alarm): Promise<void> {
    this.#alarms.remove(alarm)
    this.nowMs = Math.max(this.nowMs, alarm.key)
    this.#run(alarm.task)
    await this.settle()
  }

  #run(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.errors.push(error)
    }
  }
}

/** The real event loop comes to a macrotask only when no microtask is left. */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

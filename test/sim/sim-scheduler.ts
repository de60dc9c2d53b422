/**
 * The only source of wake-ups in a simulation: it owns the simulated clock, runs one task at a time, and lets
 * every promise settle before the next. One seed is one run: nothing but its own draws decides an order.
 *
 * What a seed may choose is what a real event loop leaves open: whether a task asked for `soon` or a timer that
 * is due comes first, and when the loop stalls (a collection, a busy neighbour), so that many timers are late
 * together. What the port promises, the order of asking within each of the two, no seed breaks.
 */
// A broker loads this one when it opens a directory: here before time stands still, which waits for no file.
import '../../src/journal/journal.ts'
import { assert } from '../../src/base/assert.ts'
import { Heap, type Heaped } from '../../src/base/heap.ts'
import type { Random, Scheduler, Timer } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'
import { Ring } from '../../src/base/ring.ts'
import { mix } from './disk-content.ts'
import type { SimClock } from './sim-clock.ts'
import { drained, Stuck } from './turn.ts'

/** The grain of simulated time: a binary fraction, so that sums and differences of times are exact. */
const GRAIN_MS: number = 1 / 1_024

/** What a task takes: about a microsecond, and never nothing, or a chain of `soon` would stop the clock. */
const TASK_MS: number = GRAIN_MS

/** Tasks of one run: far above any test that still ends in reasonable time. */
const TASKS_MAX = 50_000_000

/** Names of tasks in the messages of errors. */
const NAMED_MAX = 10

export interface SimSchedulerOptions {
  readonly clock: SimClock
  /** Decides what the loop leaves open; without, the order is that of asking and nothing stalls. */
  readonly random?: Random
  /** Before one task in so many the loop stalls for up to `msMax`. */
  readonly stall?: { readonly oneIn: number; readonly msMax: number }
}

export interface RunLimits {
  /** More tasks than this are a runaway loop. */
  readonly tasksMax?: number
}

/** What is still to come, for messages and for tests that look for leaks. */
export interface PendingTask {
  readonly label: string
  readonly dueMs: number
}

/** The run was over and somebody still had a timer: its owner did not clean up. */
export class TimerLeak extends Error {
  override readonly name = 'TimerLeak'
}

class Task implements Timer, Heaped {
  key = 0
  order = 0
  slot = -1
  readonly id: number
  readonly dueMs: number
  readonly run: () => void
  /** Whose it is: what the world still has under way when a run ends is nobody's leak. */
  readonly owner: 'product' | 'world'
  readonly #timers: Timers

  constructor(timers: Timers, task: Pick<Task, 'id' | 'dueMs' | 'run' | 'owner'>) {
    this.#timers = timers
    this.owner = task.owner
    this.id = task.id
    this.dueMs = task.dueMs
    this.run = task.run
  }

  cancel(): void {
    this.#timers.remove(this)
  }
}

/** Timers by due time, and all of them by name for whoever asks what is left. */
class Timers {
  readonly #heap = new Heap<Task>()
  readonly #live = new Set<Task>()

  get first(): Task | null {
    return this.#heap.peek()
  }

  add(task: Task): void {
    this.#heap.push(task, task.dueMs)
    this.#live.add(task)
  }

  shift(): Task | null {
    const task = this.#heap.shift()
    if (task !== null) this.#live.delete(task)
    return task
  }

  remove(task: Task): void {
    if (this.#live.delete(task)) this.#heap.remove(task)
  }

  sorted(): readonly Task[] {
    return [...this.#live].sort((left, right) => left.dueMs - right.dueMs || left.id - right.id)
  }
}

export class SimScheduler implements Scheduler {
  readonly #clock: SimClock
  readonly #random: Random | null
  readonly #stall: { readonly oneIn: number; readonly msMax: number } | null
  readonly #soon = new Ring<Task>()
  readonly #timers = new Timers()
  #asked = 0
  #ran = 0
  #trace = 0
  #isRunning: boolean = false

  constructor({ clock, random, stall }: SimSchedulerOptions) {
    assert(stall === undefined || random !== undefined, 'stalls are drawn: they need a random')
    this.#clock = clock
    this.#random = random ?? null
    this.#stall = stall ?? null
  }

  /** Tasks that ran so far. */
  get taskCount(): number {
    return this.#ran
  }

  /** Stirred from every task's time and number, and from every `note`: equal for equal runs. */
  get traceHash(): number {
    return this.#trace >>> 0
  }

  /** Stirs an event of a simulated port into the trace. */
  note(event: number): void {
    this.#trace = mix(this.#trace, event)
  }

  soon(task: () => void): void {
    this.#soon.push(this.#task(0, task, 'product'))
  }

  after(delayMs: number, task: () => void): Timer {
    assert(delayMs >= 0, 'a delay is not negative')
    const timer = this.#task(delayMs, task, 'product')
    this.#timers.add(timer)
    return timer
  }

  /** As `after`, for the simulated network: bytes under way when a run ends are nobody's leak. */
  afterInWorld(delayMs: number, task: () => void): void {
    assert(delayMs >= 0, 'a delay is not negative')
    const timer = this.#task(delayMs, task, 'world')
    this.#timers.add(timer)
  }

  /** What the product has asked for and has not run, the next first. */
  pending(): readonly PendingTask[] {
    const all = [...this.#soon, ...this.#timers.sorted()]
    const tasks = all.filter(({ owner }) => owner === 'product')
    return tasks.map(({ run, dueMs }) => ({ label: run.name || 'unnamed', dueMs }))
  }

  /** Runs tasks, moving time on, until there are none. */
  runUntilIdle(limits: RunLimits = {}): Promise<void> {
    return this.#exclusively(async () => {
      const tasksMax = this.#ran + (limits.tasksMax ?? TASKS_MAX)
      await settle()
      while (this.#step(tasksMax)) await drained()
    })
  }

  /** Moves time on by so much, and runs what is due until then. */
  advance(byMs: number): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + byMs
    return this.#exclusively(async () => {
      await settle()
      while (this.#nextMs() <= untilMs) {
        this.#step(Number.POSITIVE_INFINITY)
        await drained()
      }
      if (this.#clock.monotonicMs() < untilMs) this.#clock.moveTo(untilMs)
    })
  }

  /**
   * Runs `main` and whatever it needs to its end. Rejects with what `main` or a task threw; with `Stuck` when
   * `main` waits and nothing is due; with `TimerLeak` when timers are left after it.
   */
  run<T>(main: () => Promise<T>, limits: RunLimits = {}): Promise<T> {
    return this.#exclusively(async () => {
      const tasksMax = this.#ran + (limits.tasksMax ?? TASKS_MAX)
      let isPending: boolean = true
      const promise = main()
      const end = (): void => {
        isPending = false
      }
      promise.then(end, end)
      await settle()
      while (isPending) {
        if (!this.#step(tasksMax)) throw new Stuck(`${this.#when()}: it waits, and nothing is due`)
        await drained()
      }
      const value = await promise
      while (this.#soon.size > 0) {
        this.#step(tasksMax)
        await drained()
      }
      this.refuseLeaks()
      return value
    })
  }

  /** Throws if the product still has something to come. */
  refuseLeaks(): void {
    const left = this.pending()
    if (left.length === 0) return
    const named = left.slice(0, NAMED_MAX).map(({ label, dueMs }) => `${label} at ${dueMs} ms`)
    throw new TimerLeak(`${this.#when()}: ${left.length} left behind: ${named.join(', ')}`)
  }

  #task(delayMs: number, run: () => void, owner: Task['owner']): Task {
    this.#asked++
    const dueMs = this.#clock.monotonicMs() + Math.ceil(delayMs / GRAIN_MS) * GRAIN_MS
    return new Task(this.#timers, { id: this.#asked, dueMs, run, owner })
  }

  /** When the next task is due; `Infinity` when there is none. */
  #nextMs(): number {
    const soonMs = this.#soon.peek()?.dueMs ?? Number.POSITIVE_INFINITY
    return Math.min(soonMs, this.#timers.first?.dueMs ?? Number.POSITIVE_INFINITY)
  }

  /** Runs the next task; `false` when there is none. */
  #step(tasksMax: number): boolean {
    const task = this.#take()
    if (task === null) return false
    if (this.#ran >= tasksMax) throw new Stuck(`${this.#when()}: more tasks than the run may have`)
    this.#ran++
    const startMs = Math.max(this.#clock.monotonicMs() + TASK_MS, task.dueMs)
    this.#clock.moveTo(startMs)
    this.#trace = mix(mix(this.#trace, startMs / GRAIN_MS), task.id)
    task.run()
    return true
  }

  #take(): Task | null {
    if (
      this.#random !== null &&
      this.#stall !== null &&
      this.#nextMs() !== Number.POSITIVE_INFINITY
    ) {
      if (below(this.#random, this.#stall.oneIn) === 0) {
        const stallMs = below(this.#random, this.#stall.msMax / GRAIN_MS) * GRAIN_MS
        this.#clock.moveTo(this.#clock.monotonicMs() + stallMs)
      }
    }
    const soon = this.#soon.peek() ?? null
    const timer = this.#timers.first
    if (soon === null) return this.#timers.shift()
    if (timer === null) return this.#soon.shift() ?? null
    return this.#isTimerFirst(timer, soon) ? this.#timers.shift() : (this.#soon.shift() ?? null)
  }

  #isTimerFirst(timer: Task, soon: Task): boolean {
    if (timer.dueMs > this.#clock.monotonicMs()) return false
    if (this.#random !== null) return below(this.#random, 2) === 0
    return timer.dueMs < soon.dueMs || (timer.dueMs === soon.dueMs && timer.id < soon.id)
  }

  #when(): string {
    return `after ${this.#ran} tasks, at ${this.#clock.monotonicMs().toFixed(3)} ms`
  }

  async #exclusively<T>(body: () => Promise<T>): Promise<T> {
    assert(!this.#isRunning, 'a scheduler drives one run at a time')
    this.#isRunning = true
    try {
      return await body()
    } finally {
      this.#isRunning = false
    }
  }
}

/** The first drain of a run may begin outside a microtask and end too early; the second cannot. */
async function settle(): Promise<void> {
  await drained()
  await drained()
}

/**
 * A desk is where the asynchronous calls of one party wait for shared memory to change. It sleeps like
 * sleep.ts, steps S1 to S4, but with `Atomics.waitAsync`, once for all calls of the party together. It belongs
 * to the object that the calls are made on; it keeps their order and knows nothing of what they want.
 *
 * A busy party first polls for a few turns of the event loop: as long as messages keep coming, nobody has to
 * wake anybody. One where nobody waits has no timer and no pending wait, and keeps no process alive.
 */
import { assert } from '../../base/assert.ts'
import { NodeScheduler } from '../../node/scheduler.ts'
import type { WaitOptions } from '../contract.ts'
import { Turn } from '../turn.ts'
import { type Waiter, WaitList } from '../waiter.ts'
import { lamp } from './lamp.ts'
import { threadLimits } from './limits.ts'
import { announce, NONE, READY, retract, type Seat, wakeOne } from './roster.ts'

/** One per thread; it has no state. */
export const scheduler: NodeScheduler = new NodeScheduler()
/** What every asynchronous primitive of this thread shares, so that none starves the event loop. */
export const turn: Turn = Turn.of(scheduler)

const nothing = (): void => undefined

/** What a line needs to know of the calls that wait in it. */
export interface LineOptions<W extends Waiter> {
  /** Tries to satisfy one. `READY` when it has left, with whatever answer; else the set to sleep in. */
  readonly serve: (waiter: W) => number
  /** Whether those who wait here keep the process alive. */
  readonly keepsAlive: boolean
}

/** What a desk is told of a line. */
interface Changes<L> {
  /** Nobody waits in it any more. */
  emptied(line: L): void
  /** Its first has left without having been served; another is the first now. */
  advanced(): void
}

/** Those who wait, with somebody who hears of it when the first leaves. */
class Queue<W extends Waiter> extends WaitList<W> {
  readonly #left: (next: W | null) => void

  constructor(left: (next: W | null) => void) {
    super()
    this.#left = left
  }

  override remove(waiter: W): void {
    const wasFirst = waiter === this.head
    super.remove(waiter)
    if (wasFirst) this.#left(this.head)
  }
}

/** Calls of one kind, first come first served: the second has no chance before the first. */
export class Line<W extends Waiter> {
  readonly waiters: WaitList<W>
  readonly serve: (waiter: W) => number
  readonly keepsAlive: boolean
  /** The set in which the seat's bit stands for this line. */
  announced: number = NONE
  /** The set of a wake-up that was handed to this line and is not used yet. */
  called: number = NONE
  #isServing: boolean = false

  constructor(options: LineOptions<W>, changes: Changes<Line<W>>) {
    this.serve = options.serve
    this.keepsAlive = options.keepsAlive
    this.waiters = new Queue<W>((next) => {
      if (next === null) changes.emptied(this)
      else if (!this.#isServing) changes.advanced()
    })
  }

  /** Serves those who wait, in order. `READY` when nobody waits any more; else the set that the first sleeps in. */
  serveAll(): number {
    this.#isServing = true
    try {
      for (;;) {
        const first = this.waiters.head
        if (first === null) return READY
        const { called } = this
        this.called = NONE // used by the first, unless it cannot be served
        const set = this.serve(first)
        if (set === READY) continue
        this.called = called
        return set
      }
    } finally {
      this.#isServing = false
    }
  }
}

/** A line as its desk sees it: how many wait, never who. */
interface AnyLine {
  readonly waiters: { readonly size: number }
  readonly keepsAlive: boolean
  announced: number
  called: number
  serveAll(): number
}

export class Desk {
  readonly #seat: Seat
  /** Called about once a second while somebody waits. */
  readonly #lookUp: () => void
  readonly #lines: AnyLine[] = []
  /** Lines in which somebody waits. */
  #busy = 0
  /** The epoch that the pending wait was started with; a wait for another epoch is over, or about to be. */
  #epoch = 0
  #isPending: boolean = false
  /** Turns of the loop still to poll before sleeping. */
  #hot = 0
  #isPolling: boolean = false

  constructor(seat: Seat, lookUp: () => void) {
    this.#seat = seat
    this.#lookUp = lookUp
  }

  /** `emptied` is called whenever nobody waits there any more. */
  line<W extends Waiter>(options: LineOptions<W>, emptied: () => void = nothing): Line<W> {
    const line = new Line<W>(options, {
      emptied: () => {
        this.#emptied(line)
        emptied()
      },
      advanced: () => this.#advanced(),
    })
    this.#lines.push(line)
    return line
  }

  /** Lets a call wait that could not be served at once. */
  enter<W extends Waiter>(line: Line<W>, waiter: W, options: WaitOptions | undefined): void {
    const wasEmpty = line.waiters.size === 0
    line.waiters.push(waiter)
    if (wasEmpty) this.#occupied(line)
    waiter.arm(options, scheduler)
    if (wasEmpty && line.waiters.size > 0) this.#serve()
  }

  /** Serves again: something has happened in this thread that may concern those who wait. */
  refresh(): void {
    if (this.#busy > 0) this.#woken()
  }

  /** Called by the lamp. */
  lookUp(): void {
    this.#lookUp()
    this.refresh()
  }

  #occupied(line: AnyLine): void {
    if (this.#busy === 0) lamp.add(this)
    this.#busy += 1
    if (line.keepsAlive) lamp.hold()
  }

  #emptied(line: AnyLine): void {
    this.#hush(line)
    this.#pass(line)
    this.#busy -= 1
    assert(this.#busy >= 0, 'a line is left by those who entered it')
    if (line.keepsAlive) lamp.release()
    if (this.#busy === 0) lamp.delete(this)
  }

  /** What the first could not use the next may; but only once the first has put down what it held. */
  #advanced(): void {
    if (this.#isPolling) return
    this.#isPolling = true
    scheduler.soon(() => this.#polled())
  }

  /**
   * Takes back what was announced for a line; a wake-up handed over meanwhile is the line's. One bit stands for all
   * lines that sleep for the same reason: the last of them takes it back.
   */
  #hush(line: AnyLine): void {
    const { announced } = line
    line.announced = NONE
    if (announced === NONE || this.#isAnnounced(announced)) return
    if (retract(this.#seat, announced)) line.called = announced
  }

  #isAnnounced(set: number): boolean {
    return this.#lines.some((line) => line.announced === set)
  }

  /** Hands a wake-up on that the line has no use for. */
  #pass(line: AnyLine): void {
    const { called } = line
    line.called = NONE
    if (called !== NONE) wakeOne(this.#seat.roster, called)
  }

  #woken(): void {
    for (const line of this.#lines) this.#hush(line)
    this.#serve()
  }

  #serve(): void {
    const epoch = Atomics.load(this.#seat.roster.words, this.#seat.epochAt) // S1
    let sleeps = false
    for (const line of this.#lines) {
      if (line.waiters.size > 0 && this.#serveLine(line)) sleeps = true
      else this.#pass(line)
    }
    if (sleeps) this.#sleep(epoch)
  }

  /** True when its first has to sleep. */
  #serveLine(line: AnyLine): boolean {
    for (;;) {
      const before = line.waiters.size
      const set = line.serveAll() // S3, once it is announced
      if (line.waiters.size < before) this.#hot = threadLimits.hotTurns
      if (set === READY) return false
      if (line.called !== set) this.#pass(line)
      line.called = NONE
      if (set === line.announced) return true
      if (this.#hot > 0) {
        this.#poll()
        return false
      }
      this.#hush(line)
      // Where another line has said so, the bit is set, or a wake-up is on its way to them all: it is not to be hidden.
      if (!this.#isAnnounced(set)) announce(this.#seat, set) // S2
      line.announced = set
    }
  }

  #poll(): void {
    if (this.#isPolling) return
    this.#isPolling = true
    this.#hot -= 1
    scheduler.soon(() => this.#polled())
  }

  #polled(): void {
    this.#isPolling = false
    if (this.#busy > 0) this.#serve()
  }

  /** S4. */
  #sleep(epoch: number): void {
    if (this.#isPending && this.#epoch === epoch) return
    const { words } = this.#seat.roster
    const wait = Atomics.waitAsync(words, this.#seat.epochAt, epoch)
    this.#isPending = true
    this.#epoch = epoch
    const over = (): void => {
      if (this.#epoch === epoch) this.#isPending = false
      if (this.#busy > 0) this.#woken()
    }
    if (wait.async) void wait.value.then(over)
    else queueMicrotask(over)
  }
}

/**
 * A desk is where the asynchronous calls of one party wait for shared memory to change. It sleeps like
 * sleep.ts, steps S1 to S4, but with `Atomics.waitAsync`, once for all calls of the party together. It belongs
 * to the object that the calls are made on; it knows their order and nothing of what they want.
 *
 * A busy party first polls for a few turns of the event loop: as long as messages keep coming, nobody has to
 * wake anybody. One that has nothing to wait for has no timer, no pending wait and keeps no process alive.
 */
import { NodeScheduler } from '../../node/scheduler.ts'
import type { WaitOptions } from '../contract.ts'
import { type Waiter, WaitList } from '../waiter.ts'
import { lamp } from './lamp.ts'
import { threadLimits } from './limits.ts'
import { announce, NONE, READY, retract, type Seat, wakeOne } from './roster.ts'

/** One per thread; it has no state. */
export const scheduler: NodeScheduler = new NodeScheduler()

/** Calls of one kind, first come first served: the second has no chance before the first. */
export class Line<W extends Waiter> {
  readonly waiters: WaitList<W>
  /** Whether those who wait here keep the process alive. */
  readonly keepsAlive: boolean
  /** Tries to satisfy one. `READY` when it has left, with whatever answer; else the set to sleep in. */
  readonly serve: (waiter: W) => number
  /** The set in which the desk's bit stands for this line. */
  announced: number = NONE
  /** The set of a wake-up that was handed over and is not used yet. */
  called: number = NONE

  constructor(serve: (waiter: W) => number, emptied: () => void, keepsAlive: boolean) {
    this.serve = serve
    this.keepsAlive = keepsAlive
    this.waiters = new WaitList<W>(emptied)
  }
}

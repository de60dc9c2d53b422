/**
 * A world for laws: the seed decides every pause, which of two ready tasks comes first, and when the event
 * loop stalls, so that timers are late together. A run that leaves a timer behind fails.
 */
import type { Random } from '../../src/base/ports.ts'
import { below, SeededRandom } from '../../src/base/random.ts'
import type { Ports } from '../../src/channels/contract.ts'
import { SimClock } from '../sim/sim-clock.ts'
import { SimScheduler } from '../sim/sim-scheduler.ts'

export class SeededWorld implements Ports {
  readonly random: Random
  readonly clock: SimClock = new SimClock()
  readonly scheduler: SimScheduler

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    const stall = { oneIn: 20, msMax: 5 }
    this.scheduler = new SimScheduler({ clock: this.clock, random: this.random, stall })
  }

  /** Runs the world to the end of what `main` starts, and answers its value. */
  run<T>(main: () => Promise<T>): Promise<T> {
    return this.scheduler.run(main)
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.after(delayMs, resolve)
    })
  }

  /** A moment of chance: none, a turn of the loop, or a few milliseconds. */
  async pause(): Promise<void> {
    const kind = below(this.random, 4)
    if (kind === 0) await new Promise<void>((resolve) => this.scheduler.soon(resolve))
    if (kind === 1) await this.sleep(below(this.random, 4))
  }
}

/** A crew with simulated workers in simulated time, and what its tests ask of it. */
import { SeededRandom } from '../../src/base/random.ts'
import { Crew, type CrewOptions } from '../../src/pool/crew.ts'
import type { PoolEvent } from '../../src/pool/tally.ts'
import { SimClock } from '../sim/sim-clock.ts'
import { SimScheduler } from '../sim/sim-scheduler.ts'
import { SimWorkers, type SimWorkersOptions } from './sim-workers.ts'

export type CrewWorldOptions = Partial<CrewOptions> &
  Pick<SimWorkersOptions, 'starts' | 'deaf'> & { readonly seed?: number }

export class CrewWorld {
  readonly clock: SimClock
  readonly scheduler: SimScheduler
  readonly workers: SimWorkers
  readonly crew: Crew
  readonly events: PoolEvent[] = []

  constructor(options: CrewWorldOptions = {}) {
    const { seed = 1, starts, deaf, ...crew } = options
    const random = new SeededRandom(seed)
    this.clock = new SimClock()
    this.scheduler = new SimScheduler({ clock: this.clock, random })
    this.workers = new SimWorkers({
      scheduler: this.scheduler,
      random,
      ...(starts === undefined ? {} : { starts }),
      ...(deaf === undefined ? {} : { deaf }),
    })
    this.crew = new Crew({
      kind: this.workers,
      size: 2,
      aheadMax: 4,
      queueMax: 100,
      callsMax: Number.POSITIVE_INFINITY,
      memoryBytesMax: Number.POSITIVE_INFINITY,
      startTimeoutMs: 1_000,
      stopTimeoutMs: 100,
      clock: this.clock,
      scheduler: this.scheduler,
      onEvent: (event) => this.events.push(event),
      ...crew,
    })
  }

  /** Lets everything happen until nothing more would. */
  settle(): Promise<void> {
    return this.scheduler.runUntilIdle()
  }

  /** How the workers that ended did. */
  get ends(): string[] {
    return this.events.flatMap((event) => (event.kind === 'worker-ended' ? [event.why] : []))
  }
}

/**
 * A Fetch that waits for more: it watches its partitions and its time, looks again once a commit, and
 * lets go of everything when it is over. It knows nothing of what is fetched.
 */
import type { Timer } from '../../base/ports.ts'
import type { PartitionWatcher } from '../../broker/partitions.ts'
import type { Partition } from '../../machine/partition.ts'
import type { Gateway } from './gateway.ts'

export interface FetchWaitOptions {
  readonly partitions: readonly Partition[]
  readonly waitMs: number
  /** Answers whether the wait is over; after `time` it is, whatever it answers. */
  readonly check: (why: 'appended' | 'time') => boolean
}

export class FetchWait implements PartitionWatcher {
  readonly #gateway: Gateway
  readonly #options: FetchWaitOptions
  #timer: Timer | null = null
  /** Will look at the end of this turn. */
  #isPlanned = false
  #isOver = false

  constructor(gateway: Gateway, options: FetchWaitOptions) {
    this.#gateway = gateway
    this.#options = options
  }

  begin(): void {
    const { partitions, waitMs } = this.#options
    for (const partition of partitions) this.#gateway.broker.watch(partition, this)
    this.#timer = this.#gateway.world.scheduler.after(waitMs, () => this.#look('time'))
  }

  /** Of several partitions of one commit the first asks for a look, and all are seen in it. */
  appended(): void {
    if (this.#isPlanned || this.#isOver) return
    this.#isPlanned = true
    this.#gateway.broker.atTurnEnd(this)
  }

  flush(): void {
    this.#isPlanned = false
    this.#look('appended')
  }

  /** Waits no longer. Idempotent. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    for (const partition of this.#options.partitions) this.#gateway.broker.unwatch(partition, this)
  }

  #look(why: 'appended' | 'time'): void {
    if (this.#isOver) return
    // Its answer may let the next request in, which may be another Fetch: this one is over before.
    if (why === 'time') this.end()
    if (this.#options.check(why)) this.end()
  }
}

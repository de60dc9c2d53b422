/**
 * How long the calls of a simulated disk take: a fixed part by kind, and a part by size on one device
 * that serves one transfer after the other. Pure arithmetic on the simulated clock.
 */
import type { Clock, Scheduler } from '../../src/base/ports.ts'
import type { Call } from './disk-faults.ts'

export interface DiskTimingOptions {
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** The part that does not depend on the size: 2 ms for a sync, say. */
  readonly delayMs: (call: Call) => number
  /** What the device moves, reads and writes together; `Infinity` for no limit. */
  readonly bytesPerSecond: number
}

export class DiskTiming {
  readonly #options: DiskTimingOptions
  /** When the device will have moved what it was given so far. */
  #busyUntilMs = 0

  constructor(options: DiskTimingOptions) {
    this.#options = options
  }

  /** Runs `done` when the call would be over. */
  schedule(call: Call, done: () => void): void {
    const { clock, scheduler, delayMs, bytesPerSecond } = this.#options
    const nowMs = clock.monotonicMs()
    const transferMs = (call.sizeBytes / bytesPerSecond) * 1_000
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + transferMs
    // A write is over once the kernel has its bytes; a read and a sync wait for the device.
    const waits = call.kind === 'read' || call.kind === 'sync' || call.kind === 'sync-directory'
    const untilMs = (waits ? this.#busyUntilMs : nowMs) + delayMs(call)
    scheduler.after(untilMs - nowMs, done)
  }
}

/** What a pool counts. The crew moves the numbers; `counters()` hands out a copy. */

export interface PoolCounters {
  /** Workers that may run at once. */
  readonly size: number
  /** Workers there are, starting ones included. */
  readonly workers: number
  readonly idleWorkers: number
  /** Chunks that wait for a worker. */
  readonly queued: number
  /** Chunks in a worker's hands, those that were sent ahead included. */
  readonly underWay: number
  /** Calls that returned. */
  readonly done: number
  /** Calls that threw. */
  readonly failed: number
  /** Chunks that a signal ended. */
  readonly cancelled: number
  readonly timedOut: number
  /** Chunks that failed because their worker was lost. */
  readonly lost: number
  /** Chunks that were given another attempt after their worker was lost. */
  readonly retried: number
  readonly workersStarted: number
  /** Workers that died by themselves. */
  readonly workersLost: number
  /** Workers that were replaced because they had done or grown enough. */
  readonly workersRecycled: number
  /** Share of the workers' time, 0 to 1, in which they had something to do, since the pool was made. */
  readonly utilisation: number
}

/** The numbers that only grow. */
export class Tally {
  done = 0
  failed = 0
  cancelled = 0
  timedOut = 0
  lost = 0
  retried = 0
  workersStarted = 0
  workersLost = 0
  workersRecycled = 0
  /** Busy time of members that have gone. */
  busyMs = 0
}

/** What a pool tells whoever watches it; for logs and measurements, not for control. */
export type PoolEvent =
  | { readonly kind: 'worker-started'; readonly workerId: number }
  | { readonly kind: 'worker-ready'; readonly workerId: number; readonly systemId: number }
  | {
      readonly kind: 'worker-ended'
      readonly workerId: number
      readonly why: WorkerEnd
      readonly error: unknown
    }
  | { readonly kind: 'task-retried'; readonly task: string; readonly attemptsLeft: number }

/**
 * `lost`: by itself. `start-failed`: before it was ready. `timeout` and `cancelled`: killed for its task.
 * `stopped`: the pool closed. `stuck`: it does not end even when killed, and is given up.
 */
export type WorkerEnd =
  | 'lost'
  | 'start-failed'
  | 'timeout'
  | 'cancelled'
  | 'recycled'
  | 'stopped'
  | 'stuck'

/**
 * The latch that a coordinator keeps, as one process sees it. Nobody holds it: what a process has counted before it
 * died stays counted, and one that dies before it counts is not missed. A party that must not be missing wants a
 * barrier.
 */
import type { WaitOptions } from '../contract.ts'
import type { Client } from '../rpc-client.ts'
import type { AnyLatch } from '../sync-contract.ts'
import { ask, type CoordinatorCalls, type LatchId } from './coordinator-calls.ts'

export class RemoteLatch implements AnyLatch {
  readonly #calls: Client<CoordinatorCalls>
  readonly #latch: LatchId

  constructor(latch: LatchId, calls: Client<CoordinatorCalls>) {
    this.#latch = latch
    this.#calls = calls
  }

  /** What was left to count when the answer left. */
  count(): Promise<number> {
    return ask(() => this.#calls.countOf({ latch: this.#latch }))
  }

  /** Rejects with `SyncMisuse` where it would go below zero; with `SyncClosed` it may have counted or not. */
  countDown(by = 1): Promise<void> {
    return ask(() => this.#calls.countDown({ latch: this.#latch, by }))
  }

  /** Resolves when it is at zero. Rejects with `SyncClosed` when the latch is closed or the coordinator is lost. */
  wait(options: WaitOptions = {}): Promise<void> {
    const { signal, timeoutMs = null } = options
    const given = signal === undefined ? {} : { signal }
    return ask(() => this.#calls.pass({ latch: this.#latch, timeoutMs }, given), timeoutMs ?? 0)
  }

  /** Ends it for everybody: calls that wait are refused with `SyncClosed`, and the name is free. Idempotent. */
  close(): Promise<void> {
    return ask(() => this.#calls.closeLatch({ latch: this.#latch }))
  }
}

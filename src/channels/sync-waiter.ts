/** One call that waits at a latch, a lock or an election. */
import { type Deferred, deferred } from '../base/deferred.ts'
import { SyncTimeout } from './sync-errors.ts'
import { Waiter } from './waiter.ts'

export class SyncWaiter<T> extends Waiter {
  readonly answer: Deferred<T> = deferred()

  override timedOut(timeoutMs: number): SyncTimeout {
    return new SyncTimeout(timeoutMs)
  }

  override lose(error: unknown): void {
    this.answer.reject(error)
  }
}

/** The calls that can wait at a channel: to get, to put, to join, for readiness. The channel owns their lists. */
import { type Deferred, deferred } from '../base/deferred.ts'
import type { Scheduler } from '../base/ports.ts'
import type { Sendable, Unwatch, WaitOptions } from './contract.ts'
import { done } from './turn.ts'
import { Waiter, WaitList } from './waiter.ts'

/** How a channel ended: closed by somebody, or failed with an error of its own. */
export type EndKind = 'closed' | 'failed'

/** Waits for a value. */
export abstract class GetWaiter<T extends Sendable> extends Waiter {
  /** Hands it the value; it has left. */
  abstract give(value: T): void

  /** There will be no value; `error` is what `get` rejects with. It has left. */
  abstract ended(kind: EndKind, error: Error): void
}

/** `get`. */
export class PlainGet<T extends Sendable> extends GetWaiter<T> {
  readonly answer: Deferred<T> = deferred()

  override give(value: T): void {
    this.answer.resolve(value)
  }

  override ended(_kind: EndKind, error: Error): void {
    this.answer.reject(error)
  }

  override lose(error: unknown): void {
    this.answer.reject(error)
  }
}

/** The `next` of a `for await`: it ends quietly when the channel is closed. */
export class NextGet<T extends Sendable> extends GetWaiter<T> {
  readonly answer: Deferred<IteratorResult<T, undefined>> = deferred()
  /** The iterator that waits: leaving the loop takes its waiters along. */
  readonly owner: object

  constructor(owner: object) {
    super()
    this.owner = owner
  }

  override give(value: T): void {
    this.answer.resolve({ value, done: false })
  }

  override ended(kind: EndKind, error: Error): void {
    if (kind === 'failed') this.answer.reject(error)
    else this.finish()
  }

  override lose(error: unknown): void {
    this.answer.reject(error)
  }

  /** Ends the loop. */
  finish(): void {
    this.answer.resolve({ value: undefined, done: true })
  }
}

/** Waits for room, or at a rendezvous for a receiver, with its value in hand. */
export abstract class PutWaiter<T extends Sendable> extends Waiter {
  readonly value: T

  constructor(value: T) {
    super()
    this.value = value
  }

  /** The channel has its value; it has left. */
  abstract taken(): void
}

/** `put`. */
export class PlainPut<T extends Sendable> extends PutWaiter<T> {
  readonly answer: Deferred<void> = deferred()

  override taken(): void {
    this.answer.resolve()
  }

  override lose(error: unknown): void {
    this.answer.reject(error)
  }
}

/** Waits for something without a value: `join`, `room`. */
class EventWaiter extends Waiter {
  readonly answer: Deferred<void> = deferred()

  happened(): void {
    this.answer.resolve()
  }

  ended(error: Error): void {
    this.answer.reject(error)
  }

  override lose(error: unknown): void {
    this.answer.reject(error)
  }
}

/** One `onReadable` or `onWritable`. */
class Watcher extends Waiter {
  readonly happened: () => void

  constructor(wake: () => void) {
    super()
    this.happened = wake
  }

  ended(): void {
    this.happened()
  }

  override lose(): void {}
}

/** Those who want to know when something has become possible. */
export class Watchers extends WaitList<EventWaiter | Watcher> {
  /** Wakes once: when it becomes possible, or soon, but not before this call has returned, if it is `possible` now. */
  watch(wake: () => void, when: 'later' | 'possible'): Unwatch {
    const watcher = new Watcher(wake)
    this.push(watcher)
    const wakeUp = (): void => {
      if (watcher.list === null) return
      watcher.leave()
      wake()
    }
    if (when === 'possible') void done.then(wakeUp)
    return () => watcher.leave()
  }

  /** Settles when it has become possible. */
  wait(options: WaitOptions | undefined, scheduler: Scheduler): Promise<void> {
    const waiter = new EventWaiter()
    this.enter(waiter, options, scheduler)
    return waiter.answer.promise
  }

  /** It will never be possible again: whoever waits gets the error, whoever watches looks for himself. */
  endAll(error: Error): void {
    for (const waiter of this.takeAll()) waiter.ended(error)
  }

  wakeAll(): void {
    for (const waiter of this.takeAll()) waiter.happened()
  }
}

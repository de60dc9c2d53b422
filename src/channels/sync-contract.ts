/**
 * What a latch, a read-write lock and a once are, wherever those who share them live: what the ones in this
 * process, across threads and across processes have in common. Where answers come at once and where they come
 * later differs, so whoever writes for all of them awaits every answer. Types only.
 */
import type { WaitOptions } from './contract.ts'

/** Proof of holding something. Released once; later releases do nothing. */
export interface Held {
  release(): void | Promise<void>
}

export interface AnyLatch {
  /** `SyncMisuse` where it would go below zero: somebody counted twice. */
  countDown(by?: number): void | Promise<void>
  /** Resolves when it is at zero. */
  wait(options?: WaitOptions): Promise<void>
}

/** Who waits to write keeps new readers out. */
export interface AnyRwLock {
  read(options?: WaitOptions): Promise<Held>
  write(options?: WaitOptions): Promise<Held>
  /** `undefined` where it would have to wait. */
  tryRead(): Held | undefined | Promise<Held | undefined>
  tryWrite(): Held | undefined | Promise<Held | undefined>
}

/** Across threads and processes; within one, `Once` shares what was made as well. */
export interface AnyOnce {
  /** Resolves when the task has been run by somebody: `ran` if that was this call. */
  run(task: () => void | Promise<void>, options?: WaitOptions): Promise<'ran' | 'waited'>
}

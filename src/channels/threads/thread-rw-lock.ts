/**
 * The read-write lock between threads: any number of readers, or one writer. Who waits to write keeps new readers
 * out.
 */
import type { WaitOptions } from '../contract.ts'
import type { AnyRwLock } from '../sync-contract.ts'
import type { Holdings } from './holdings.ts'
import type { SharedHandle } from './seating.ts'
import {
  LockClaim,
  newLock,
  type ThreadGuard,
  ThreadLock,
  type ThreadLockOptions,
} from './thread-lock.ts'

export type ThreadRwLockHandle = SharedHandle<'naru/thread-rw-lock'>

/** A seat's word counts its readers; with a writer it is more than all readers there can be. */
const WRITER = 1 << 24

class ReadClaim extends LockClaim {
  constructor() {
    super(1, 'waits')
  }

  override mayHold({ words, heldAt, wantedAt, roster }: Holdings): boolean {
    for (let seat = 0; seat < roster.seats; seat++) {
      if (words[heldAt + seat]! >= WRITER || words[wantedAt + seat] !== 0) return false
    }
    return true
  }
}

class WriteClaim extends LockClaim {
  constructor() {
    super(WRITER, 'asks')
  }

  override mayHold({ words, heldAt, roster }: Holdings): boolean {
    for (let seat = 0; seat < roster.seats; seat++) if (words[heldAt + seat] !== 0) return false
    return true
  }
}

export class ThreadRwLock extends ThreadLock<'naru/thread-rw-lock'> implements AnyRwLock {
  protected override readonly waking = 'all'

  private constructor(handle: ThreadRwLockHandle) {
    super(handle, 'naru/thread-rw-lock')
  }

  static create(options: ThreadLockOptions = {}): ThreadRwLock {
    return new ThreadRwLock(newLock('naru/thread-rw-lock', options, 0))
  }

  static attach(handle: ThreadRwLockHandle): ThreadRwLock {
    return new ThreadRwLock(handle)
  }

  read(options?: WaitOptions): Promise<ThreadGuard> {
    return this.acquireClaim(new ReadClaim(), options)
  }

  write(options?: WaitOptions): Promise<ThreadGuard> {
    return this.acquireClaim(new WriteClaim(), options)
  }

  /** Blocks this thread, which must be a Worker; so does `writeSync`. */
  readSync(options?: WaitOptions): ThreadGuard {
    return this.acquireClaimSync(new ReadClaim(), options)
  }

  writeSync(options?: WaitOptions): ThreadGuard {
    return this.acquireClaimSync(new WriteClaim(), options)
  }

  tryRead(): ThreadGuard | undefined {
    return this.tryClaim(new ReadClaim())
  }

  tryWrite(): ThreadGuard | undefined {
    return this.tryClaim(new WriteClaim())
  }
}

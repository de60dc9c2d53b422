/** A place in which every blocking call finds nothing, and a thread that makes one of them. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ThreadBarrier } from '../../src/channels/threads/thread-barrier.ts'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import { ThreadElection } from '../../src/channels/threads/thread-election.ts'
import { ThreadLatch } from '../../src/channels/threads/thread-latch.ts'
import { ThreadOnce } from '../../src/channels/threads/thread-once.ts'
import { ThreadRwLock } from '../../src/channels/threads/thread-rw-lock.ts'
import { ThreadMutex, ThreadSemaphore } from '../../src/channels/threads/thread-semaphore.ts'
import { within } from './guard.ts'

/** Every call of `naru/channels/threads` that blocks, and what it ends with when its time is up. */
export const blocking = {
  getSync: 'CHANNEL_TIMEOUT',
  putSync: 'CHANNEL_TIMEOUT',
  'barrier.waitSync': 'BARRIER_BROKEN',
  'latch.waitSync': 'SYNC_TIMEOUT',
  acquireSync: 'SYNC_TIMEOUT',
  lockSync: 'SYNC_TIMEOUT',
  readSync: 'SYNC_TIMEOUT',
  writeSync: 'SYNC_TIMEOUT',
  runSync: 'SYNC_TIMEOUT',
  campaignSync: 'SYNC_TIMEOUT',
} as const

export type BlockingName = keyof typeof blocking

export interface HeldPlace {
  readonly empty: ThreadChannel<number>
  readonly full: ThreadChannel<number>
  readonly barrier: ThreadBarrier
  readonly latch: ThreadLatch
  readonly semaphore: ThreadSemaphore
  readonly mutex: ThreadMutex
  readonly lock: ThreadRwLock
  readonly election: ThreadElection
  readonly once: ThreadOnce
  /** Gives back what this thread holds of the semaphore, the mutex and the read-write lock. */
  release(): void
}

/** This thread holds all that can be held. */
export async function heldPlace(): Promise<HeldPlace> {
  const empty = ThreadChannel.create<number>()
  const full = ThreadChannel.create<number>({ capacity: 1 })
  await full.put(1)
  const barrier = ThreadBarrier.create({ parties: 2 })
  const latch = ThreadLatch.create(1)
  const semaphore = ThreadSemaphore.create(1)
  const mutex = ThreadMutex.create()
  const lock = ThreadRwLock.create()
  const election = ThreadElection.create()
  const task = ThreadOnce.create()
  const guards = [await semaphore.acquire(), await mutex.lock(), await lock.write()]
  await election.campaign('the main thread')
  const release = (): void => {
    for (const guard of guards) guard.release()
  }
  void task.run(() => new Promise(() => {}))
  return { empty, full, barrier, latch, semaphore, mutex, lock, election, once: task, release }
}

export type BlockingOptions = Partial<Pick<BlockingOrder, 'timeoutMs' | 'signal'>>

export interface BlockingOrder {
  readonly name: BlockingName
  readonly handles: {
    readonly [Name in Exclude<keyof HeldPlace, 'release'>]: HeldPlace[Name]['handle']
  }
  readonly timeoutMs: number | null
  readonly signal: 'none' | 'fired'
}

const limitMs = 30_000

/** A thread that makes the call; `begun` when it is about to, `ended` with how it ended. */
export class Blocked {
  readonly worker: Worker
  readonly begun: Promise<unknown>
  readonly ended: Promise<string>

  constructor(
    name: BlockingName,
    place: HeldPlace,
    { timeoutMs = null, signal = 'none' }: BlockingOptions,
  ) {
    const { empty, full, barrier, latch, semaphore, mutex, lock, election, once: task } = place
    const order: BlockingOrder = {
      name,
      handles: {
        empty: empty.handle,
        full: full.handle,
        barrier: barrier.handle,
        latch: latch.handle,
        semaphore: semaphore.handle,
        mutex: mutex.handle,
        lock: lock.handle,
        election: election.handle,
        once: task.handle,
      },
      timeoutMs,
      signal,
    }
    const url = new URL('./blocking-worker.js', import.meta.url)
    this.worker = new Worker(url, { workerData: order })
    this.begun = within(limitMs, `${name} begins`, once(this.worker, 'message'))
    const word = new Promise<string>((resolve) => {
      this.worker.on('message', (said: string) => {
        if (said !== 'begun') resolve(said)
      })
    })
    this.ended = within(limitMs, `${name} ends`, word)
  }

  async end(): Promise<void> {
    await this.worker.terminate()
  }
}

/** One thread that does what a test wants of it: what can be wanted, how to start it, and what it answers. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { ThreadChannelHandle } from '../../src/channels/threads/channel-handle.ts'
import type { ThreadBarrierHandle } from '../../src/channels/threads/thread-barrier.ts'
import type { ThreadElectionHandle } from '../../src/channels/threads/thread-election.ts'
import type { ThreadLatchHandle } from '../../src/channels/threads/thread-latch.ts'
import type { ThreadOnceHandle } from '../../src/channels/threads/thread-once.ts'
import type { ThreadRwLockHandle } from '../../src/channels/threads/thread-rw-lock.ts'
import type { ThreadSemaphoreHandle } from '../../src/channels/threads/thread-semaphore.ts'
import { within } from './guard.ts'

export type Way = 'sync' | 'async'

/** All that can be held, at once. */
export interface Held {
  readonly semaphore: ThreadSemaphoreHandle
  readonly lock: ThreadRwLockHandle
  readonly once: ThreadOnceHandle
  readonly election: ThreadElectionHandle
}

export type Deed =
  | { readonly kind: 'rounds'; readonly barrier: ThreadBarrierHandle; readonly count: number }
  | { readonly kind: 'count-locked'; readonly mutex: ThreadSemaphoreHandle; readonly count: number }
  | { readonly kind: 'hold'; readonly held: Held }
  | { readonly kind: 'hold-and-end'; readonly mutex: ThreadSemaphoreHandle }
  | { readonly kind: 'read-write'; readonly lock: ThreadRwLockHandle; readonly count: number }
  | { readonly kind: 'once'; readonly once: ThreadOnceHandle }
  | { readonly kind: 'latch'; readonly latch: ThreadLatchHandle }
  | { readonly kind: 'get'; readonly channel: ThreadChannelHandle }
  | { readonly kind: 'join'; readonly channel: ThreadChannelHandle }
  | { readonly kind: 'keep'; readonly channel: ThreadChannelHandle; readonly code: number }
  | { readonly kind: 'make-and-get' }
  | { readonly kind: 'send-nothing'; readonly channel: ThreadChannelHandle }
  | { readonly kind: 'exit'; readonly channel: ThreadChannelHandle; readonly code: number }
  | { readonly kind: 'eat-memory'; readonly channel: ThreadChannelHandle }
  | { readonly kind: 'wait-for-child' }

export interface PartyOrder {
  readonly deed: Deed
  readonly way: Way
  /** Words that all parties of a test share, to leave traces in. */
  readonly traces: SharedArrayBuffer
}

/** What a party says: that it has begun, then its answer, or the code of the error that stopped it. */
export type PartyWord =
  | { readonly kind: 'begun'; readonly made: ThreadChannelHandle | null }
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'error'; readonly code: string; readonly message: string }

const limitMs = 60_000

export class Party {
  readonly worker: Worker
  /** Resolves when the thread has attached and is about to do its deed: to the channel it made, if it did. */
  readonly begun: Promise<ThreadChannelHandle | null>
  readonly #words: Promise<PartyWord>

  constructor(deed: Deed, options: { readonly way: Way; readonly traces: SharedArrayBuffer }) {
    const order: PartyOrder = { deed, ...options }
    this.worker = new Worker(new URL('./party-worker.js', import.meta.url), {
      workerData: order,
      ...(deed.kind === 'eat-memory' ? { resourceLimits: { maxOldGenerationSizeMb: 16 } } : {}),
    })
    this.worker.on('error', () => undefined)
    const begun = once(this.worker, 'message') as Promise<[PartyWord]>
    this.begun = within(limitMs, `${deed.kind} begins`, begun).then(([word]) =>
      word.kind === 'begun' ? word.made : null,
    )
    this.#words = new Promise((resolve) => {
      this.worker.on('message', (word: PartyWord) => {
        if (word.kind !== 'begun') resolve(word)
      })
      this.worker.once('exit', (code) => {
        resolve({ kind: 'error', code: 'EXIT', message: String(code) })
      })
    })
  }

  /** What it answers; an error's code, if one stopped it. */
  async answer(): Promise<unknown> {
    const word = await within(limitMs, 'an answer', this.#words)
    if (word.kind === 'answer') return word.answer
    return word.kind === 'error' ? word.code : null
  }

  async end(): Promise<void> {
    await this.worker.terminate()
  }
}

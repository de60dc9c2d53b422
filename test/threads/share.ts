/** Consumers in threads of their own that all ask one channel again and again: how much each of them gets. */
import { Worker } from 'node:worker_threads'
import type { ThreadChannelHandle } from '../../src/channels/threads/channel-handle.ts'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import { within } from './guard.ts'

/** How a consumer asks: blocking, awaiting, or by `for await`. */
export type AskWay = 'sync' | 'async' | 'loop'

export interface ShareOptions {
  readonly producers: number
  readonly consumers: readonly AskWay[]
  /** Messages in all. */
  readonly count: number
  readonly ringBytes: number
  /** Microseconds that a producer takes for each message: 0 fills the ring, more keeps it empty. */
  readonly paceUs: number
}

export interface ShareOrder {
  readonly handle: ThreadChannelHandle
  /** A word that says how many consumers are about to ask. */
  readonly asking: SharedArrayBuffer
  readonly part: 'producer' | 'consumer'
  readonly way: AskWay
  readonly consumers: number
  readonly count: number
  readonly paceUs: number
}

const limitMs = 60_000

export interface Shares {
  /** How many messages each consumer got. */
  readonly got: readonly number[]
  /** The longest that a thread of this process, this one, has waited for a core meanwhile. */
  readonly coreWaitMs: number
}

/** How often this thread looks how late it is. */
const lookMs = 2

/** Runs them to the end. */
export async function runShares(options: ShareOptions): Promise<Shares> {
  const { producers, consumers, count, ringBytes, paceUs } = options
  const channel = ThreadChannel.create<number>({ ringBytes, name: 'shares' })
  const asking = new SharedArrayBuffer(4)
  const order = { handle: channel.handle, asking, consumers: consumers.length, paceUs }
  const getting = consumers.map((way) => start({ ...order, part: 'consumer', way, count: 0 }))
  const putting = Array.from({ length: producers }, (_, id) => {
    const own = Math.floor(count / producers) + (id < count % producers ? 1 : 0)
    return start({ ...order, part: 'producer', way: 'sync', count: own })
  })
  let coreWaitMs = 0
  let lookedMs = performance.now()
  const looking = setInterval(() => {
    const nowMs = performance.now()
    coreWaitMs = Math.max(coreWaitMs, nowMs - lookedMs - lookMs)
    lookedMs = nowMs
  }, lookMs)
  try {
    await within(limitMs, 'producers', Promise.all(putting.map(({ answer }) => answer)))
    channel.close()
    const answers = Promise.all(getting.map(({ answer }) => answer))
    return { got: await within(limitMs, 'consumers', answers), coreWaitMs }
  } finally {
    clearInterval(looking)
    await Promise.all([...getting, ...putting].map(({ worker }) => worker.terminate()))
  }
}

function start(order: ShareOrder): { readonly worker: Worker; readonly answer: Promise<number> } {
  const worker = new Worker(new URL('./share-worker.js', import.meta.url), { workerData: order })
  const answer = new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('a thread ended without an answer')))
  })
  answer.catch(() => undefined) // it may fail before anybody asks
  return { worker, answer }
}

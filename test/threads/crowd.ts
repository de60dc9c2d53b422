/** A crowd of threads around one channel: who puts, who gets, who is ended on the way; and what must hold after. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { pick, type SeededRandom } from '../../src/base/random.ts'
import { ChannelError } from '../../src/channels/contract.ts'
import type { ThreadChannelHandle } from '../../src/channels/threads/channel-handle.ts'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import { within } from './guard.ts'

/** Blocking, awaiting, or each in turn with waits that end early. */
export type Way = 'sync' | 'async' | 'mixed'

/** Whether producers join when they are through, and consumers say of each message that it is done. */
export type CrowdEnd = 'joins' | 'just ends'

export interface CrowdOrder {
  readonly handle: ThreadChannelHandle
  readonly part: 'producer' | 'consumer'
  readonly id: number
  readonly count: number
  readonly sizes: readonly number[]
  readonly way: Way
  readonly ends: CrowdEnd
}

export interface CrowdReport {
  /** Messages put. */
  put: number
  /** Producer and number of each message got, in order. */
  readonly seen: number[]
  /** Why it stopped, if by an error of the channel. */
  code: string
}

export interface CrowdOptions {
  readonly producers: readonly Way[]
  readonly consumers: readonly Way[]
  /** Messages of each producer. */
  readonly count: number
  /** Bytes of the messages, in turn. */
  readonly sizes: readonly number[]
  readonly ringBytes: number
  readonly capacity: number
  readonly ends: CrowdEnd
}

/** A thread that does not end by then hangs. */
const limitMs = 60_000

interface Member {
  readonly name: string
  readonly worker: Worker
  readonly attached: Promise<unknown>
  /** `null` if it was ended before it could tell. */
  readonly report: Promise<CrowdReport | null>
}

export interface CrowdOutcome {
  /** By producer; `null` for the dead. */
  readonly put: readonly (CrowdReport | null)[]
  readonly got: readonly (CrowdReport | null)[]
  /** How the join of the main thread ended: `done`, or the code of its error. */
  readonly joined: string
}

function start(name: string, order: CrowdOrder): Member {
  const worker = new Worker(new URL('./crowd-worker.js', import.meta.url), { workerData: order })
  const report = new Promise<CrowdReport | null>((resolve, reject) => {
    worker.on('message', (message: 'attached' | CrowdReport) => {
      if (message !== 'attached') resolve(message)
    })
    worker.once('error', reject)
    worker.once('exit', () => resolve(null))
  })
  report.catch(() => undefined) // it may fail before anybody asks
  return { name, worker, attached: once(worker, 'message'), report }
}

/** Runs a crowd to its end. `ended` are terminated, one after the other, at moments drawn by chance. */
export async function runCrowd(
  options: CrowdOptions,
  ended: readonly string[],
  random: SeededRandom,
): Promise<CrowdOutcome> {
  const { ringBytes, capacity, count, sizes, ends } = options
  const channel = ThreadChannel.create<Uint8Array>({ ringBytes, capacity, name: 'crowd' })
  const order = { handle: channel.handle, count, sizes, ends }
  const producers = options.producers.map((way, id) =>
    start(`producer ${id}`, { ...order, part: 'producer', id, way }),
  )
  const consumers = options.consumers.map((way, id) =>
    start(`consumer ${id}`, { ...order, part: 'consumer', id, way }),
  )
  const all = [...producers, ...consumers]
  try {
    const attached = Promise.all(all.map((member) => member.attached))
    await within(limitMs, 'threads that start', attached)
    for (const { worker } of all) worker.postMessage('go')
    for (const name of ended) {
      await sleep(pick(random, [0, 1, 2, 5, 10, 20]))
      await all.find((member) => member.name === name)?.worker.terminate()
    }
    const put = await reportsOf(producers)
    const joined = ends === 'joins' ? await join(channel) : 'done'
    channel.close()
    return { put, got: await reportsOf(consumers), joined }
  } finally {
    await Promise.all(all.map(({ worker }) => worker.terminate()))
  }
}

async function join(channel: ThreadChannel<Uint8Array>): Promise<string> {
  try {
    await within(limitMs, 'a join', channel.join())
    return 'done'
  } catch (error) {
    if (error instanceof ChannelError) return error.code
    throw error
  }
}

function reportsOf(members: readonly Member[]): Promise<(CrowdReport | null)[]> {
  return Promise.all(members.map(({ name, report }) => within(limitMs, name, report)))
}

/**
 * In order for each producer, nothing twice; and nothing lost, if nobody died who could have had it: then every join
 * was over when all was done.
 */
export function checkOutcome({ put, got, joined }: CrowdOutcome, options: CrowdOptions): void {
  const received = options.producers.map(() => new Set<number>())
  for (const report of got) {
    const last = options.producers.map(() => -1)
    for (let at = 0; at < (report?.seen.length ?? 0); at += 2) {
      const [producer = -1, index = -1] = report?.seen.slice(at, at + 2) ?? []
      assert.ok(index > (last[producer] ?? -1), `out of order: ${producer}/${index}`)
      last[producer] = index
      assert.ok(!received[producer]?.has(index), `twice: ${producer}/${index}`)
      received[producer]?.add(index)
    }
  }
  if (got.includes(null)) {
    assert.ok(['done', 'CHANNEL_PEER_LOST'].includes(joined), joined)
    return
  }
  assert.equal(joined, 'done')
  for (const [producer, report] of put.entries()) {
    if (report === null || report.code !== '') continue
    assert.equal(received[producer]?.size, options.count, `of producer ${producer}`)
  }
}

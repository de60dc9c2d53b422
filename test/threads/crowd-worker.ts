/** A thread of the crowd: puts or gets by the way that it is told, and says at the end what it saw. */
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { ChannelError } from '../../src/channels/contract.ts'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import type { CrowdOrder, CrowdReport } from './crowd.ts'

const order = workerData as CrowdOrder
const channel = ThreadChannel.attach<Uint8Array>(order.handle)

// Only who has attached is missed when it dies; so nobody begins before all have.
parentPort?.postMessage('attached')
if (parentPort !== null) await once(parentPort, 'message')

/** A message says who sent it and its number there, in every word, so that a torn one shows. */
function message(index: number): Uint8Array {
  const size = order.sizes[(index * 7 + order.id) % order.sizes.length] ?? 8
  const words = new Int32Array(Math.max(2, size >> 2))
  for (let word = 0; word < words.length; word += 2) {
    words[word] = order.id
    words[word + 1] = index
  }
  return new Uint8Array(words.buffer)
}

async function produce(): Promise<number> {
  for (let index = 0; index < order.count; index++) {
    const bytes = message(index)
    if (order.way === 'async') await channel.put(bytes)
    else if (order.way === 'sync' || index % 3 === 0) channel.putSync(bytes)
    else if (index % 3 === 1)
      await insist(async (timeoutMs) => channel.putSync(bytes, { timeoutMs }))
    else await insist((timeoutMs) => channel.put(bytes, { timeoutMs }))
  }
  return order.count
}

/** Waits that end too early, each longer than the one before: what was given up has had no effect. */
async function insist(call: (timeoutMs: number) => Promise<void>): Promise<void> {
  for (let timeoutMs = 0; ; timeoutMs++) {
    try {
      return await call(timeoutMs)
    } catch (error) {
      if (!isTimeout(error)) throw error
    }
  }
}

async function join(): Promise<void> {
  if (order.way === 'async') await channel.join()
  else if (order.way === 'sync') channel.joinSync()
  else {
    await insist(async (timeoutMs) => channel.joinSync({ timeoutMs }))
    await insist((timeoutMs) => channel.join({ timeoutMs }))
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof ChannelError && error.code === 'CHANNEL_TIMEOUT'
}

function check(bytes: Uint8Array): readonly [producer: number, index: number] {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  const [producer = -1, index = -1] = words
  for (let word = 0; word < words.length; word += 2) {
    if (words[word] !== producer || words[word + 1] !== index) throw new Error('a torn message')
  }
  return [producer, index]
}

async function consume(report: CrowdReport): Promise<void> {
  for (;;) {
    const [producer, index] = check(await next(report.seen.length / 2))
    report.seen.push(producer, index)
    if (order.ends === 'joins') channel.taskDone()
  }
}

async function next(turn: number): Promise<Uint8Array> {
  if (order.way === 'sync') return channel.getSync()
  if (order.way === 'async') return channel.get()
  // All ways in turn, and waits that end too early.
  try {
    if (turn % 3 === 0) return channel.tryGet() ?? channel.getSync({ timeoutMs: 1 })
    return await channel.get({ timeoutMs: turn % 2 })
  } catch (error) {
    if (isTimeout(error)) return channel.get()
    throw error
  }
}

const report: CrowdReport = { put: 0, seen: [], code: '' }
try {
  if (order.part === 'consumer') await consume(report)
  else {
    report.put = await produce()
    if (order.ends === 'joins') await join()
  }
} catch (error) {
  if (!(error instanceof ChannelError)) throw error
  report.code = error.code
}
parentPort?.postMessage(report)

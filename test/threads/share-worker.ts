/** A thread that puts, or asks again and again, and says at the end how often it got something. */
import { parentPort, workerData } from 'node:worker_threads'
import { ChannelClosed } from '../../src/channels/contract.ts'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import type { ShareOrder } from './share.ts'

const order = workerData as ShareOrder
const asking = new Int32Array(order.asking)
const channel = ThreadChannel.attach<number>(order.handle)

/** Begins when every consumer asks: otherwise the first one to start would have had all. */
function produce(): number {
  for (;;) {
    const now = Atomics.load(asking, 0)
    if (now === order.consumers) break
    Atomics.wait(asking, 0, now)
  }
  for (let index = 0; index < order.count; index++) {
    channel.putSync(index)
    if (order.paceUs > 0) spend(order.paceUs)
  }
  return order.count
}

/** The work between two messages. */
function spend(us: number): void {
  const untilMs = performance.now() + us / 1000
  while (performance.now() < untilMs);
}

async function consume(): Promise<number> {
  let got = 0
  Atomics.add(asking, 0, 1)
  Atomics.notify(asking, 0)
  if (order.way === 'loop') {
    for await (const _message of channel) got++
    return got
  }
  try {
    for (;;) {
      if (order.way === 'sync') channel.getSync()
      else await channel.get()
      got++
    }
  } catch (error) {
    if (error instanceof ChannelClosed) return got
    throw error
  }
}

parentPort?.postMessage(order.part === 'producer' ? produce() : await consume())

/** Channels, calls and barriers between threads, beside Node's own messages and Python's barrier. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createRpc, ThreadBarrier, ThreadChannel } from '../../src/channels/threads/mod.ts'
import { runForeign, sourceFile } from '../foreign.ts'
import { findProduct } from '../rivals.ts'
import type { Stage } from '../stage.ts'
import { atLeastMegabytesPerSecond, atLeastPerSecond, ratioTo } from '../target.ts'
import { defineWorkload, type VariantOptions, type Workload } from '../workload.ts'
import { allocateBare, bareRound } from './bare-barrier.ts'
import type { PartyOrder, What } from './thread-party.ts'

const BATCH = 1_000 // messages between two looks at the clock
const CALLS_IN_FLIGHT = 64
const LOOK_MS = 5 // between two looks at how far the rounds have come

function start(order: PartyOrder): Worker {
  return new Worker(new URL('./thread-party.js', import.meta.url), { workerData: order })
}

/** Receives what another thread puts, by the way that is asked for. */
function channel(way: 'tryGet' | 'get', what: What): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const own = ThreadChannel.create<string | Uint8Array>()
    const worker = start({ role: 'put', channel: own.handle, what })
    await own.get()
    await stage.drive(async (section) => {
      while (!section.over(section.acknowledged)) {
        for (let count = 0; count < BATCH; count++) {
          const value = way === 'get' ? undefined : own.tryGet()
          if (value === undefined) await own.get()
        }
        section.acknowledged += BATCH
      }
    })
    own.close('now')
    await worker.terminate()
  }
}

/** Node's own messages, so many in each, with as many under way as the receiver has asked for. */
function posted(what: What, batch: number): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const worker = start({ role: 'post', what, batch })
    await stage.drive(async (section) => {
      await new Promise<void>((resolve) => {
        const count = (): void => {
          section.acknowledged += batch
          if (section.acknowledged % BATCH !== 0) return
          worker.postMessage(BATCH)
          if (!section.over(section.acknowledged)) return
          worker.off('message', count)
          resolve()
        }
        worker.on('message', count)
      })
    })
    await worker.terminate()
  }
}

async function calls(stage: Stage): Promise<void> {
  const { peer, handle } = createRpc()
  const worker = start({ role: 'serve', rpc: handle })
  await peer.call('double', 1)
  await stage.drive(async (section) => {
    const caller = async (): Promise<void> => {
      for (let done = 0; done % 100 !== 0 || !section.over(done); done++) {
        await peer.call('double', done)
        section.acknowledged++
      }
    }
    await Promise.all(Array.from({ length: stage.inFlight }, caller))
  })
  await peer.close()
  await worker.terminate()
}

/** Threads that meet again and again; this one only looks on. */
function rounds(parties: number): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const barrier = ThreadBarrier.create({ parties })
    const workers = Array.from({ length: parties }, () =>
      start({ role: 'meet', barrier: barrier.handle }),
    )
    while ((await barrier.state()).generation === 0) await sleep(LOOK_MS)
    await stage.drive(async (section) => {
      const { generation: before } = await barrier.state()
      do {
        await sleep(LOOK_MS)
        section.acknowledged = (await barrier.state()).generation - before
      } while (!section.over(section.acknowledged))
    })
    await barrier.close()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** The same with two words and nothing else: what waking and sleeping cost by themselves. */
function bareRounds(parties: number): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const words = allocateBare()
    const workers = Array.from({ length: parties }, () =>
      start({ role: 'meetBare', words, parties }),
    )
    while (bareRound(words) === 0) await sleep(LOOK_MS)
    await stage.drive(async (section) => {
      const before = bareRound(words)
      do {
        await sleep(LOOK_MS)
        section.acknowledged = bareRound(words) - before
      } while (!section.over(section.acknowledged))
    })
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

function barrierOfPython(parties: number): VariantOptions {
  return {
    name: 'threading.Barrier of Python',
    role: 'rival',
    settings: `${parties} threads`,
    find: () => findProduct('python'),
    run: async (stage) => {
      await stage.measure(async (section) => {
        const program = sourceFile(import.meta.url, 'barrier_of_python.py')
        section.claim(await runForeign('python3', [program, `${parties}`]))
      })
    },
  }
}

function messages(name: string, what: What): Workload {
  return defineWorkload({
    name,
    area: 'channels',
    durability: 'none',
    unit: 'msgs',
    payloadBytes: what.size,
    targets:
      what.size < 1024
        ? [ratioTo('postMessage').atLeast(5), ratioTo('postMessage, arrays of 100').atLeast(3)]
        : [atLeastMegabytesPerSecond(1_000)],
    variants: [
      { name: 'tryGet', role: 'ours', settings: 'ring of 256 KiB', run: channel('tryGet', what) },
      {
        name: 'awaited get',
        role: 'yardstick',
        settings: 'ring of 256 KiB',
        run: channel('get', what),
      },
      { name: 'postMessage', role: 'rival', run: posted(what, 1) },
      { name: 'postMessage, arrays of 100', role: 'rival', run: posted(what, 100) },
    ],
  })
}

export const workloads: readonly Workload[] = [
  messages('thread channel: 64-character texts', { kind: 'text', size: 64 }),
  messages('thread channel: 64 bytes', { kind: 'bytes', size: 64 }),
  messages('thread channel: 1 KiB, Buffer', { kind: 'buffer', size: 1024 }),
  messages('thread channel: 1 KiB, Uint8Array', { kind: 'bytes', size: 1024 }),
  defineWorkload({
    name: 'thread RPC',
    area: 'channels',
    durability: 'none',
    unit: 'calls',
    inFlight: CALLS_IN_FLIGHT,
    targets: [atLeastPerSecond(200_000)],
    variants: [{ name: 'two rings', role: 'ours', run: calls }],
  }),
  defineWorkload({
    name: 'barrier of 2 threads',
    area: 'channels',
    durability: 'none',
    unit: 'rounds',
    targets: [atLeastPerSecond(1_000_000)],
    variants: [
      { name: 'thread barrier', role: 'ours', settings: '2 threads', run: rounds(2) },
      barrierOfPython(2),
    ],
  }),
  defineWorkload({
    name: 'barrier of 4 threads',
    area: 'channels',
    durability: 'none',
    unit: 'rounds',
    targets: [ratioTo('threading.Barrier of Python').atLeast(3)],
    variants: [
      { name: 'thread barrier', role: 'ours', settings: '4 threads', run: rounds(4) },
      {
        name: 'bare Atomics.wait',
        role: 'yardstick',
        settings: '4 threads',
        run: bareRounds(4),
      },
      barrierOfPython(4),
    ],
  }),
]

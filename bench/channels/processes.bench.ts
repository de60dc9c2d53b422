/** Channels, calls and barriers between processes, beside what Node and Python bring themselves. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { connectRpc, joinBarrier, listenChannel } from '../../src/channels/processes/mod.ts'
import { runForeign, sourceFile } from '../foreign.ts'
import { findProduct } from '../rivals.ts'
import type { Stage } from '../stage.ts'
import { ratioTo } from '../target.ts'
import { processProbe } from '../usage.ts'
import { defineWorkload, type VariantOptions, type Workload } from '../workload.ts'

const PAYLOAD = 100
const BATCH = 1_000 // messages between two looks at the clock
const SENDER = fileURLToPath(new URL('process-sender.js', import.meta.url))

function address(stage: Stage): { readonly kind: 'unix'; readonly path: string } {
  return { kind: 'unix', path: join(stage.directory, 's') }
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Receives what another process puts, by the way that is asked for. */
function channel(way: 'tryGet' | 'get'): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const at = address(stage)
    const hub = await listenChannel<string>(at)
    const child = spawn(process.execPath, [SENDER, 'channel', at.path, `${PAYLOAD}`])
    await hub.get()
    stage.watch(processProbe(child.pid ?? 0), 'part')
    await stage.drive(async (section) => {
      while (!section.over(section.acknowledged)) {
        for (let count = 0; count < BATCH; count++) {
          const value = way === 'get' ? undefined : hub.tryGet()
          if (value === undefined) await hub.get()
        }
        section.acknowledged += BATCH
      }
    })
    await ended(child)
    hub.close('now')
  }
}

/** Node's own channel to a child. */
function nodeChannel(serialization: 'json' | 'advanced'): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const child = fork(SENDER, ['send', '-', `${PAYLOAD}`], { serialization })
    await once(child, 'message')
    stage.watch(processProbe(child.pid ?? 0), 'part')
    await stage.drive(async (section) => {
      await new Promise<void>((resolve) => {
        const count = (): void => {
          section.acknowledged++
          if (section.acknowledged % BATCH !== 0 || !section.over(section.acknowledged)) return
          child.off('message', count)
          resolve()
        }
        child.on('message', count)
      })
    })
    await ended(child)
  }
}

const pythonQueue: VariantOptions = {
  name: 'multiprocessing.Queue of Python',
  role: 'rival',
  settings: 'two processes, maxsize=8192',
  find: () => findProduct('python'),
  run: async (stage) => {
    await stage.measure(async (section) => {
      const program = sourceFile(import.meta.url, 'process_queue_of_python.py')
      section.claim(await runForeign('python3', [program, '8192', `${PAYLOAD}`]))
    })
  },
}

async function calls(stage: Stage): Promise<void> {
  const at = address(stage)
  const child = spawn(process.execPath, [SENDER, 'rpc', at.path])
  await once(child.stdout, 'data')
  stage.watch(processProbe(child.pid ?? 0), 'part')
  const { peer } = await connectRpc(at)
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
  await ended(child)
}

async function rounds(stage: Stage): Promise<void> {
  const at = address(stage)
  const child = spawn(process.execPath, [SENDER, 'coordinator', at.path])
  await once(child.stdout, 'data')
  stage.watch(processProbe(child.pid ?? 0), 'part')
  const parties = 4
  const places = await Promise.all(
    Array.from({ length: parties }, () => joinBarrier(at, 'stage', { parties })),
  )
  await stage.drive(async (section) => {
    while (!section.over(section.acknowledged)) {
      for (let round = 0; round < 100; round++)
        await Promise.all(places.map((place) => place.wait()))
      section.acknowledged += 100
    }
  })
  await Promise.all(places.map((place) => place.leave()))
  await ended(child)
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'process channel: 100-byte messages',
    area: 'channels',
    durability: 'none',
    unit: 'msgs',
    payloadBytes: PAYLOAD,
    targets: [ratioTo('child_process IPC').atLeast(10)],
    variants: [
      { name: 'tryGet', role: 'ours', settings: 'Unix socket', run: channel('tryGet') },
      { name: 'awaited get', role: 'yardstick', settings: 'Unix socket', run: channel('get') },
      { name: 'child_process IPC', role: 'rival', settings: 'json', run: nodeChannel('json') },
      {
        name: 'child_process IPC, advanced',
        role: 'rival',
        settings: 'serialization: advanced',
        run: nodeChannel('advanced'),
      },
      pythonQueue,
    ],
  }),
  defineWorkload({
    name: 'process RPC',
    area: 'channels',
    durability: 'none',
    unit: 'calls',
    inFlight: 64,
    variants: [{ name: 'Unix socket', role: 'ours', run: calls }],
  }),
  defineWorkload({
    name: 'barrier across processes: 4 parties',
    area: 'channels',
    durability: 'none',
    unit: 'rounds',
    variants: [{ name: 'coordinator', role: 'ours', settings: 'Unix socket', run: rounds }],
  }),
]

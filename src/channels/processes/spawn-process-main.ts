/**
 * Runs inside a spawned process: connects to its parent, gets its order, runs the module's `main`, and says what
 * it died of. It ends with its parent, whatever `main` is doing.
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { serialize } from 'node:v8'

import { assert } from '../../base/assert.ts'
import { NodeClock } from '../../node/clock.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeScheduler } from '../../node/scheduler.ts'
import { takeApart } from '../codec/thrown.ts'
import type { Sendable } from '../contract.ts'
import type { SpawnMain } from '../spawn-contract.ts'
import { watchLifeline } from './lifeline.ts'
import { ProcessChannel } from './process-channel.ts'
import { type LastWords, lifelineFd, linkFd, type SpawnOrder, spawnLink } from './spawn-wiring.ts'

const ports = {
  clock: new NodeClock(),
  random: new NodeRandom(),
  scheduler: new NodeScheduler(),
}

process.on('uncaughtException', (error) => void die(error))
// Ctrl-C goes to every process of the terminal; whether it ends this one is for the parent to say.
process.on('SIGINT', () => undefined)

const socket = new Socket({ fd: linkFd })
const link = spawnLink(ports, socket, 'connecting')
const channel = new ProcessChannel<Sendable>(link, {
  name: 'the parent',
  trace: null,
  whenFull: 'block',
  ports,
})

async function run(): Promise<void> {
  link.start()
  const order = (await channel.get()) as unknown as SpawnOrder
  watchLifeline(lifelineFd)
  const module: unknown = await import(order.module)
  const { main } = module as { main?: SpawnMain<unknown, Sendable, Sendable> }
  assert(typeof main === 'function', "no function 'main' is exported", order.module)
  const output = {
    put: channel.put.bind(channel),
    tryPut: channel.tryPut.bind(channel),
    close: () => channel.finish(),
    onWritable: channel.onWritable.bind(channel),
    get closed() {
      return channel.closed
    },
  }
  await main({ name: order.name, args: order.args, input: channel, output })
  // All that was put has arrived when this is over.
  await channel[Symbol.asyncDispose]()
  process.exit(0)
}

/** What was put before the error arrives; then the error is told. */
async function die(error: unknown): Promise<never> {
  // A turn: that is when a link sends what was put.
  await new Promise<void>((resolve) => ports.scheduler.soon(resolve))
  if (socket.writableLength > 0) await once(socket, 'drain').catch(() => undefined)
  const words: LastWords = { thrown: takeApart(error) }
  try {
    writeSync(lifelineFd, serialize(words))
  } catch {
    // The parent has gone, and nobody is left to be told.
  }
  process.exit(1)
}

run().catch(die)

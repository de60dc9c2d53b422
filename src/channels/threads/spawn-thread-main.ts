/**
 * Runs inside a spawned thread: attaches to its two channels, runs the module's `main`, and ends the thread when
 * that is done and all that it put has gone in. An error ends the thread as an uncaught error does.
 */
import { workerData } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import type { Sendable } from '../contract.ts'
import type { SpawnMain } from '../spawn-contract.ts'
import type { ThreadOrder } from './spawn.ts'
import { ThreadChannel } from './thread-channel.ts'

const order = workerData as ThreadOrder
const input = ThreadChannel.attach<Sendable>(order.input)
const output = ThreadChannel.attach<Sendable>(order.output)

const module: unknown = await import(order.module)
const { main } = module as { main?: SpawnMain<unknown, Sendable, Sendable> }
assert(typeof main === 'function', "no function 'main' is exported", order.module)
await main({ name: order.name, args: order.args, input, output })
await output.flushed()
output.close()
process.exit()

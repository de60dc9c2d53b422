/** Two ends of a channel between processes, in a world in memory. */
import assert from 'node:assert/strict'

import type { Net } from '../../src/base/ports.ts'
import type { Sendable } from '../../src/channels/contract.ts'
import {
  acceptChannels,
  type ConnectOptions,
  connectChannel,
  type ListenOptions,
} from '../../src/channels/processes/open.ts'
import type { ProcessChannel } from '../../src/channels/processes/process-channel.ts'
import { type MemoryConnection, MemoryWorld } from './memory-world.ts'

export const ADDRESS = { kind: 'tcp', host: '127.0.0.1', port: 7 } as const

export interface Pair {
  readonly world: MemoryWorld
  readonly near: ProcessChannel<Sendable>
  readonly far: ProcessChannel<Sendable>
  /** The near side's connection, for what a network can do. */
  readonly wire: MemoryConnection
}

export interface Setting {
  readonly world?: MemoryWorld
  readonly near?: ConnectOptions<Sendable>
  readonly far?: ListenOptions<Sendable>
}

/** Lets time pass until the promise settles, as long as it may take. */
export async function soon<V>(world: MemoryWorld, promise: Promise<V>, forMs = 100): Promise<V> {
  let settled = false
  const mark = (): void => {
    settled = true
  }
  promise.then(mark, mark)
  for (let count = 0; count < forMs && !settled; count++) await world.pass(1)
  assert.ok(settled, 'nothing happened')
  return promise
}

export async function pair({
  world = new MemoryWorld(1, 'whole'),
  near = {},
  far = {},
}: Setting = {}): Promise<Pair> {
  const accepted: ProcessChannel<Sendable>[] = []
  const onChannel = (channel: ProcessChannel<Sendable>): void => {
    accepted.push(channel)
  }
  const wires: MemoryConnection[] = []
  const net: Net = {
    listen: world.listen.bind(world),
    connect: async (address) => {
      const connection = await world.connect(address)
      wires.push(connection as MemoryConnection)
      return connection
    },
  }
  await acceptChannels(ADDRESS, { ...far, onChannel }, world)
  const connected = await soon(world, connectChannel(ADDRESS, near, { ...world, net }))
  return { world, near: connected, far: accepted[0]!, wire: wires[0]! }
}

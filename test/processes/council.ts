/** A coordinator and its members, in a world in memory. */
import assert from 'node:assert/strict'

import type { Net } from '../../src/base/ports.ts'
import { Coordination } from '../../src/channels/processes/coordination.ts'
import { Coordinator } from '../../src/channels/processes/coordinator.ts'
import { ADDRESS, soon } from './channel-pair.ts'
import { type MemoryConnection, MemoryWorld } from './memory-world.ts'

export interface CouncilMember {
  readonly coordination: Coordination
  /** Its connection, for what a network can do. */
  readonly wire: MemoryConnection
}

/** One member more, with a lease of a second. */
export async function enter(world: MemoryWorld): Promise<CouncilMember> {
  let wire: MemoryConnection | null = null
  const net: Net = {
    listen: world.listen.bind(world),
    connect: async (address) => {
      wire = (await world.connect(address)) as MemoryConnection
      return wire
    },
  }
  const connecting = Coordination.connect(ADDRESS, { leaseMs: 1000 }, { ...world, net })
  const coordination = await soon(world, connecting)
  assert.ok(wire !== null)
  return { coordination, wire }
}

export interface Council {
  readonly world: MemoryWorld
  readonly coordinator: Coordinator
  readonly members: readonly CouncilMember[]
}

export async function council(
  count: number,
  world: MemoryWorld = new MemoryWorld(1, 'whole'),
): Promise<Council> {
  const coordinator = await Coordinator.open(ADDRESS, { leaseMs: 1000 }, world)
  const members: CouncilMember[] = []
  for (let index = 0; index < count; index++) members.push(await enter(world))
  return { world, coordinator, members }
}

/** The channel of many peers: turns, deaths, endings, and its laws over any network. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { ADDRESS, soon } from '../../../test/processes/channel-pair.ts'
import { type MemoryConnection, MemoryWorld } from '../../../test/processes/memory-world.ts'
import type { Net } from '../../base/ports.ts'
import { below } from '../../base/random.ts'
import { ChannelClosed, ChannelPeerLost } from '../contract.ts'
import type { PeerEvent } from './hub.ts'
import { connectChannel, type HubChannel, type ListenOptions, listenChannel } from './open.ts'
import type { ProcessChannel } from './process-channel.ts'

type Value = readonly [sender: number, index: number]

interface Peer {
  readonly channel: ProcessChannel<Value>
  readonly wire: MemoryConnection
}

interface Star {
  readonly world: MemoryWorld
  readonly hub: HubChannel<Value>
  readonly peers: readonly Peer[]
  readonly events: string[]
}

async function star(
  count: number,
  options: ListenOptions<Value> = {},
  world = new MemoryWorld(1, 'whole'),
): Promise<Star> {
  const events: string[] = []
  const onPeer = ({ kind, peer, failure }: PeerEvent): void => {
    events.push(`${kind} ${peer.id}${failure === null ? '' : ` with ${peer.underWay} under way`}`)
  }
  const hub = await listenChannel<Value>(ADDRESS, { ...options, onPeer }, world)
  const peers: Peer[] = []
  for (let index = 0; index < count; index++) peers.push(await join(world, options))
  return { world, hub, peers, events }
}

async function join(world: MemoryWorld, options: ListenOptions<Value>): Promise<Peer> {
  let wire: MemoryConnection | null = null
  const net: Net = {
    listen: world.listen.bind(world),
    connect: async (address) => {
      wire = (await world.connect(address)) as MemoryConnection
      return wire
    },
  }
  const { windowMessages = 100 } = options
  const channel = await soon(
    world,
    connectChannel<Value>(ADDRESS, { windowMessages }, { ...world, net }),
  )
  assert.ok(wire !== null)
  return { channel, wire }
}

function drain(channel: ProcessChannel<Value>): Value[] {
  const got: Value[] = []
  for (let value = channel.tryGet(); value !== undefined; value = channel.tryGet()) got.push(value)
  return got
}

test('values put at the hub go to the peers in turn', async () => {
  const { world, hub, peers } = await star(3)
  for (let index = 0; index < 9; index++) hub.tryPut([0, index])
  await world.pass(10)
  const got = peers.map(({ channel }) => drain(channel).map(([, index]) => index))
  assert.deepEqual(got, [
    [0, 3, 6],
    [1, 4, 7],
    [2, 5, 8],
  ])
})

test('a peer that does not receive is passed over once its window is full', async () => {
  const { world, hub, peers } = await star(2, { windowMessages: 2 })
  const [busy, idle] = peers as [Peer, Peer]
  for (let index = 0; index < 20; index++) {
    await soon(world, hub.put([0, index]))
    await world.pass(1)
    drain(busy.channel)
  }
  assert.equal(idle.channel.size, 2)
  assert.equal(busy.channel.stats().got, 18)
})

test('values from many peers are received in turn, each peer in its own order', async () => {
  const { world, hub, peers } = await star(4, { windowMessages: 50 })
  for (const [sender, { channel }] of peers.entries()) {
    for (let index = 0; index < 50; index++) channel.tryPut([sender, index])
  }
  await world.pass(10)
  const got = drain(hub)
  assert.equal(got.length, 200)
  const next = [0, 0, 0, 0]
  for (const [place, [sender, index]] of got.entries()) {
    assert.equal(index, next[sender])
    next[sender] = index + 1
    const most = Math.max(...next)
    assert.ok(most - Math.min(...next) <= 1, `unfair at ${place}: ${next.join(' ')}`)
  }
})

test('without a peer a put waits for the first who comes', async () => {
  const { world, hub } = await star(0)
  assert.equal(hub.tryPut([0, 0]), false)
  const put = hub.put([0, 1])
  const { channel } = await join(world, {})
  await soon(world, put)
  assert.deepEqual(await soon(world, channel.get()), [0, 1])
})

test('a peer that dies is reported with what was under way, and the others go on', async () => {
  const { world, hub, peers, events } = await star(2)
  const [lost, other] = peers as [Peer, Peer]
  lost.channel.tryPut([7, 7])
  await world.pass(10)
  for (let index = 0; index < 4; index++) hub.tryPut([0, index])
  lost.wire.lose()
  lost.wire.peerEnd?.lose()
  await world.pass(10)
  assert.deepEqual(events, ['joined 1', 'joined 2', 'lost 1 with 2 under way'])
  await assert.rejects(lost.channel.put([1, 1]), ChannelPeerLost)
  assert.deepEqual(await hub.get(), [7, 7])
  await soon(world, hub.put([0, 4]))
  await world.pass(10)
  assert.deepEqual(
    drain(other.channel).map(([, index]) => index),
    [1, 3, 4],
  )
  assert.equal(hub.peers().length, 1)
  assert.equal(hub.closed, false)
})

test('a peer that leaves in good order is no loss', async () => {
  const { world, peers, events } = await star(2)
  await soon(world, peers[0]!.channel[Symbol.asyncDispose]())
  await world.pass(10)
  assert.deepEqual(events, ['joined 1', 'joined 2', 'left 1'])
})

test('closing the hub ends every peer once it has what was put', async () => {
  const { world, hub, peers } = await star(3)
  for (let index = 0; index < 3; index++) hub.tryPut([0, index])
  peers[1]!.channel.tryPut([9, 9])
  const closed = hub[Symbol.asyncDispose]()
  await soon(world, closed)
  for (const { channel } of peers) {
    assert.equal(drain(channel).length, 1)
    await assert.rejects(channel.get(), ChannelClosed)
  }
  assert.deepEqual(await hub.get(), [9, 9])
  await assert.rejects(hub.get(), ChannelClosed)
  await assert.rejects(connectChannel(ADDRESS, {}, world), ChannelPeerLost)
})

test('closing the hub now throws away what is under way on both sides', async () => {
  const { world, hub, peers } = await star(2)
  for (const { channel } of peers) channel.tryPut([1, 1])
  await world.pass(10)
  hub.tryPut([0, 0])
  hub.close('now')
  await assert.rejects(hub.get(), ChannelClosed)
  await world.pass(10)
  for (const { channel } of peers) await assert.rejects(channel.get(), ChannelClosed)
  assert.equal(hub.stats().dropped, 2)
})

test('settled at the hub waits for every peer', async () => {
  const { world, hub, peers } = await star(2)
  hub.tryPut([0, 0])
  hub.tryPut([0, 1])
  const settled = hub.settled()
  await world.pass(10)
  drain(peers[0]!.channel)
  await assert.rejects(hub.settled({ timeoutMs: 0 }))
  drain(peers[1]!.channel)
  await soon(world, settled)
})

const games = fc.record({
  seed: fc.nat(),
  peers: fc.integer({ min: 1, max: 5 }),
  values: fc.integer({ min: 0, max: 40 }),
  windowMessages: fc.integer({ min: 1, max: 6 }),
  deaths: fc.integer({ min: 0, max: 2 }),
})

test('over any network, with any deaths: order is kept, nothing is doubled, and only the dead lose', async () => {
  await fc.assert(
    fc.asyncProperty(games, async (game) => {
      const world = new MemoryWorld(game.seed, 'seeded')
      const { windowMessages } = game
      const { hub, peers } = await star(game.peers, { windowMessages }, world)
      const dead = new Set<number>()
      const up: Value[] = []
      const down: Value[][] = peers.map(() => [])
      const outcomes: string[] = []
      const work = [
        ...peers.map(({ channel }, sender) => sendAll(channel, sender, game.values)),
        sendAll(hub, 0, game.values * game.peers),
        collect(hub, up),
        ...peers.map(({ channel }, index) => collect(channel, down[index]!)),
      ].map((job) => job.then((outcome) => outcomes.push(outcome)))
      for (let count = 0; count < game.deaths; count++) {
        await world.pass(below(world.random, 20))
        const victim = below(world.random, game.peers)
        dead.add(victim)
        peers[victim]!.wire.destroy()
      }
      for (let count = 0; count < 400 && outcomes.length < work.length; count++) {
        await world.pass(20)
        assert.ok(hub.stats().underWay <= game.peers * windowMessages)
        const all = up.length === game.peers * game.values && hub.stats().waitingToPut === 0
        if (all || (dead.size > 0 && count > 100)) {
          hub.close()
          for (const { channel } of peers) channel.finish()
        }
      }
      assert.equal(outcomes.length, work.length, 'somebody hangs')
      checkUp(up, game, dead)
      checkDown(down, game, dead)
    }),
    { numRuns: 60 },
  )
})

async function sendAll(
  channel: ProcessChannel<Value>,
  sender: number,
  count: number,
): Promise<string> {
  try {
    for (let index = 0; index < count; index++) await channel.put([sender, index])
    return 'sent'
  } catch (error) {
    return (error as ChannelClosed).code
  }
}

async function collect(channel: ProcessChannel<Value>, into: Value[]): Promise<string> {
  try {
    for await (const value of channel) into.push(value)
    return 'ended'
  } catch (error) {
    return (error as ChannelClosed).code
  }
}

interface Game {
  readonly peers: number
  readonly values: number
}

function checkUp(up: readonly Value[], game: Game, dead: ReadonlySet<number>): void {
  const next = new Array<number>(game.peers).fill(0)
  for (const [sender, index] of up) {
    assert.equal(index, next[sender], `peer ${sender} out of order`)
    next[sender] = index + 1
  }
  for (const [sender, count] of next.entries()) {
    if (!dead.has(sender)) assert.equal(count, game.values, `peer ${sender} lost something`)
  }
}

function checkDown(
  down: readonly (readonly Value[])[],
  game: Game,
  dead: ReadonlySet<number>,
): void {
  const seen = new Set<number>()
  for (const values of down) {
    let last = -1
    for (const [, index] of values) {
      assert.ok(index > last && !seen.has(index))
      seen.add(index)
      last = index
    }
  }
  if (dead.size === 0) assert.equal(seen.size, game.peers * game.values)
}

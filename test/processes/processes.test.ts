/** Channels, pipes and barriers between real processes, some of which are killed at any moment. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { Socket } from 'node:net'
import { test } from 'node:test'

import { deferred } from '../../src/base/deferred.ts'
import { BarrierBroken } from '../../src/channels/barrier-contract.ts'
import { ChannelClosed, ChannelPeerLost } from '../../src/channels/contract.ts'
import {
  connectChannel,
  connectRpc,
  coordinate,
  fifoReceiver,
  type HubChannel,
  joinBarrier,
  listenChannel,
  listenRpc,
  makeFifo,
  openCoordinator,
  type PeerEvent,
  pipeChannel,
} from '../../src/channels/processes/mod.ts'
import { Service } from '../../src/channels/rpc-service.ts'
import { Crew } from './crew.ts'

type Value = readonly [sender: number, index: number]

/** Node makes no FIFOs; where the system's own command is not on the path there are none to test. */
const hasFifos = spawnSync('mkfifo', ['--version'], { stdio: 'ignore' }).error === undefined
const onFifos = { skip: hasFifos ? false : 'not run: mkfifo is not on the path' } as const

/** Nothing here may take longer; a wait that does has hung. */
const patience = { timeoutMs: 20_000 } as const

function unix(path: string): { readonly kind: 'unix'; readonly path: string } {
  return { kind: 'unix', path }
}

test('a value goes to another process and back, over a socket and over a pipe of its own', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const host = crew.hire('host', address.path)
  await host.line()
  const channel = await connectChannel<Value>(address)
  const child = crew.hire('pipe', '-')
  const pipe = await pipeChannel<Value>(child.child.stdio[3] as Socket, { side: 'listening' })
  for (const end of [channel, pipe]) {
    for (let index = 0; index < 1000; index++) await end.put([1, index])
    for (let index = 0; index < 1000; index++) assert.deepEqual(await end.get(patience), [1, index])
  }
  await Promise.all([channel[Symbol.asyncDispose](), pipe[Symbol.asyncDispose]()])
  assert.equal(await child.ended, 0)
})

test('who joins is told when all is done, and when whoever had the rest is killed', async () => {
  await using crew = await Crew.gather()
  await using hub = await listenChannel<Value>(unix(crew.path('s')))
  const diligent = crew.hire('laborer', crew.path('s'), 1, 0)
  for (let index = 0; index < 1000; index++) await hub.put([0, index], patience)
  await hub.join(patience)
  assert.equal(hub.stats().unfinished, 0)
  const doomed = crew.hire('laborer', crew.path('s'), 2, 1)
  while (hub.peers().length < 2) await hub.put([1, 0], patience)
  while (doomed.lines.length === 0) await hub.put([1, 1], patience)
  const joining = assert.rejects(hub.join(patience), ChannelPeerLost)
  doomed.child.kill('SIGKILL')
  await joining
  await assert.rejects(hub.join(patience), /will never be done: .* is lost/)
  hub.finish()
  hub.close()
  assert.equal(await diligent.ended, 0)
})

test('over TCP the same, and a wrong token is turned away', async () => {
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  await using hub = await listenChannel<Value>(address, { token: 'open sesame' })
  await assert.rejects(connectChannel(hub.address), /refused: the token is wrong/)
  const channel = await connectChannel<Value>(hub.address, { token: 'open sesame' })
  await channel.put([1, 2])
  assert.deepEqual(await hub.get(patience), [1, 2])
  await hub.put([3, 4])
  assert.deepEqual(await channel.get(patience), [3, 4])
  await channel[Symbol.asyncDispose]()
})

test('calls go over TCP as well, and a wrong token is turned away', async () => {
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  const service = new Service()
  service.serve('double', (n: number) => n * 2)
  service.serve('never', () => new Promise(() => undefined))
  const token = 'open sesame'
  await using listener = await listenRpc(address, { token, service })
  await assert.rejects(connectRpc(listener.address), /refused: the token is wrong/)
  const { peer } = await connectRpc(listener.address, { token })
  assert.deepEqual(await Promise.all([1, 2].map((n) => peer.call('double', n))), [2, 4])
  await assert.rejects(peer.call('never', null, { deadlineMs: 20 }), { code: 'RPC_DEADLINE' })
  await peer.close()
})

test('calls to another process are answered, streamed and cut off by its death', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const server = crew.hire('server', address.path)
  await server.line()
  const { peer } = await connectRpc(address)
  const answers = await Promise.all([1, 2, 3].map((n) => peer.call('double', n)))
  assert.deepEqual(answers, [2, 4, 6])
  let items = 0
  for await (const _item of peer.stream('count', 1000)) items++
  assert.equal(items, 1000)
  await assert.rejects(peer.call('never', null, { deadlineMs: 50 }), { code: 'RPC_DEADLINE' })
  const call = assert.rejects(peer.call('never'), { code: 'RPC_CLOSED' })
  server.child.kill('SIGKILL')
  await call
})

test('a FIFO carries values one way, and its end ends the reader', onFifos, async () => {
  await using crew = await Crew.gather()
  const path = crew.path('fifo')
  await makeFifo(path)
  await makeFifo(path)
  const receiver = await fifoReceiver<Value>(path)
  const writer = crew.hire('fifo', path, 1, 20_000)
  let next = 0
  for await (const [, index] of receiver) {
    if (index !== next) assert.equal(index, next)
    next++
  }
  assert.equal(next, 20_000)
  assert.equal(await writer.ended, 0)
})

test(
  'a writer into a FIFO that is killed is a loss, after what it had written whole',
  onFifos,
  async () => {
    await using crew = await Crew.gather()
    const path = crew.path('fifo')
    await makeFifo(path)
    const receiver = await fifoReceiver<Value>(path)
    const writer = crew.hire('fifo', path, 1, 100_000_000)
    let next = 0
    const reading = (async () => {
      for await (const [, index] of receiver) {
        if (index !== next) assert.equal(index, next)
        next++
        if (next === 5000) writer.child.kill('SIGKILL')
      }
    })()
    await assert.rejects(reading, ChannelPeerLost)
    assert.ok(next >= 5000)
  },
)

/** Whatever the producers sent arrives in order and without a gap, up to where each was stopped. */
async function receiveAll(hub: HubChannel<Value>, next: number[]): Promise<void> {
  for await (const [sender, index] of hub) {
    if (index !== next[sender]) assert.equal(index, next[sender], `from ${sender}`)
    next[sender] = index + 1
  }
}

test('producers that are killed at any moment lose only what they had not sent, and disturb nobody', async () => {
  const perProducer = 40_000
  for (let round = 0; round < 3; round++) {
    await using crew = await Crew.gather()
    const address = unix(crew.path('s'))
    const events: PeerEvent[] = []
    const onPeer = (event: PeerEvent): void => void events.push(event)
    const hub = await listenChannel<Value>(address, { onPeer, windowMessages: 100 })
    const next = [0, 0, 0]
    const receiving = receiveAll(hub, next)
    const hands = [0, 1, 2].map((id) => crew.hire('producer', address.path, id, perProducer))
    while (next[round]! < 1000 * round) await new Promise((resolve) => setImmediate(resolve))
    hands[round]!.child.kill('SIGKILL')
    const ends = await Promise.all(hands.map(({ ended }) => ended))
    hub.close()
    await receiving
    const killed = round
    for (const [id, end] of ends.entries()) {
      assert.equal(end, id === killed ? 'SIGKILL' : 0)
      if (id !== killed) assert.equal(next[id], perProducer, `producer ${id}`)
    }
    const joined = events.filter(({ kind }) => kind === 'joined').length
    const lost = events.filter(({ kind }) => kind === 'lost').length
    assert.equal(lost, joined - 2, 'the killed one was lost, if it had come, and no other')
  }
})

test('consumers that are killed leave the work to the others, and the loss is told with its size', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const losses: number[] = []
  const allHere = deferred<void>()
  let joined = 0
  const hub = await listenChannel<Value>(address, {
    windowMessages: 50,
    onPeer: ({ kind, peer }) => {
      if (kind === 'lost') losses.push(peer.underWay)
      if (kind === 'joined' && ++joined === 3) allHere.resolve()
    },
  })
  const hands = [0, 1, 2].map((id) => crew.hire('echo', address.path, id, 50))
  await allHere.promise
  const count = 30_000
  const back = new Set<number>()
  const sending = (async () => {
    for (let index = 0; index < count; index++) {
      await hub.put([0, index])
      if (index === 10_000) hands[1]!.child.kill('SIGKILL')
    }
  })()
  const receiving = (async () => {
    for await (const [, index] of hub) {
      assert.ok(!back.has(index), `${index} came twice`)
      back.add(index)
    }
  })()
  await sending
  await hub.settled(patience)
  hub.finish()
  await Promise.all([hands[0]!.ended, hands[2]!.ended])
  hub.close()
  await receiving
  // What the killed one had received and not yet given back is missing too: at most a window each way.
  assert.equal(losses.length, 1)
  assert.ok(back.size >= count - 2 * 50 && back.size <= count, `${back.size} of ${count}`)
})

test('when the listener is killed every wait of its peers ends with the loss', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const host = crew.hire('host', address.path)
  await host.line()
  const channel = await connectChannel<Value>(address, { windowMessages: 10 })
  await channel.put([0, 0])
  await channel.get(patience)
  const waits = [assert.rejects(channel.get(patience), ChannelPeerLost)]
  host.child.kill('SIGKILL')
  waits.push(
    assert.rejects(
      channel.gone(patience).then((error) => Promise.reject(error)),
      ChannelPeerLost,
    ),
  )
  await Promise.all(waits)
  await assert.rejects(channel.put([0, 1]), ChannelPeerLost)
  // A dying process closes its sockets one by one; only when it is gone does nobody listen.
  assert.equal(await host.ended, 'SIGKILL')
  // Its socket file is still there; the next listener takes its place.
  await using again = await listenChannel<Value>(address)
  const next = await connectChannel<Value>(address)
  await next.put([1, 1])
  assert.deepEqual(await again.get(patience), [1, 1])
  await Promise.all([next[Symbol.asyncDispose](), again[Symbol.asyncDispose]()])
})

test('a process that is stopped is lost within the silence that is borne, though its socket is open', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const host = crew.hire('host', address.path)
  await host.line()
  const channel = await connectChannel<Value>(address, { silenceMs: 400 })
  host.child.kill('SIGSTOP')
  await assert.rejects(channel.get(patience), /nothing was heard for 400 ms/)
})

test('a process that computes and does not turn its loop is not taken for dead by itself', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const host = crew.hire('host', address.path)
  await host.line()
  const channel = await connectChannel<Value>(address, { silenceMs: 400 })
  await channel.put([0, 0])
  const until = performance.now() + 1500
  while (performance.now() < until);
  assert.deepEqual(await channel.get(patience), [0, 0])
  await channel[Symbol.asyncDispose]()
})

test('parties in several processes meet round after round', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  await using _coordinator = await openCoordinator(address)
  const hands = [0, 1, 2].map(() => crew.hire('party', address.path, 4, 50))
  const barrier = await joinBarrier(address, 'stage', { parties: 4 })
  for (let round = 0; round < 50; round++) {
    const { generation } = await barrier.wait(patience)
    assert.equal(generation, round)
  }
  await barrier.leave()
  assert.deepEqual(await Promise.all(hands.map(({ ended }) => ended)), [0, 0, 0])
  const rounds = hands.map(({ lines }) => lines.map((line) => line.split(' ')[0]).join(' '))
  assert.deepEqual(new Set(rounds), new Set([Array.from({ length: 50 }, (_, n) => n).join(' ')]))
})

test('a party that is killed breaks the barrier for the others, and its lock is free again', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  await using _coordinator = await openCoordinator(address)
  const party = crew.hire('party', address.path, 2, 1_000_000)
  const holder = crew.hire('holder', address.path)
  await holder.line()
  const coordination = await coordinate(address)
  const barrier = await coordination.barrier('stage', { parties: 2 })
  const meeting = (async () => {
    for (let round = 0; ; round++) {
      await barrier.wait(patience)
      if (round === 20) party.child.kill('SIGKILL')
    }
  })()
  await assert.rejects(
    meeting,
    (error) => error instanceof BarrierBroken && error.reason === 'lost',
  )
  const lock = coordination.lock('door', patience)
  holder.child.kill('SIGKILL')
  await (await lock).release()
  await coordination.close()
})

test('a channel that is closed while thousands wait delivers every one of them', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const hub = await listenChannel<Value>(address)
  const hand = crew.hire('producer', address.path, 0, 8_000)
  assert.equal(await hand.ended, 0)
  let next = 0
  for (let value = hub.tryGet(); value !== undefined; value = hub.tryGet()) {
    assert.equal(value[1], next)
    next++
  }
  assert.ok(next > 0)
  hub.close()
  for await (const [, index] of hub) {
    assert.equal(index, next)
    next++
  }
  assert.equal(next, 8_000)
  await assert.rejects(hub.get(), ChannelClosed)
})

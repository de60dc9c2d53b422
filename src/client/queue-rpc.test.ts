/** Calls over a broker: they keep the contract of calls; who gets which caller, and what the end of one side does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Place } from '../../test/client/place.ts'
import { rpcContract } from '../../test/contracts/rpc-contract.ts'
import { type CallContext, RpcError, type RpcPeer, Service } from '../channels/mod.ts'
import {
  type CallBroker,
  connectRpc,
  type ListenRpcOptions,
  listenRpc,
  type QueueRpcListener,
} from './mod.ts'

function shop(): Service {
  const service = new Service()
  service.serve('double', (n: number) => n * 2)
  return service
}

function listen(place: Place, options: ListenRpcOptions = {}): Promise<QueueRpcListener> {
  const { broker, ports } = place
  return place.drive(listenRpc(broker, 'shop', { ...options, ports }))
}

function connect(place: Place): Promise<RpcPeer> {
  const { broker, ports } = place
  return place.drive(connectRpc(broker, 'shop', { ports }))
}

/** All queues but the one where they meet have gone with who had them. */
async function onlyTheMeetingIsLeft({ broker, ports }: Place, meeting: string): Promise<void> {
  await ports.settle()
  const queue = await broker.queue(meeting)
  assert.deepEqual([queue.readyCount, queue.heldCount, queue.consumerCount], [0, 0, 0])
}

rpcContract({
  name: 'calls over a broker',
  values: 'copied',
  run: (body) =>
    Place.run(async (place) => {
      const { broker, ports } = place
      await body({
        connect: async (service, options) => {
          const callers: RpcPeer[] = []
          await listen(place, { service, onCaller: (peer) => callers.push(peer) })
          const caller = await place.drive(connectRpc(broker, 'shop', { ...options, ports }))
          return { caller, callee: callers[0]! }
        },
        drive: (promise) => place.drive(promise),
        settle: () => ports.settle(),
      })
    }),
})

test('a caller may come before anybody answers, and both sides may call', () =>
  Place.run(async (place) => {
    const connecting = connectRpc(place.broker, 'shop', { ports: place.ports })
    await place.ports.advance(1_000)
    const callers: RpcPeer[] = []
    await using listener = await listen(place, { onCaller: (peer) => callers.push(peer) })
    const caller = await place.drive(connecting)
    caller.serve('who', () => 'a caller')
    assert.equal(await place.drive(callers[0]!.call('who')), 'a caller')
    assert.deepEqual(listener.callers, callers)
    await caller.close()
  }))

test('whoever waits for an answerer in vain leaves nothing but a greeting that nobody answers', () =>
  Place.run(async (place) => {
    const { broker, ports } = place
    const waiting = connectRpc(broker, 'shop', { ports, timeoutMs: 50 })
    await assert.rejects(place.drive(waiting), { code: 'CHANNEL_TIMEOUT' })
    const listener = await listen(place, { service: shop() })
    await ports.settle()
    assert.deepEqual(listener.callers, [])
    const caller = await connect(place)
    assert.equal(await place.drive(caller.call('double', 4)), 8)
    await listener.close()
    await onlyTheMeetingIsLeft(place, 'shop')
  }))

test('the end of either side ends the calls of the other', () =>
  Place.run(async (place) => {
    const service = new Service()
    const stopped: unknown[] = []
    service.serve('wait', async (_args: null, { signal }: CallContext) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      stopped.push(signal.reason)
    })
    const listener = await listen(place, { service })
    const [leaving, left] = [await connect(place), await connect(place)]
    const calls = [leaving, left].map((caller) =>
      assert.rejects(caller.call('wait', null), { code: 'RPC_CLOSED' }),
    )
    await place.ports.settle()
    await leaving.close()
    await calls[0]
    await place.ports.settle()
    assert.deepEqual([stopped.length, listener.callers.length], [1, 1])
    await listener.close()
    await place.ports.settle()
    await calls[1]
    assert.equal(left.closed, true)
    await assert.rejects(left.call('wait'), RpcError)
    await onlyTheMeetingIsLeft(place, 'shop')
  }))

test('what the program does when it is told of a caller disturbs neither him nor the listener', () =>
  Place.run(async (place) => {
    const onCaller = (): never => {
      throw new Error('a mistake in the program')
    }
    const listener = await listen(place, { service: shop(), onCaller })
    const caller = await connect(place)
    assert.equal(await place.drive(caller.call('double', 4)), 8)
    assert.deepEqual(place.ports.errors.splice(0), [new Error('a mistake in the program')])
    await place.drive(listener.close())
  }))

test('several who answer share the callers, and garbage in the queue disturbs nobody', () =>
  Place.run(async (place) => {
    const listeners = [
      await listen(place, { service: shop() }),
      await listen(place, { service: shop() }),
    ]
    const meeting = await place.broker.queue('shop')
    await place.drive(meeting.send('this is no greeting'))
    const callers: RpcPeer[] = []
    for (let count = 0; count < 6; count++) callers.push(await connect(place))
    const answers = callers.map((caller, n) => caller.call('double', n))
    assert.deepEqual(await place.drive(Promise.all(answers)), [0, 2, 4, 6, 8, 10])
    const shares = listeners.map((listener) => listener.callers.length)
    assert.equal(shares[0]! + shares[1]!, 6)
    assert.ok(Math.min(...shares) >= 2, `one of them has ${shares.join(', the other ')}`)
    await Promise.all(listeners.map((listener) => listener.close()))
    await onlyTheMeetingIsLeft(place, 'shop')
  }))

test('a caller for whom no inbox can be made is left to its own deadline, and the next one is answered', () =>
  Place.run(async (place) => {
    const { broker, ports } = place
    let isFull = true
    const crowded: CallBroker = {
      queue: (name, options) =>
        isFull && name !== 'shop' && options !== undefined
          ? Promise.reject(new Error('there are too many queues'))
          : broker.queue(name, options),
    }
    const options = { service: shop(), ports }
    await using listener = await place.drive(listenRpc(crowded, 'shop', options))
    const waiting = connectRpc(broker, 'shop', { ports, timeoutMs: 50 })
    await assert.rejects(place.drive(waiting), { code: 'CHANNEL_TIMEOUT' })
    isFull = false
    const caller = await connect(place)
    assert.equal(await place.drive(caller.call('double', 4)), 8)
    assert.equal(listener.callers.length, 1)
  }))

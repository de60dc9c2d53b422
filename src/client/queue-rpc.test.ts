/** Calls over a broker: answers, streams, cancellation, who gets which caller, and what the end of one side does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Place } from '../../test/client/place.ts'
import { type CallContext, RemoteError, RpcError, type RpcPeer, Service } from '../channels/mod.ts'
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
  service.serve('same', (value: unknown) => value)
  service.serve('fail', () => {
    throw Object.assign(new RangeError('too far'), { code: 'TOO_FAR' })
  })
  service.serve('count', async function* (to: number) {
    for (let n = 1; n <= to; n++) yield n
  })
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

test('calls are answered, errors keep their type and code, answers may stream', () =>
  Place.run(async (place) => {
    const listener = await listen(place, { service: shop() })
    const caller = await connect(place)
    const calls = [1, 2, 3].map((n) => caller.call('double', n))
    assert.deepEqual(await place.drive(Promise.all(calls)), [2, 4, 6])
    for (const value of [undefined, null, new Map([[1, new Date(5)]]), Uint8Array.of(1, 2)]) {
      assert.deepEqual(await place.drive(caller.call('same', value)), value)
    }
    await assert.rejects(
      place.drive(caller.call('fail')),
      (error) =>
        error instanceof RemoteError && error.type === 'RangeError' && error.code === 'TOO_FAR',
    )
    const counting = (async () => {
      let count = 0
      for await (const n of caller.stream('count', 1_000)) assert.equal(n, ++count)
      return count
    })()
    assert.equal(await place.drive(counting), 1_000)
    await caller.close()
    await place.ports.settle()
    assert.deepEqual(listener.callers, [])
    await listener.close()
    await onlyTheMeetingIsLeft(place, 'shop')
  }))

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

test('a cancelled call fires the signal of its handler', () =>
  Place.run(async (place) => {
    const service = new Service()
    let stopped = false
    service.serve('wait', async (_args: null, { signal }: CallContext) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      stopped = true
    })
    await using listener = await listen(place, { service })
    const caller = await connect(place)
    const controller = new AbortController()
    const call = caller.call('wait', null, { signal: controller.signal })
    const told = assert.rejects(call, /enough/)
    await place.ports.settle()
    controller.abort(new Error('enough'))
    await told
    await place.ports.settle()
    assert.deepEqual([stopped, listener.callers.length], [true, 1])
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

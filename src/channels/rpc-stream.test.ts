/** Streamed answers: back-pressure, ends, and the typed client. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { RpcPeer } from './rpc.ts'
import { client } from './rpc-client.ts'
import { RemoteError } from './rpc-errors.ts'
import { type CallContext, Service } from './rpc-service.ts'
import { wirePair } from './wire-pair.ts'

function make(service = new Service()): { world: Clockwork; caller: RpcPeer; callee: RpcPeer } {
  const world = new Clockwork()
  const [near, far] = wirePair(world)
  return {
    world,
    caller: new RpcPeer(near, {}, world),
    callee: new RpcPeer(far, { service }, world),
  }
}

async function* count(to: number): AsyncGenerator<number> {
  for (let value = 1; value <= to; value++) yield value
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const item of items) values.push(item)
  return values
}

test('a streamed answer comes item by item, in order, and ends', async () => {
  const { caller, callee, world } = make()
  callee.serve('count', (to: number) => count(to))
  const items = await world.until(collect(caller.stream('count', 100)))
  assert.deepEqual(
    items,
    Array.from({ length: 100 }, (_, index) => index + 1),
  )
  assert.deepEqual(await world.until(collect(caller.stream('count', 0))), [])
  assert.deepEqual([caller.callsOut, callee.callsIn], [0, 0])
})

test('undefined and null are items like any other', async () => {
  const { caller, callee, world } = make()
  callee.serve('odd', async function* odd() {
    yield undefined
    yield null
  })
  assert.deepEqual(await world.until(collect(caller.stream('odd'))), [undefined, null])
})

test('the handler runs no further ahead than the credit', async () => {
  const { caller, callee, world } = make()
  let made = 0
  callee.serve('endless', async function* endless() {
    for (;;) yield ++made
  })
  const iterator = caller.stream('endless', null, { credit: 4 })[Symbol.asyncIterator]()
  await world.settle()
  assert.equal(made, 4)
  assert.equal((await iterator.next()).value, 1)
  await world.settle()
  assert.equal(made, 4)
  assert.equal((await iterator.next()).value, 2)
  await world.settle()
  assert.equal(made, 6)
  for (let consumed = 3; consumed < 40; consumed++) {
    assert.equal((await iterator.next()).value, consumed)
    await world.settle()
    assert.ok(made <= consumed + 4, `${made} made, ${consumed} consumed`)
  }
  await iterator.return?.()
})

test('leaving the loop stops the handler, which may clean up', async () => {
  const { caller, callee, world } = make()
  const log: string[] = []
  callee.serve('endless', async function* endless(_args: unknown, { signal }: CallContext) {
    signal.addEventListener('abort', () => log.push('signal'))
    try {
      for (let value = 0; ; value++) yield value
    } finally {
      log.push('cleaned up')
    }
  })
  const values: unknown[] = []
  const looping = (async () => {
    for await (const value of caller.stream('endless', null, { credit: 3 })) {
      values.push(value)
      if (values.length === 5) break
    }
  })()
  await world.until(looping)
  await world.settle()
  assert.deepEqual(values, [0, 1, 2, 3, 4])
  assert.deepEqual(log, ['signal', 'cleaned up'])
  assert.deepEqual([caller.callsOut, callee.callsIn], [0, 0])
})

test('an error ends the stream after the items that came before it', async () => {
  const { caller, callee, world } = make()
  callee.serve('breaks', async function* breaks() {
    yield 1
    throw Object.assign(new Error('broken'), { code: 'BROKEN' })
  })
  const values: unknown[] = []
  const looping = watch(
    (async () => {
      for await (const value of caller.stream('breaks')) values.push(value)
    })(),
  )
  await world.settle()
  assert.deepEqual(values, [1])
  assert.ok(looping.error instanceof RemoteError && looping.error.code === 'BROKEN')
})

test('a deadline and a signal end a stream on both sides', async () => {
  const { caller, callee, world } = make()
  callee.serve('ticks', async function* ticks() {
    for (;;) {
      await world.sleep(10)
      yield 'tick'
    }
  })
  const late = watch(collect(caller.stream('ticks', null, { deadlineMs: 35 })))
  await world.advance(100)
  assert.equal((late.error as { code?: string }).code, 'RPC_DEADLINE')
  const controller = new AbortController()
  const aborted = watch(collect(caller.stream('ticks', null, { signal: controller.signal })))
  await world.advance(25)
  controller.abort(new Error('enough'))
  await world.run()
  assert.deepEqual(aborted.error, new Error('enough'))
  assert.deepEqual([caller.callsOut, callee.callsIn, world.timers], [0, 0, 0])
})

test('calling a stream for one result, or a result for a stream, is refused', async () => {
  const { caller, callee, world } = make()
  callee.serve('count', (to: number) => count(to))
  callee.serve('one', () => 1)
  await assert.rejects(world.until(caller.call('count', 3)), { code: 'RPC_MISUSE' })
  await assert.rejects(world.until(collect(caller.stream('one'))), { code: 'RPC_MISUSE' })
  assert.throws(() => caller.stream('count', 3, { credit: 0 }), { code: 'RPC_MISUSE' })
})

interface Prices {
  price(args: { readonly item: number }): Promise<number>
  currencies(): Promise<string[]>
  ticks(args: { readonly count: number }): AsyncIterable<number>
}

interface Plain {
  ping(): Promise<string>
}

test('a typed client has the methods of its interface', async () => {
  const { caller, callee, world } = make()
  const withdraw = callee.serveAll<Prices>({
    price: ({ item }) => item * 10,
    currencies: async () => ['EUR', 'KRW'],
    ticks: (args) => count(args.count),
  })
  const prices = client<Prices>(caller, { ticks: 'stream' })
  const price: number = await prices.price({ item: 4 }, { deadlineMs: 100 })
  assert.deepEqual([price, await prices.currencies()], [40, ['EUR', 'KRW']])
  assert.deepEqual(await world.until(collect(prices.ticks({ count: 3 }))), [1, 2, 3])
  assert.equal(prices.price, prices.price)
  assert.equal(await Promise.resolve(prices), prices)
  withdraw()
  await assert.rejects(prices.currencies(), { code: 'RPC_MISSING' })
  // @ts-expect-error: the streaming methods must be named
  assert.ok(client<Prices>(caller))
  // @ts-expect-error: there is no such method
  assert.ok(prices.missing)
})

test('one service answers on many wires', async () => {
  const service = new Service()
  service.serveAll<Plain>({ ping: () => 'pong' })
  const [first, second] = [make(service), make(service)]
  assert.equal(await client<Plain>(first.caller).ping(), 'pong')
  await first.callee.close()
  assert.equal(await client<Plain>(second.caller).ping(), 'pong')
})

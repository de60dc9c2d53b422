/** What RPC promises, rule by rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { RpcPeer } from './rpc.ts'
import { RemoteError, RpcError } from './rpc-errors.ts'
import type { CallContext } from './rpc-service.ts'
import type { Fault } from './wire.ts'
import { wirePair } from './wire-pair.ts'

class OutOfStock extends RemoteError {
  override readonly name = 'OutOfStock'
}

/** Two peers on one wire: who calls, and who is called. */
function make(): { world: Clockwork; caller: RpcPeer; callee: RpcPeer } {
  const world = new Clockwork()
  const [near, far] = wirePair(world)
  const caller = new RpcPeer(near, { errors: { OUT_OF_STOCK: OutOfStock } }, world)
  return { world, caller, callee: new RpcPeer(far, {}, world) }
}

test('a call gets what the handler answers, at once or later', async () => {
  const { caller, callee, world } = make()
  callee.serve('double', (value: number) => value * 2)
  callee.serve('later', async (value: string) => {
    await world.sleep(5)
    return `${value}!`
  })
  assert.equal(await caller.call('double', 21), 42)
  assert.equal(await world.until(caller.call('later', 'yes')), 'yes!')
  assert.deepEqual([caller.callsOut, callee.callsIn], [0, 0])
})

test('answers come as they are ready, not as they were asked for', async () => {
  const { caller, callee, world } = make()
  const order: number[] = []
  callee.serve('sleep', (forMs: number) => world.sleep(forMs))
  const calls = [30, 10, 20].map(async (forMs) => {
    await caller.call('sleep', forMs)
    order.push(forMs)
  })
  await world.until(Promise.all(calls))
  assert.deepEqual(order, [10, 20, 30])
})

test('both sides may call each other, even from inside a handler', async () => {
  const { caller, callee, world } = make()
  caller.serve('name', () => 'Ada')
  callee.serve('greet', async () => `hello ${String(await callee.call('name'))}`)
  assert.equal(await world.until(caller.call('greet')), 'hello Ada')
})

test('an error keeps its type, code, message and details', async () => {
  const { caller, callee, world } = make()
  callee.serve('fail', () => {
    const error = Object.assign(new RangeError('too far'), { code: 'TOO_FAR', details: { by: 3 } })
    throw error
  })
  callee.serve('throw', () => Promise.reject('just a string'))
  const failing = watch(caller.call('fail'))
  const throwing = watch(caller.call('throw'))
  await world.settle()
  assert.ok(failing.error instanceof RemoteError)
  const { type, code, message, details } = failing.error
  assert.deepEqual(
    { type, code, message, details },
    {
      type: 'RangeError',
      code: 'TOO_FAR',
      message: 'too far',
      details: { by: 3 },
    },
  )
  assert.ok(throwing.error instanceof RemoteError)
  assert.equal(throwing.error.message, 'just a string')
})

test('an error whose code is known becomes the class that stands for it, over two peers as well', async () => {
  const { caller, callee, world } = make()
  const back = make()
  back.callee.serve('order', () => {
    throw Object.assign(new Error('none left'), { name: 'StockError', code: 'OUT_OF_STOCK' })
  })
  callee.serve('order', () => back.caller.call('order'))
  const ordering = watch(caller.call('order'))
  await world.settle()
  await back.world.settle()
  await world.settle()
  assert.ok(ordering.error instanceof OutOfStock)
  assert.deepEqual([ordering.error.type, ordering.error.code], ['StockError', 'OUT_OF_STOCK'])
})

test('the methods of an object are served as they are, and all or none', async () => {
  interface Till {
    total(args: { readonly sum: number }): Promise<number>
    greet(): Promise<string>
  }
  const till = {
    rate: (sum: number) => sum * 3,
    total({ sum }: { readonly sum: number }): number {
      return this.rate(sum)
    },
    greet: () => 'hello',
  }
  const { caller, callee, world } = make()
  const withdraw = callee.serveAll<Till>(till)
  assert.equal(await world.until(caller.call('total', { sum: 4 })), 12)
  const clash = { fresh: () => 1, greet: () => 'good day' }
  type Clash = { fresh(): Promise<number>; greet(): Promise<string> }
  assert.throws(() => callee.serveAll<Clash>(clash), {
    code: 'RPC_MISUSE',
    message: /'greet' is served/,
  })
  await assert.rejects(world.until(caller.call('fresh')), { code: 'RPC_MISSING' })
  withdraw()
  await assert.rejects(world.until(caller.call('greet')), { code: 'RPC_MISSING' })
})

test('a call that makes no sense is refused here, and ends no other', async () => {
  const { caller, callee, world } = make()
  callee.serve('double', (n: number) => n * 2)
  await assert.rejects(caller.call(undefined as never), { code: 'RPC_MISUSE' })
  const deadlineMs = '50' as never
  await assert.rejects(caller.call('double', 1, { deadlineMs }), { code: 'RPC_MISUSE' })
  assert.equal(await world.until(caller.call('double', 2)), 4)
})

test('what cannot be served is refused where it is offered', () => {
  const { callee } = make()
  assert.throws(() => callee.serve('price', 20 as never), {
    code: 'RPC_MISUSE',
    message: "'price' is served by a function, not by number",
  })
  class Till {
    total(): number {
      return 1
    }
  }
  const refusal = { code: 'RPC_MISUSE', message: /no method of its own/ }
  assert.throws(() => callee.serveAll<Till>(new Till() as never), refusal)
  assert.throws(() => callee.serveAll<Till>({ total: 5 } as never), { code: 'RPC_MISUSE' })
})

test('a name that nobody serves, or serves no more, is refused', async () => {
  const { caller, callee } = make()
  const withdraw = callee.serve('once', () => 1)
  assert.throws(() => callee.serve('once', () => 2), { code: 'RPC_MISUSE' })
  assert.equal(await caller.call('once'), 1)
  withdraw()
  await assert.rejects(caller.call('once'), { name: 'RpcError', code: 'RPC_MISSING' })
  await assert.rejects(caller.call('toString'), { code: 'RPC_MISSING' })
})

test('a deadline ends the call on both sides, and the handler knows what is left of it', async () => {
  const { caller, callee, world } = make()
  const left: number[] = []
  const reasons: unknown[] = []
  callee.serve('slow', async (_args: unknown, context: CallContext) => {
    context.signal.addEventListener('abort', () => reasons.push(context.signal.reason))
    left.push(context.remainingMs())
    await world.sleep(30)
    left.push(context.remainingMs())
    await world.sleep(30)
    left.push(context.remainingMs())
  })
  const call = watch(caller.call('slow', null, { deadlineMs: 50 }))
  await world.run()
  assert.ok(call.error instanceof RpcError && call.error.code === 'RPC_DEADLINE')
  assert.deepEqual(left, [50, 20, 0])
  assert.equal(reasons.length, 1)
  await assert.rejects(caller.call('slow', null, { deadlineMs: 0 }), { code: 'RPC_DEADLINE' })
  assert.equal(world.timers, 0)
})

test('an answered call leaves neither timer nor listener behind', async () => {
  const { caller, callee, world } = make()
  callee.serve('quick', () => 1)
  const { signal } = new AbortController()
  assert.equal(await caller.call('quick', null, { deadlineMs: 1000, signal }), 1)
  assert.equal(world.timers, 0)
})

test('closing fails the calls under way, fires the signals of handlers, and refuses later calls', async () => {
  const { caller, callee, world } = make()
  const reasons: unknown[] = []
  callee.serve('wait', async (_args: unknown, { signal }: CallContext) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    reasons.push(signal.reason)
  })
  const call = watch(caller.call('wait'))
  await world.settle()
  await callee.close()
  await callee.close()
  await world.settle()
  assert.ok(call.error instanceof RpcError && call.error.code === 'RPC_CLOSED')
  assert.equal(reasons.length, 1)
  assert.deepEqual([caller.closed, callee.closed], [true, true])
  await assert.rejects(caller.call('wait'), { code: 'RPC_CLOSED' })
  await assert.rejects(
    async () => {
      for await (const item of caller.stream('wait')) assert.fail(`there is no ${String(item)}`)
    },
    { code: 'RPC_CLOSED' },
  )
})

test('too many calls at once are refused on the side that runs them', async () => {
  const { caller, callee, world } = make()
  callee.serve('sleep', () => world.sleep(10))
  const calls = Array.from({ length: 1030 }, () => watch(caller.call('sleep')))
  await world.run()
  const busy = calls.filter(({ error }) => error instanceof RpcError && error.code === 'RPC_BUSY')
  assert.equal(busy.length, 6)
  assert.equal(calls.filter(({ state }) => state === 'resolved').length, 1024)
})

test('what is no frame ends the connection', async () => {
  const world = new Clockwork()
  for (const nonsense of [
    null,
    [],
    [1],
    [1, 0, 7, null, null, 0],
    [9, 1],
    [4, 0, null],
    [7, 1, -1],
  ]) {
    const [near, far] = wirePair(world)
    const peer = new RpcPeer(near, {}, world)
    const call = watch(peer.call('any'))
    await far.outgoing.put(nonsense as never)
    await world.settle()
    assert.ok(call.error instanceof RpcError && call.error.code === 'RPC_BROKEN', `${nonsense}`)
  }
})

test('a value that cannot travel fails its own call and no other', async () => {
  const world = new Clockwork()
  const [near, far] = wirePair(world)
  const uncopyable = 'uncopyable'
  // As a channel to another thread does, which copies what it carries.
  const copying = far.outgoing.tryPut.bind(far.outgoing)
  const refuse = (frame: Parameters<typeof copying>[0]): boolean => {
    if (JSON.stringify(frame).includes(uncopyable)) throw new Error('cannot be copied')
    return copying(frame)
  }
  const outgoing = Object.assign(Object.create(far.outgoing) as typeof far.outgoing, {
    tryPut: refuse,
  })
  const caller = new RpcPeer(near, {}, world)
  const callee = new RpcPeer({ outgoing, incoming: far.incoming }, {}, world)
  callee.serve('bad', () => uncopyable)
  callee.serve('worse', () => {
    throw Object.assign(new Error('failed'), { details: uncopyable })
  })
  callee.serve('good', () => 'good')
  caller.serve('echo', (value: unknown) => value)
  await assert.rejects(caller.call('bad'), /cannot be copied/)
  await assert.rejects(caller.call('worse'), /failed/)
  await assert.rejects(callee.call('echo', uncopyable), /cannot be copied/)
  assert.equal(await caller.call('good'), 'good')
  assert.deepEqual([caller.callsOut, callee.callsOut, callee.callsIn], [0, 0, 0])
})

test('a fault that another version sent keeps what it had', () => {
  const fault: Fault = { type: 'Odd', code: 'ODD', message: 'odd', details: [1] }
  const error = new RemoteError(fault)
  assert.deepEqual(
    [error.type, error.code, error.message, error.details],
    ['Odd', 'ODD', 'odd', [1]],
  )
})

test('a ping-pong of calls lets the event loop go on', async () => {
  const { caller, callee, world } = make()
  callee.serve('ping', () => 'pong')
  let answers = 0
  const callCount = 5000
  const playing = (async () => {
    for (; answers < callCount; answers++) await caller.call('ping')
  })()
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  assert.ok(answers > 0 && answers < 1024, `${answers} calls in the first turn`)
  await world.until(playing)
  assert.equal(answers, callCount)
})

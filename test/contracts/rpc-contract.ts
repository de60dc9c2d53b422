/**
 * What calls keep, whatever carries them: run by the test of each kind of wire. It speaks to two peers alone, and
 * never expects anything to have crossed before the world has been driven.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RpcOptions, RpcPeer } from '../../src/channels/rpc.ts'
import { client } from '../../src/channels/rpc-client.ts'
import { RemoteError } from '../../src/channels/rpc-errors.ts'
import { type CallContext, Service } from '../../src/channels/rpc-service.ts'
import { watch } from '../channels/watch.ts'

export interface RpcWorld {
  /** One who calls, with those options, and one who answers by the service. */
  connect(service: Service, caller: RpcOptions): Promise<RpcPair>
  /** Drives whatever must be driven until the promise settles; time passes meanwhile. */
  drive<T>(promise: Promise<T>): Promise<T>
  /** Lets whatever is under way arrive. */
  settle(): Promise<void>
}

export interface RpcPair {
  readonly caller: RpcPeer
  readonly callee: RpcPeer
}

/** A kind of wire under test. */
export interface RpcSubject {
  readonly name: string
  /** Whether what is sent arrives as a copy, or as itself. */
  readonly values: 'copied' | 'shared'
  /** Runs `body` to its end and cleans up. */
  run(body: (world: RpcWorld) => Promise<void>): Promise<void>
}

class TooFar extends RemoteError {
  override readonly name = 'TooFar'
}

interface Shop {
  double(n: number): Promise<number>
  same(value: unknown): Promise<unknown>
  fail(code: string): Promise<never>
  wait(): Promise<never>
  count(to: number): AsyncIterable<number>
}

interface Setting extends RpcPair {
  readonly world: RpcWorld
  /** Why the signals of handlers of `wait` and `count` fired, or that they ended. */
  readonly ends: unknown[]
}

type Law = (title: string, body: (setting: Setting) => Promise<void>) => void

export function rpcContract(subject: RpcSubject): void {
  const law: Law = (title, body) => {
    test(`${subject.name}: ${title}`, () =>
      subject.run(async (world) => {
        const ends: unknown[] = []
        const pair = await world.connect(shop(ends), { errors: { TOO_FAR: TooFar } })
        await body({ world, ends, ...pair })
        await pair.caller.close()
        await world.settle()
      }))
  }
  answeringContract(law)
  if (subject.values === 'copied') copyingContract(law)
  endingContract(law)
  streamingContract(law)
}

function shop(ends: unknown[]): Service {
  const service = new Service()
  service.serve('double', (n: number) => n * 2)
  service.serve('same', (value: unknown) => value)
  service.serve('fail', (code: string) => {
    throw Object.assign(new RangeError('too far'), { code, details: { by: 3 } })
  })
  service.serve('wait', (_args: unknown, { signal }: CallContext) => {
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        ends.push(signal.reason.code)
        reject(signal.reason)
      })
    })
  })
  service.serve('count', async function* count(to: number) {
    try {
      for (let n = 1; n <= to; n++) yield n
    } finally {
      ends.push('counted')
    }
  })
  return service
}

function answeringContract(law: Law): void {
  law('each call gets its own answer, and one that waits holds up no other', async (setting) => {
    const { world, caller } = setting
    const slow = watch(caller.call('wait'))
    const calls = Array.from({ length: 300 }, (_none, n) => caller.call('double', n))
    const answers = await world.drive(Promise.all(calls))
    assert.deepEqual(
      answers,
      calls.map((_call, n) => n * 2),
    )
    assert.deepEqual([slow.state, caller.callsOut], ['pending', 1])
  })

  law('whatever can be cloned goes there and back', async ({ world, caller }) => {
    const values = [undefined, null, 0, '한글', new Map([[1, new Date(5)]]), { a: [1n, true] }]
    for (const value of values) {
      assert.deepEqual(await world.drive(caller.call('same', value)), value)
    }
    const bytes = Uint8Array.from({ length: 50_000 }, (_none, index) => index)
    const back = (await world.drive(caller.call('same', bytes))) as Uint8Array
    assert.deepEqual(Buffer.from(back), Buffer.from(bytes))
  })

  law('an error keeps its type, code, message and details', async ({ world, caller }) => {
    await assert.rejects(world.drive(caller.call('fail', 'BY_FAR')), (error) => {
      assert.ok(error instanceof RemoteError)
      const { type, code, message, details } = error
      assert.deepEqual([type, code, message], ['RangeError', 'BY_FAR', 'too far'])
      assert.deepEqual(details, { by: 3 })
      return true
    })
    await assert.rejects(world.drive(caller.call('fail', 'TOO_FAR')), TooFar)
    await assert.rejects(world.drive(caller.call('nothing')), { code: 'RPC_MISSING' })
  })

  law('both sides may call', async ({ world, caller, callee }) => {
    caller.serve('who', () => 'the caller')
    assert.equal(await world.drive(callee.call('who')), 'the caller')
  })
}

function copyingContract(law: Law): void {
  law('what cannot be copied fails its own call alone', async ({ world, caller, callee }) => {
    callee.serve('function', () => () => 1)
    await assert.rejects(world.drive(caller.call('function')))
    await assert.rejects(world.drive(caller.call('same', () => 1)))
    assert.equal(await world.drive(caller.call('double', 4)), 8)
  })
}

function endingContract(law: Law): void {
  law('a deadline ends the call on both sides', async ({ world, caller, callee, ends }) => {
    const late = caller.call('wait', null, { deadlineMs: 20 })
    await assert.rejects(world.drive(late), { code: 'RPC_DEADLINE' })
    await world.settle()
    assert.equal(ends.length, 1)
    assert.deepEqual([caller.callsOut, callee.callsIn], [0, 0])
  })

  law('a signal ends the call with its reason, and reaches the handler', async (setting) => {
    const { world, caller, callee, ends } = setting
    const controller = new AbortController()
    const call = watch(caller.call('wait', null, { signal: controller.signal }))
    await world.settle()
    assert.equal(callee.callsIn, 1)
    controller.abort(new Error('enough'))
    await world.settle()
    assert.deepEqual(
      [call.error, ends, caller.callsOut, callee.callsIn],
      [new Error('enough'), ['RPC_CANCELLED'], 0, 0],
    )
    const before = caller.call('wait', null, { signal: AbortSignal.abort(new Error('before')) })
    await assert.rejects(world.drive(before), /before/)
  })

  for (const side of ['caller', 'callee'] as const) {
    law(`the end of the ${side} ends what is under way, here and there`, async (setting) => {
      const { world, caller, ends } = setting
      const call = watch(caller.call('wait'))
      await world.settle()
      await setting[side].close()
      await world.settle()
      assert.equal((call.error as { code?: unknown } | null)?.code, 'RPC_CLOSED')
      assert.equal(ends.length, 1)
      assert.ok(caller.closed)
      await assert.rejects(caller.call('double', 1), { code: 'RPC_CLOSED' })
    })
  }
}

function streamingContract(law: Law): void {
  law('a streamed answer comes in order; leaving the loop stops its handler', async (setting) => {
    const { world, caller, callee, ends } = setting
    const counting = async (until: number): Promise<number> => {
      let count = 0
      for await (const n of caller.stream('count', 300)) {
        assert.equal(n, ++count)
        if (count === until) break
      }
      return count
    }
    assert.equal(await world.drive(counting(1_000)), 300)
    assert.equal(await world.drive(counting(10)), 10)
    await world.settle()
    assert.deepEqual([ends, callee.callsIn], [['counted', 'counted'], 0])
  })

  law('a typed client has the methods of its interface', async ({ world, caller }) => {
    const shop = client<Shop>(caller, { count: 'stream' })
    assert.equal(await world.drive(shop.double(4)), 8)
    await assert.rejects(world.drive(shop.fail('TOO_FAR')), TooFar)
    const sum = async (): Promise<number> => {
      let total = 0
      for await (const n of shop.count(4)) total += n
      return total
    }
    assert.equal(await world.drive(sum()), 10)
  })
}

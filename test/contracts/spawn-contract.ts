/** What a spawned thread or process keeps: what it says arrives, how it ends is told, and no end is anybody else's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ChannelClosed,
  ChannelPeerLost,
  ChannelTimeout,
  type Sendable,
} from '../../src/channels/contract.ts'
import { channel, receive, type SpawnOptions, select, send } from '../../src/channels/mod.ts'
import { SpawnCrashed, type Spawned } from '../../src/channels/spawn-contract.ts'

/** What the children of both kinds can do; `main` of their spawn-child.ts. */
export type Deed = 'double' | 'count' | 'throw' | 'throw-later' | 'exit' | 'forever' | 'wait'

type Spawn = (
  deed: Deed,
  options?: SpawnOptions & { readonly number?: number },
) => Spawned<number, Sendable>

export async function allOf(spawned: Spawned<number, Sendable>): Promise<Sendable[]> {
  const values: Sendable[] = []
  for await (const value of spawned.output) values.push(value)
  return values
}

/** To be called within a `describe` that names the kind and bounds the time. */
export function spawnContract(spawn: Spawn): void {
  talkingContract(spawn)
  endingContract(spawn)
}

function talkingContract(spawn: Spawn): void {
  test('gets its arguments and values, and gives values back until both have ended', async () => {
    const spawned = spawn('double')
    for (let value = 1; value <= 1_000; value++) await spawned.input.put(value)
    const exit = spawned.close()
    const doubled = Array.from({ length: 1_000 }, (_none, index) => (index + 1) * 2)
    assert.deepEqual(await allOf(spawned), doubled)
    assert.deepEqual(await exit, { code: 0, error: null })
    assert.deepEqual(spawned.exit, { code: 0, error: null })
    await assert.rejects(spawned.input.put(1), ChannelClosed)
    assert.equal(spawned.input.tryPut(1), false)
  })

  test('joins a select with both of its ends', async () => {
    const spawned = spawn('double')
    const other = receive(channel<string>())
    assert.equal((await select({ out: send(spawned.input, 21), other })).name, 'out')
    const receiving = { in: receive(spawned.output), other }
    assert.deepEqual(await select(receiving), { name: 'in', value: 42 })
    await spawned.close()
    assert.deepEqual(await select(receiving), { name: 'in', value: undefined })
  })

  test('may be closed before it has even started, and still does what it is to do', async () => {
    const spawned = spawn('count', { number: 3 })
    const exit = spawned.close()
    assert.deepEqual(await allOf(spawned), [0, 1, 2])
    assert.deepEqual(await exit, { code: 0, error: null })
  })

  test('may be waited for with a limit, which leaves it running', async () => {
    const spawned = spawn('wait')
    await assert.rejects(spawned.join({ timeoutMs: 50 }), ChannelTimeout)
    await assert.rejects(spawned.join({ signal: AbortSignal.abort('over') }), /over/)
    assert.equal(spawned.exit, null)
    await spawned.input.put(1)
    assert.deepEqual(await spawned.join({ timeoutMs: Number.POSITIVE_INFINITY }), {
      code: 0,
      error: null,
    })
  })
}

function endingContract(spawn: Spawn): void {
  test('crashes by itself: what it said is received, then how it crashed', async () => {
    const [crashing, healthy] = [spawn('throw'), spawn('double')]
    assert.equal(await crashing.output.get(), 'before')
    await assert.rejects(crashing.output.get(), (error) => {
      assert.ok(error instanceof ChannelPeerLost && error.cause instanceof SpawnCrashed)
      const { cause } = error.cause
      assert.ok(cause instanceof RangeError)
      assert.equal((cause as RangeError & { code: string }).code, 'E_MORE')
      return true
    })
    await assert.rejects(crashing.input.put(1), ChannelPeerLost)
    await assert.rejects(allOf(crashing), ChannelPeerLost)
    assert.ok(crashing.output.ended && crashing.output.failure instanceof ChannelPeerLost)
    const { code, error } = await crashing.join()
    assert.equal(code, 1)
    assert.match(error?.message ?? '', /spawn-child.js crashed: RangeError: no more/)
    await healthy.input.put(4)
    assert.equal(await healthy.output.get(), 8)
    await healthy.close()
  })

  test('that dies of what nobody catches has crashed', async () => {
    const thrown = await spawn('throw-later').join()
    assert.ok(thrown.error?.cause instanceof TypeError)
  })

  test('that ends itself with an exit code has not crashed', async () => {
    const spawned = spawn('exit', { number: 5 })
    assert.deepEqual(await allOf(spawned), ['before'])
    assert.deepEqual(await spawned.join(), { code: 5, error: null })
    await assert.rejects(spawned.input.put(1), ChannelClosed)
  })

  test('is terminated in the middle of a loop, by word or by signal', async () => {
    const cancel = new AbortController()
    const [first, second] = [spawn('forever'), spawn('forever', { signal: cancel.signal })]
    assert.equal(await first.output.get(), 'before')
    const waiting = assert.rejects(first.output.get(), ChannelClosed)
    const exit = await first.terminate()
    assert.equal(exit.error, null)
    assert.deepEqual(await first.terminate(), exit)
    await waiting
    await second.output.get()
    cancel.abort()
    assert.equal((await second.join()).error, null)
    assert.throws(() => spawn('wait', { signal: cancel.signal }))
  })
}

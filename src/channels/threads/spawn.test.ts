/** Spawned threads: what they say arrives, how they end is told, and no end is anybody else's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ChannelClosed, ChannelPeerLost, ChannelTimeout, type Sendable } from '../contract.ts'
import { SpawnCrashed, type Spawned } from '../spawn-contract.ts'
import { spawnThread, type ThreadSpawnOptions } from './spawn.ts'
import type { ThreadOutput } from './spawn-thread-ends.ts'

/** Real threads on a busy machine: far above what a test here takes, far below a hang. */
const limitMs = 30_000

type Child = typeof import('../../../test/threads/spawn-child.ts')
type ChildArgs = Parameters<Child['main']>[0]['args']

const module = new URL('../../../test/threads/spawn-child.js', import.meta.url)

function child(deed: ChildArgs['deed'], options: ThreadSpawnOptions & { number?: number } = {}) {
  const { number = 0, ...rest } = options
  return spawnThread<ChildArgs, number, Sendable>(module, { deed, number }, rest)
}

async function all(spawned: Spawned<number, Sendable>): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of spawned.output) values.push(value)
  return values
}

describe('a spawned thread', { timeout: limitMs }, () => {
  test('gets its arguments and values, and gives values back until both have ended', async () => {
    const spawned = child('double')
    for (let value = 1; value <= 1_000; value++) await spawned.input.put(value)
    const exit = spawned.close()
    const doubled = Array.from({ length: 1_000 }, (_none, index) => (index + 1) * 2)
    assert.deepEqual(await all(spawned), doubled)
    assert.deepEqual(await exit, { code: 0, error: null })
    await assert.rejects(spawned.input.put(1), ChannelClosed)
    assert.equal(spawned.input.tryPut(1), false)
  })

  test('knows its name and its arguments, and has an id', async () => {
    const spawned = child('tell', { name: 'teller', number: 7 })
    const told = { name: 'teller', args: { deed: 'tell', number: 7 } }
    assert.deepEqual(await spawned.output.get(), told)
    assert.equal(spawned.kind, 'thread')
    assert.ok(spawned.id > 0)
    assert.deepEqual(await spawned.join(), { code: 0, error: null })
    assert.deepEqual(spawned.exit, { code: 0, error: null })
  })

  test('may be closed before it has even started, and still does what it is to do', async () => {
    const spawned = child('count', { number: 3 })
    const exit = spawned.close()
    assert.deepEqual(await all(spawned), [0, 1, 2])
    assert.deepEqual(await exit, { code: 0, error: null })
  })

  test('has said everything before it ends, though its ring holds a part of that', async () => {
    const spawned = child('count', { number: 5_000, ringBytes: 1024 })
    assert.equal((await all(spawned)).length, 5_000)
    await spawned.join()
    await assert.rejects(spawned.output.get(), ChannelClosed)
  })

  test('does not run ahead of its parent for ever', async () => {
    const spawned = child('flood', { ringBytes: 1024 })
    await spawned.output.get()
    await assert.rejects(spawned.join({ timeoutMs: 50 }), ChannelTimeout)
    let received = 0
    while (spawned.output.tryGet() !== undefined && received < 200) received += 1
    assert.ok(received < 200, 'no more than the ring holds lay there')
    await spawned.terminate()
  })

  test('crashes by itself: what it said is received, then how it crashed', async () => {
    const [crashing, healthy] = [child('throw'), child('double')]
    assert.equal(await crashing.output.get(), 'before')
    await assert.rejects(crashing.output.get(), (error) => {
      assert.ok(error instanceof ChannelPeerLost && error.cause instanceof SpawnCrashed)
      const { cause } = error.cause
      assert.ok(cause instanceof RangeError)
      assert.equal((cause as RangeError & { code: string }).code, 'E_MORE')
      return true
    })
    await assert.rejects(crashing.input.put(1), ChannelPeerLost)
    await assert.rejects(all(crashing), ChannelPeerLost)
    const output = crashing.output as ThreadOutput<Sendable>
    assert.ok(output.ended && output.failure instanceof ChannelPeerLost)
    const { code, error } = await crashing.join()
    assert.equal(code, 1)
    assert.match(error?.message ?? '', /spawn-child.js crashed: RangeError: no more/)
    await healthy.input.put(4)
    assert.equal(await healthy.output.get(), 8)
    await healthy.close()
  })

  test('that dies of what nobody catches, or of too much memory, has crashed', async () => {
    const thrown = await child('throw-later').join()
    assert.ok(thrown.error?.cause instanceof TypeError)
    const limits = { maxOldGenerationSizeMb: 16 }
    const eaten = await child('eat-memory', { resourceLimits: limits }).join()
    assert.match(String(eaten.error?.cause), /memory/)
  })

  test('that ends itself with an exit code has not crashed', async () => {
    const spawned = child('exit', { number: 5 })
    assert.deepEqual(await all(spawned), ['before'])
    assert.deepEqual(await spawned.join(), { code: 5, error: null })
    await assert.rejects(spawned.input.put(1), ChannelClosed)
  })

  test('is terminated in the middle of a loop, by word or by signal', async () => {
    const cancel = new AbortController()
    const [first, second] = [child('forever'), child('forever', { signal: cancel.signal })]
    assert.equal(await first.output.get(), 'before')
    const waiting = assert.rejects(first.output.get(), ChannelClosed)
    const exit = await first.terminate()
    assert.equal(exit.error, null)
    assert.deepEqual(await first.terminate(), exit)
    await waiting
    await second.output.get()
    cancel.abort()
    assert.equal((await second.join()).error, null)
    assert.throws(() => child('wait', { signal: cancel.signal }))
  })

  test('that is terminated before it has begun leaves nobody waiting', async () => {
    const spawned = child('wait')
    const waiting = assert.rejects(spawned.output.get(), ChannelClosed)
    await spawned.terminate()
    await waiting
    await assert.rejects(spawned.input.put(1), ChannelClosed)
  })

  test('whose module is missing crashes, whose arguments cannot be copied is none', async () => {
    const missing = spawnThread(new URL('./nowhere.js', import.meta.url), null)
    await assert.rejects(missing.output.get(), ChannelPeerLost)
    assert.match(String((await missing.join()).error?.cause), /nowhere/)
    assert.throws(() => spawnThread(module, { deed: () => 'x' }), /could not be cloned/)
  })

  test('may be waited for with a limit, which leaves it running', async () => {
    const spawned = child('wait')
    await assert.rejects(spawned.join({ timeoutMs: 50 }), ChannelTimeout)
    await assert.rejects(spawned.join({ signal: AbortSignal.abort('over') }), /over/)
    assert.equal(spawned.exit, null)
    await spawned.input.put(1)
    assert.deepEqual(await spawned.join(), { code: 0, error: null })
  })
})

/** Spawned threads keep the contract of all that is spawned, and what only threads have: a ring, a heap, an id. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { allOf, spawnContract } from '../../../test/contracts/spawn-contract.ts'
import { ChannelClosed, ChannelPeerLost, ChannelTimeout, type Sendable } from '../contract.ts'
import { spawnThread, type ThreadSpawnOptions } from './spawn.ts'

/** Real threads on a busy machine: far above what a test here takes, far below a hang. */
const limitMs = 30_000

type Child = typeof import('../../../test/threads/spawn-child.ts')
type ChildArgs = Parameters<Child['main']>[0]['args']

const module = new URL('../../../test/threads/spawn-child.js', import.meta.url)

function child(deed: ChildArgs['deed'], options: ThreadSpawnOptions & { number?: number } = {}) {
  const { number = 0, ...rest } = options
  return spawnThread<ChildArgs, number, Sendable>(module, { deed, number }, rest)
}

describe('a spawned thread', { timeout: limitMs }, () => {
  spawnContract(child)

  test('knows its name and its arguments, and has an id', async () => {
    const spawned = child('tell', { name: 'teller', number: 7 })
    const told = { name: 'teller', args: { deed: 'tell', number: 7 } }
    assert.deepEqual(await spawned.output.get(), told)
    assert.equal(spawned.kind, 'thread')
    assert.ok(spawned.id > 0)
    assert.deepEqual(await spawned.join(), { code: 0, error: null })
    assert.deepEqual(spawned.exit, { code: 0, error: null })
  })

  test('has said everything before it ends, though its ring holds a part of that', async () => {
    const spawned = child('count', { number: 5_000, ringBytes: 1024 })
    assert.equal((await allOf(spawned)).length, 5_000)
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

  test('that dies of too much memory has crashed', async () => {
    const limits = { maxOldGenerationSizeMb: 16 }
    const eaten = await child('eat-memory', { resourceLimits: limits }).join()
    assert.match(String(eaten.error?.cause), /memory/)
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
})

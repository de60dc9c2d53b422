/** Spawned processes: what they say arrives, how they end is told, and no end is anybody else's. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { ChannelClosed, ChannelPeerLost, ChannelTimeout, type Sendable } from '../contract.ts'
import { SpawnCrashed, type Spawned } from '../spawn-contract.ts'
import { type ProcessSpawnOptions, spawnProcess } from './spawn.ts'

/** Real processes on a busy machine: far above what a test here takes, far below a hang. */
const limitMs = 30_000
type Child = typeof import('../../../test/processes/spawn-child.ts')
type ChildArgs = Parameters<Child['main']>[0]['args']

const module = new URL('../../../test/processes/spawn-child.js', import.meta.url)

function child(
  deed: ChildArgs['deed'],
  options: ProcessSpawnOptions & { readonly number?: number } = {},
): Spawned<number, Sendable> {
  const { number, ...rest } = options
  const args: ChildArgs = number === undefined ? { deed } : { deed, number }
  return spawnProcess<ChildArgs, number, Sendable>(module, args, rest)
}

async function all(spawned: Spawned<number, Sendable>): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of spawned.output) values.push(value)
  return values
}

describe('a spawned process', { timeout: limitMs }, () => {
  test('gets its arguments and values, and gives values back until both have ended', async () => {
    const spawned = child('double')
    await spawned.input.put(1)
    for (let n = 2; n <= 1_000; n += 1) await spawned.input.put(n)
    const exit = spawned.close()
    const values = await all(spawned)
    assert.deepEqual(
      values,
      Array.from({ length: 1_000 }, (_, index) => (index + 1) * 2),
    )
    assert.deepEqual(await exit, { code: 0, error: null })
    await assert.rejects(spawned.input.put(1), ChannelClosed)
    assert.equal(spawned.input.tryPut(1), false)
  })

  test('knows its name and its arguments, and has an id', async () => {
    const spawned = child('tell', { name: 'teller', number: 7 })
    const told = await spawned.output.get()
    assert.deepEqual(told, {
      name: 'teller',
      args: { deed: 'tell', number: 7 },
      pid: spawned.id,
    })
    assert.equal(spawned.kind, 'process')
    assert.deepEqual(await spawned.join(), { code: 0, error: null })
    assert.deepEqual(spawned.exit, { code: 0, error: null })
  })

  test('may be closed before it has even started, and still does what it is to do', async () => {
    const spawned = child('count', { number: 3 })
    const exit = spawned.close()
    assert.deepEqual(await all(spawned), [0, 1, 2])
    assert.deepEqual(await exit, { code: 0, error: null })
  })

  test('has said everything before it ends, however late it is received', async () => {
    const spawned = child('count', { number: 5_000 })
    await spawned.join()
    const values = await all(spawned)
    assert.equal(values.length, 5_000)
    await assert.rejects(spawned.output.get(), ChannelClosed)
  })

  test('does not run ahead of its parent for ever', async () => {
    const spawned = child('flood')
    await spawned.output.get()
    await assert.rejects(spawned.join({ timeoutMs: 200 }), ChannelTimeout)
    let received = 0
    while (spawned.output.tryGet() !== undefined) received += 1
    assert.ok(received < 20_000, `${received} values lay here`)
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
    const { code, error } = await crashing.join()
    assert.equal(code, 1)
    assert.match(error?.message ?? '', /spawn-child.js crashed: RangeError: no more/)
    await healthy.input.put(4)
    assert.equal(await healthy.output.get(), 8)
    await healthy.close()
  })

  test('that dies of what nobody catches, or of a signal, has crashed', async () => {
    const thrown = await child('throw-later').join()
    assert.ok(thrown.error?.cause instanceof TypeError)
    const killed = await child('kill').join()
    assert.equal(killed.code, 128 + 9)
    assert.match(String(killed.error?.cause), /SIGKILL/)
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
    assert.equal(await first.output.get(), 'running')
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

  test('whose module is missing, or whose arguments cannot be copied, crashes at once', async () => {
    const missing = spawnProcess(new URL('./nowhere.js', import.meta.url), null)
    const { error } = await missing.join()
    assert.match(String(error?.cause), /nowhere/)
    const wrong = spawnProcess(module, { deed: () => 'x' })
    assert.match(String((await wrong.join()).error?.cause), /cannot be cloned/)
  })

  test('may be waited for with a limit, which leaves it running', async () => {
    const spawned = child('wait')
    await assert.rejects(spawned.join({ timeoutMs: 50 }), ChannelTimeout)
    await assert.rejects(spawned.join({ signal: AbortSignal.abort('over') }), /over/)
    assert.equal(spawned.exit, null)
    await spawned.input.put(1)
    await spawned.join()
  })

  test('ends with its parent, even in the middle of a loop', async () => {
    const script = fileURLToPath(
      new URL('../../../test/processes/spawn-program.js', import.meta.url),
    )
    const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [text] = await once(parent.stdout, 'data')
    assert.equal(String(text), 'running\n')
    parent.kill('SIGKILL')
    // The pipe ends when the last process that holds it has ended.
    await once(parent, 'close')
  })
})

/** Spawned processes keep the contract of all that is spawned, and what only processes have: signals, and a parent. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { allOf, spawnContract } from '../../../test/contracts/spawn-contract.ts'
import { ChannelClosed, ChannelTimeout, type Sendable } from '../contract.ts'
import type { Spawned } from '../spawn-contract.ts'
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

describe('a spawned process', { timeout: limitMs }, () => {
  spawnContract(child)

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

  test('has said everything before it ends, however late it is received', async () => {
    const spawned = child('count', { number: 5_000 })
    await spawned.join()
    const values = await allOf(spawned)
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

  test('that dies of a signal has crashed', async () => {
    const killed = await child('kill').join()
    assert.equal(killed.code, 128 + 9)
    assert.match(String(killed.error?.cause), /SIGKILL/)
  })

  test('whose module is missing, or whose arguments cannot be copied, crashes at once', async () => {
    const missing = spawnProcess(new URL('./nowhere.js', import.meta.url), null)
    const { error } = await missing.join()
    assert.match(String(error?.cause), /nowhere/)
    const wrong = spawnProcess(module, { deed: () => 'x' })
    assert.match(String((await wrong.join()).error?.cause), /cannot be cloned/)
  })

  test('ends with its parent, even in the middle of a loop', async () => {
    const script = fileURLToPath(
      new URL('../../../test/processes/spawn-program.js', import.meta.url),
    )
    const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [text] = await once(parent.stdout, 'data')
    assert.equal(String(text), 'before\n')
    parent.kill('SIGKILL')
    // The pipe ends when the last process that holds it has ended.
    await once(parent, 'close')
  })
})

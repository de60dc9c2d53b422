/** What a proof may say with its exit code, on planted commands. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProof } from './proof-run.ts'
import type { Proof } from './proofs.ts'

const root = import.meta.dirname

/** No planted command takes a thousandth of it. */
const PATIENT_MS = 60_000

function plant(program: string, change: Partial<Proof> = {}): Proof {
  const command = ['node', '-e', program]
  return { name: 'planted', about: '', needs: [], command, limitMs: PATIENT_MS, ...change }
}

test('exit code 0 is a proof, and the last line says of what', async () => {
  const outcome = await runProof(plant("console.log('one'); console.log('two')"), root)
  assert.deepEqual(outcome, { verdict: 'ok', why: 'two' })
})

test('exit code 3 is not run, and the last line says why', async () => {
  const outcome = await runProof(plant("console.log('no disk'); process.exitCode = 3"), root)
  assert.deepEqual(outcome, { verdict: 'not run', why: 'no disk' })
})

test('any other end is a failure', async () => {
  assert.equal((await runProof(plant('process.exitCode = 1'), root)).verdict, 'failed')
  const killed = plant("process.kill(process.pid, 'SIGKILL')")
  assert.equal((await runProof(killed, root)).verdict, 'failed')
  const absent = plant('', { command: ['naru-no-such-program'] })
  assert.equal((await runProof(absent, root)).verdict, 'failed')
})

test('a proof whose tool is not here is not run and names the tool', async () => {
  const outcome = await runProof(plant('', { needs: ['naru-no-such-tool'] }), root)
  assert.deepEqual(outcome, { verdict: 'not run', why: 'naru-no-such-tool is not here' })
})

test('a proof that is late is killed and has failed', async () => {
  const late = plant('setTimeout(() => {}, 3_600_000)', { limitMs: 200 })
  assert.deepEqual(await runProof(late, root), { verdict: 'failed', why: 'killed after 0.2 s' })
})

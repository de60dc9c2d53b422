/** What is remembered of recoveries saves recoveries and no judgement. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enumerate, replay } from './enumerate.ts'
import { Recoveries } from './recoveries.ts'
import { toySpec } from './toy-spec.ts'

test('workloads that share their recoveries recover each disk once', async () => {
  const spec = toySpec('none')
  const shared = new Recoveries(spec)
  const first = await enumerate(spec, {}, shared)
  const second = await enumerate({ ...spec, id: 'toy/again' }, {}, shared)
  assert.ok(first.recoveries > 0)
  assert.equal(second.recoveries, 0)
  assert.equal(second.states, first.states)
  assert.equal(second.known, second.states)
})

test('a disk that is known is still judged by the ledger of each workload', async () => {
  const spec = toySpec('none')
  const shared = new Recoveries(spec)
  assert.equal((await enumerate(spec, {}, shared)).failure, null)
  const acked = { kind: 'append', phase: 'acked', value: 'never appended' } as const
  const lying: typeof spec = {
    ...spec,
    id: 'toy/lying',
    async workload(disk, ledger) {
      await spec.workload(disk, ledger)
      ledger.note(acked)
    },
  }
  const { failure } = await enumerate(lying, {}, shared)
  assert.ok(failure !== null, 'not caught')
  assert.match(String(failure.error), /1 acked lost/)
  assert.equal(String(await replay(lying, failure.place)), String(failure.error))
})

test('a recovery that finds another state than it did before is caught', async () => {
  const spec = toySpec('none')
  let isForgetful: boolean = false
  const forgetful: typeof spec = {
    ...spec,
    id: 'toy/forgetful',
    async recover(disk) {
      const { log, setting } = await spec.recover(disk)
      return { log: isForgetful ? [] : log, setting }
    },
  }
  const shared = new Recoveries(forgetful)
  assert.equal((await enumerate(forgetful, { againEvery: 0, killEvery: 0 }, shared)).failure, null)
  isForgetful = true
  const { failure } = await enumerate(forgetful, { killEvery: 0 }, shared)
  assert.ok(failure !== null, 'not caught')
})

/**
 * Every disk call of the journal's operations fails, one after the other, in every way a disk fails:
 * the operation ends in a defined way, and what was settled is there afterwards.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { describePlace } from '../crash/enumerate.ts'
import { FAULT_SHAPES, failEach } from '../crash/failures.ts'
import { fresh } from '../crash/journal-spec.ts'
import { faultySpec } from './journal-faults.ts'

const workloads = [['small'], ['release'], ['snapshot']] as const

test('no failing call loses what a new journal settled', async (context) => {
  let injections = 0
  for (const names of workloads) {
    for (const shape of FAULT_SHAPES) {
      // A disk that refuses everything comes back with its machine.
      const gone = shape.code === 'io' && shape.lasts !== 'once'
      const spec = faultySpec(fresh, names, gone ? 'new boot' : 'same boot')
      const report = await failEach(spec, { shapes: [shape], killEvery: 0 })
      const { failure } = report
      const place =
        failure === null ? '' : `${describePlace(failure.place)}: ${String(failure.error)}`
      assert.equal(failure, null, place)
      injections += report.injections
    }
  }
  context.diagnostic(`${injections} failing calls`)
  assert.ok(injections > 500, `only ${injections} failing calls`)
})

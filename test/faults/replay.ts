/**
 * Makes one failure of a call of the journal again, as a failing loop names it, and says what is wrong with what is
 * left: `node build/test/faults/replay.js WORKLOAD CALL CODE LASTS WRITTEN-BYTES`.
 */
import { describePlace } from '../crash/enumerate.ts'
import { FAULT_SHAPES, failOnce } from '../crash/failures.ts'
import { agedBase, fresh } from '../crash/journal-spec.ts'
import { faultySpec } from './journal-faults.ts'

async function main(args: readonly string[]): Promise<number> {
  const [workload = '', call, code, lasts, writtenBytes] = args
  const [baseName = '', names = ''] = workload.split(': ')
  const shape = FAULT_SHAPES.find(
    (one) => one.code === code && one.lasts === lasts && String(one.writtenBytes) === writtenBytes,
  )
  if (shape === undefined || call === undefined) {
    console.log('usage: replay.js WORKLOAD CALL CODE LASTS WRITTEN-BYTES')
    return 2
  }
  const base = baseName === 'fresh' ? fresh : await agedBase()
  const spec = faultySpec(base, names.split(', '))
  const { met, report } = await failOnce(
    spec,
    { ...shape, call: Number(call) },
    { compares: 'yes' },
  )
  console.log(`${met} calls failed, ${report.recoveries} recoveries`)
  if (report.failure === null) {
    console.log('nothing is wrong with it')
    return 0
  }
  console.log(describePlace(report.failure.place))
  console.log(report.failure.error)
  return 1
}

process.exitCode = await main(process.argv.slice(2))

/** A child that misbehaves on purpose, in the way its request names as the variant. Only tests start it. */
import { spawn } from 'node:child_process'
import type { Request } from './protocol.ts'
import { sampleReport } from './samples.ts'

const FOREVER_MS = 60_000 // far beyond any test's patience

const { variant, directory } = JSON.parse(process.argv[2] ?? '{}') as Request

/** Leaves a process behind that holds this one's pipes, as a forgotten server would. */
function leaveChild(): number {
  const program = `setTimeout(() => {}, ${FOREVER_MS})`
  return spawn(process.execPath, ['-e', program], { stdio: 'inherit' }).pid ?? 0
}

switch (variant) {
  case 'well-behaved':
    process.send?.({ kind: 'report', report: sampleReport(7) }, () => process.exit(0))
    break
  case 'crash':
    throw new Error('planted crash')
  case 'exit':
    process.exit(3)
    break
  case 'killed':
    process.kill(process.pid, 'SIGKILL')
    break
  case 'hang':
    process.stderr.write('waiting for Godot\n')
    setTimeout(() => {}, FOREVER_MS)
    break
  case 'silence':
    break
  case 'garbage':
    process.send?.({ kind: 'report', report: { seconds: 1, figures: {}, operations: 'plenty' } })
    setTimeout(() => {}, FOREVER_MS)
    break
  case 'failure':
    process.send?.({ kind: 'failed', message: 'the disk is gone' })
    break
  case 'leftover':
    process.send?.({ kind: 'failed', message: `left ${leaveChild()} in ${directory}` })
    break
  case 'leftover-crash':
    process.stderr.write(`left ${leaveChild()}\n`, () => process.exit(4))
    break
  default:
    throw new Error(`no misbehaviour '${variant}'`)
}

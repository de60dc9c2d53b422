/** The program of a child process: runs one variant once, sends one answer, ends. It never prints. */
import { assert } from '../src/base/assert.ts'
import { loadWorkloads } from './discover.ts'
import type { Answer, Request } from './protocol.ts'
import { Stage } from './stage.ts'

async function answer(request: Request): Promise<Answer> {
  try {
    const workloads = await loadWorkloads(request.module)
    const workload = workloads.find((one) => one.name === request.workload)
    assert(workload !== undefined, `no workload '${request.workload}'`)
    const variant = workload.variants.find((one) => one.name === request.variant)
    assert(variant !== undefined, `no variant '${request.variant}'`)
    const stage = new Stage(workload, variant, request)
    await variant.run(stage)
    return { kind: 'report', report: stage.report() }
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { kind: 'failed', message }
  }
}

const [argument] = process.argv.slice(2)
assert(argument !== undefined, 'a child is started by the runner')
const sent = await answer(JSON.parse(argument) as Request)
// A variant may leave a socket or a thread behind: the answer ends the process, not the last handle.
process.send?.(sent, () => process.exit(0))

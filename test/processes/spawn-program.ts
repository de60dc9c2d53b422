/** A program that spawns a process which never yields, and waits to be killed. */
import { spawnProcess } from '../../src/channels/processes/spawn.ts'
import { NodeClock } from '../../src/node/clock.ts'
import { NodeRandom } from '../../src/node/random.ts'
import { NodeScheduler } from '../../src/node/scheduler.ts'
import type { ChildArgs } from './spawn-child.ts'

const ports = { clock: new NodeClock(), random: new NodeRandom(), scheduler: new NodeScheduler() }
const args: ChildArgs = { deed: 'forever' }
const child = spawnProcess<ChildArgs, number, string>(
  new URL('./spawn-child.js', import.meta.url),
  args,
  { ports },
)
console.log(await child.output.get())

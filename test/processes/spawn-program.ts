/** A program that spawns a process which never yields, and waits to be killed. */
import { spawnProcess } from '../../src/channels/processes/spawn.ts'
import type { ChildArgs } from './spawn-child.ts'

const args: ChildArgs = { deed: 'forever' }
const child = spawnProcess<ChildArgs, number, string>(
  new URL('./spawn-child.js', import.meta.url),
  args,
)
console.log(await child.output.get())

/** The real world: every port as this machine has it. Made once, by whoever owns the process. */
import type { World } from '../base/ports.ts'
import { NodeClock } from './clock.ts'
import { NodeDisk } from './disk.ts'
import { NodeNet } from './net.ts'
import { NodeRandom } from './random.ts'
import { NodeScheduler } from './scheduler.ts'

export function nodeWorld(): World {
  return {
    clock: new NodeClock(),
    random: new NodeRandom(),
    scheduler: new NodeScheduler(),
    disk: new NodeDisk(),
    net: new NodeNet(),
  }
}

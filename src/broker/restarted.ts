/** The first words of a broker after a run that said no goodbye: what was marked then may have been delivered. */
import type { Log as OperatorLog } from '../base/log.ts'
import { mark } from '../base/mark.ts'
import type { Log } from '../journal/engine.ts'
import { KIND_RESTARTED } from '../machine/entry.ts'
import type { Machine } from '../machine/machine.ts'
import { writeRun } from './entries.ts'

const NO_ROOM = 'the disk is full: the broker starts as soon as there is room for its first entry'

export type FirstWords = {
  /** The journal failed: nothing can be written. */
  readonly isOver: () => boolean
  readonly operator: OperatorLog
}

/** Resolves when they are written; waits for room, and says so where somebody has to make it. */
export async function sayRestarted(log: Log, machine: Machine, words: FirstWords): Promise<void> {
  if (machine.stoppedCleanly) return
  let isTold: boolean = false
  // The last file may be full, and the next one is only being made.
  while (!words.isOver() && writeRun(log, KIND_RESTARTED) === 0) {
    mark('runtime/waits-for-room-to-begin')
    if (log.isFull && !isTold) {
      isTold = true
      words.operator.warn(NO_ROOM)
    }
    await log.room()
  }
  machine.restarted()
}

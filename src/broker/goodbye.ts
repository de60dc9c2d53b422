/**
 * The last words of a broker: what was settled, and that nobody holds anything any more. It waits for a slow disk, and
 * not long for a full one: whoever stops a program does not wait until somebody makes room.
 */
import { mark } from '../base/mark.ts'
import type { Log } from '../journal/engine.ts'
import { KIND_STOPPED } from '../machine/entry.ts'
import type { Machine } from '../machine/machine.ts'
import { writeRun } from './entries.ts'

/** For the operator, when there was none. */
export const NO_ROOM_TO_STOP =
  'stopped without room on the disk: what was settled last will be delivered again, flagged as such'

const TRIES_MAX = 3 // a full disk is asked for space once a second

export type LastWords = {
  /** The journal failed: nothing can be written. */
  readonly isOver: () => boolean
  /** Writes what was settled and given back; false when there is no room for all of it. */
  readonly writeDown: () => boolean
}

/** False: there was no room, and the next start takes it for a crash. */
export async function sayGoodbye(log: Log, machine: Machine, words: LastWords): Promise<boolean> {
  if (!(await findsRoom(log, words.isOver, words.writeDown))) return false
  if ([...machine.queues.values()].some(({ heldCount }) => heldCount > 0)) {
    mark('runtime/held-at-the-end')
    return true
  }
  if (!(await findsRoom(log, words.isOver, () => writeRun(log, KIND_STOPPED) > 0))) return false
  if (!words.isOver()) machine.stopped()
  return true
}

async function findsRoom(log: Log, isOver: () => boolean, write: () => boolean): Promise<boolean> {
  for (let tries = 0; !isOver() && !write(); ) {
    if (log.isFull && ++tries > TRIES_MAX) {
      mark('runtime/no-room-to-stop')
      return false
    }
    await log.room()
  }
  return true
}

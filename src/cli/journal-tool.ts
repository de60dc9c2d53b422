/** What the commands of `naru journal` share: the real disk, progress on stderr, and errors as sentences. */
import { resolve } from 'node:path'
import type { World } from '../base/ports.ts'
import { DiskError } from '../base/ports.ts'
import { JournalError } from '../journal/errors.ts'
import { checkedLimits } from '../journal/limits.ts'
import type { SurveyContext } from '../journal/tools/ground.ts'
import { nodeWorld } from '../node/world.ts'
import { CommandError } from './failure.ts'

const PROGRESS_MS = 1_000 // a small directory is read before the first line of progress is due

/** Runs a tool on a directory; what the journal or the disk refuses ends the command with one sentence. */
export async function onDirectory<T>(
  directory: string,
  run: (context: SurveyContext, world: World) => Promise<T>,
): Promise<T> {
  const world = nodeWorld()
  const path = resolve(directory)
  let shownMs = world.clock.monotonicMs()
  const progress = (name: string, doneBytes: number, totalBytes: number): void => {
    const nowMs = world.clock.monotonicMs()
    if (nowMs - shownMs < PROGRESS_MS) return
    shownMs = nowMs
    const percent = totalBytes === 0 ? 100 : Math.min(100, (100 * doneBytes) / totalBytes)
    process.stderr.write(`${percent.toFixed(0)}% of ${megabytes(totalBytes)}, reading ${name}\n`)
  }
  try {
    return await run({ disk: world.disk, path, limits: checkedLimits({}), progress }, world)
  } catch (error) {
    if (error instanceof JournalError) throw new CommandError(error.message)
    if (error instanceof DiskError) throw new CommandError(`${error.path}: ${error.message}`)
    throw error
  } finally {
    await world.disk.close()
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

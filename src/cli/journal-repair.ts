/** `naru journal repair`: says what it did and what was lost; where the copies are; what is left, and why. */
import { resolve } from 'node:path'
import { repairJournal } from '../journal/tools/repair.ts'
import { CommandError } from './failure.ts'
import type { RepairFlags } from './journal-plan.ts'
import { onDirectory, print } from './journal-tool.ts'
import { describe } from './journal-verify.ts'

export async function repair(directory: string, flags: RepairFlags): Promise<void> {
  let backup = ''
  const { copied, left } = await onDirectory(directory, (context, world) => {
    // Without what no file system likes in names.
    const time = new Date(world.clock.wallMs()).toISOString().replace(/[:.]/g, '-')
    backup =
      flags.backup === undefined
        ? world.disk.join(context.path, `repair-${time}`)
        : resolve(flags.backup)
    const loss = flags.acceptLoss === true ? 'accept' : 'refuse'
    return repairJournal({ ...context, backup, loss, told: print })
  })
  for (const finding of left) print(describe(finding))
  if (copied.length > 0) print(`copied before it was changed: ${copied.join(', ')} to ${backup}`)
  if (left.length === 0) return print(copied.length === 0 ? 'nothing to do' : 'repaired')
  const isWaiting = left.some(({ why }) => why === 'loss')
  throw new CommandError(
    isWaiting
      ? 'what is left costs bodies that cannot be read; --accept-loss gives them up'
      : 'nothing that is here makes up for what is left; restore the directory from a backup',
  )
}

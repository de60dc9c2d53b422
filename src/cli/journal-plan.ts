/** From the flags of `naru journal` to what is asked for, or to what is wrong in one sentence. Pure. */
import { UsageError } from './failure.ts'

export interface InspectFlags {
  readonly from?: string
  readonly limit?: string
  readonly files?: true
  readonly snapshots?: true
  readonly json?: true
}

export interface RepairFlags {
  readonly backup?: string
  readonly acceptLoss?: true
}

export interface InspectPlan {
  readonly from: number
  /** 0: no entries. */
  readonly limit: number
  readonly lists: ReadonlySet<'files' | 'snapshots'>
  readonly form: 'text' | 'json'
}

const LIMIT = 100 // a screenful or two; more on demand

export function planInspect(flags: InspectFlags): InspectPlan {
  const from = numberOf(flags.from, 'from') ?? 1
  const limit = numberOf(flags.limit, 'limit') ?? LIMIT
  const form = flags.json === true ? 'json' : 'text'
  const lists = new Set<'files' | 'snapshots'>()
  if (flags.files === true) lists.add('files')
  if (flags.snapshots === true) lists.add('snapshots')
  const wantsEntries = flags.from !== undefined || flags.limit !== undefined
  if (lists.size > 0) return { from, limit: wantsEntries ? limit : 0, lists, form }
  if (wantsEntries) return { from, limit, lists, form }
  return { from, limit, lists: new Set(['files', 'snapshots']), form }
}

function numberOf(text: string | undefined, flag: string): number | null {
  if (text === undefined) return null
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw new UsageError(`--${flag} ${text}: it is a whole number from 0 on`)
}

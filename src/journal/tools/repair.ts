/**
 * Repairs a journal's directory: one problem after the other, each by the least that helps, each only after
 * the files that it changes were copied. Every step leaves a directory that is either still damaged in
 * the same place or no longer; so a repair that was interrupted is simply started again.
 *
 *   survey --> the first problem --> copy its files --> change, sync --> survey ...
 */
import { assert } from '../../base/assert.ts'
import { Backup } from './backup.ts'
import type { SurveyContext } from './ground.ts'
import { holding } from './hold.ts'
import type { Finding, Problem } from './problem.ts'
import {
  cutTorn,
  makeStandIn,
  removeFile,
  resizeFile,
  restoreFormat,
  restoreHeader,
  zeroHeader,
} from './repair-files.ts'
import { rebuildFooter } from './repair-footer.ts'
import { cutLog, fillGaps, padLog } from './repair-log.ts'
import { type Survey, surveyJournal } from './survey.ts'

export type RepairOptions = SurveyContext & {
  /** Where copies go; must not exist. */
  readonly backup: string
  /** Whether bodies that a snapshot still refers to may be given up. */
  readonly loss: 'refuse' | 'accept'
  /** Told what is done, in one sentence each, as it is done. */
  readonly told: (sentence: string) => void
}

export type RepairReport = {
  /** Names of the files that were copied; empty: nothing was changed. */
  readonly copied: readonly string[]
  /** What is still wrong. Those with `loss` wait for it to be accepted; for the others nothing can be done. */
  readonly left: readonly (Finding & { readonly why: 'loss' | 'hopeless' })[]
}

/** What a step works with. */
export type RepairPlace = RepairOptions & { readonly survey: Survey; readonly copies: Backup }

// Every round mends at least one problem; damage in more places than this is no matter for a program.
const ROUNDS_MAX = 10_000

export function repairJournal(options: RepairOptions): Promise<RepairReport> {
  const { disk, path, backup } = options
  return holding(disk, path, async () => {
    const copies = await Backup.into(disk, path, backup)
    const tried = new Set<string>()
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const survey = await surveyJournal(options)
      const steps = stepsOf(survey, options)
      if (steps.length === 0) return { copied: copies.names, left: leftOf(survey, options) }
      for (const problem of steps) {
        const key = `${problem.remedy.kind} ${problem.file} ${problem.offset} ${problem.what}`
        assert(!tried.has(key), 'the repair did not help', key)
        tried.add(key)
        await mend({ ...options, survey, copies }, problem)
      }
    }
    throw new RangeError(`more than ${ROUNDS_MAX} problems`)
  })
}

/** What can be done now: one problem of the log, or any number of those that do not touch each other. */
function stepsOf(survey: Survey, options: RepairOptions): readonly Problem[] {
  const { problems } = survey
  if (problems.some(({ remedy }) => remedy.kind === 'none')) return []
  const steps: Problem[] = []
  for (const problem of problems) {
    if (needsLoss(problem) && options.loss === 'refuse') {
      // What comes behind it in the log cannot be judged before it is mended.
      if (isOfLog(problem, survey)) return steps
      continue
    }
    if (isApart(problem)) steps.push(problem)
    else return steps.length > 0 ? steps : [problem]
  }
  return steps
}

/** Whether mending it leaves what was found out about all others true. */
function isApart({ remedy }: Problem): boolean {
  return ['gap', 'snapshot', 'stale-header', 'spare', 'torn'].includes(remedy.kind)
}

function isOfLog({ remedy }: Problem, survey: Survey): boolean {
  if (remedy.kind === 'stand-in') return remedy.row === null
  if (remedy.kind !== 'gap') return false
  return survey.chain.some(({ file }) => file.generation === remedy.place.generation)
}

function needsLoss({ remedy }: Problem): boolean {
  if (remedy.kind === 'stand-in') return true
  if (remedy.kind !== 'gap') return false
  const { kind, first, next } = remedy.gap
  return kind === 'survivors' || next === null || next.ticket > first.ticket
}

function leftOf(survey: Survey, options: RepairOptions): RepairReport['left'] {
  return survey.problems.map((problem) => {
    const { file, offset, severity, what } = problem
    const isWaiting = options.loss === 'refuse' && needsLoss(problem)
    return { file, offset, severity, what, why: isWaiting ? 'loss' : 'hopeless' }
  })
}

async function mend(place: RepairPlace, problem: Problem): Promise<void> {
  const { remedy } = problem
  switch (remedy.kind) {
    case 'format':
      return restoreFormat(place)
    case 'header':
      return restoreHeader(place, remedy.place)
    case 'stand-in':
      return makeStandIn(place, remedy)
    case 'size':
      return resizeFile(place, remedy)
    case 'footer':
      return rebuildFooter(place, remedy)
    case 'gap':
      return fillGaps(place, remedy)
    case 'cut':
      return cutLog(place, remedy)
    case 'pad':
      return padLog(place, remedy)
    case 'torn':
      return cutTorn(place, remedy)
    case 'snapshot':
      return removeFile(place, remedy.name, 'a damaged snapshot')
    case 'spare':
      return removeFile(place, nameOf(remedy.slot), 'a damaged spare file')
    case 'stale-header':
      return zeroHeader(place, remedy)
    case 'none':
      throw new RangeError('nothing can be done about it')
  }
}

function nameOf(slot: number): string {
  return `journal-${String(slot).padStart(5, '0')}`
}

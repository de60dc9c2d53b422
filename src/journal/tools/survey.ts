/**
 * A survey reads a whole directory and changes nothing: the format, every header, every snapshot block,
 * the chain of files from the newest snapshot on, and every frame of the files that the table names. It
 * follows recovery's own rules, so that what it calls clean opens.
 */
import { assert } from '../../base/assert.ts'
import { FORMAT_NAME } from '../directory.ts'
import { FileTable } from '../file-table.ts'
import type { SnapshotHead } from '../snapshot-format.ts'
import { snapshotTicket } from '../snapshot-reader.ts'
import { type ChainLink, ChainSurvey } from './chain-survey.ts'
import {
  type Format,
  guessFormat,
  type LyingFile,
  lookAtFile,
  namesIn,
  readFormatOrNull,
  slotIn,
} from './found-files.ts'
import type { SurveyContext, SurveyGround } from './ground.ts'
import type { Problem } from './problem.ts'
import { SealedSurvey } from './sealed-survey.ts'
import { type CheckedSnapshot, checkSnapshot } from './snapshot-check.ts'

export type Survey = {
  readonly path: string
  /** Null when neither the format file nor any header is readable. */
  readonly format: Format | null
  readonly files: ReadonlyMap<number, LyingFile>
  readonly snapshots: readonly CheckedSnapshot[]
  /** The files that are replayed, in order. */
  readonly chain: readonly ChainLink[]
  readonly table: FileTable
  readonly problems: readonly Problem[]
  /** The newest whole snapshot's. */
  readonly head: SnapshotHead | null
}

export async function surveyJournal(context: SurveyContext): Promise<Survey> {
  const { disk, path, limits } = context
  const names = await namesIn(disk, path)
  const problems: Problem[] = []
  const format = await surveyFormat(context, names, problems)
  const files = new Map<number, LyingFile>()
  const table = new FileTable()
  const nothing = { path, format, files, snapshots: [], chain: [], table, problems, head: null }
  if (format === null) return nothing
  for (const name of names) {
    const slot = slotIn(name)
    if (slot >= 0) files.set(slot, await lookAtFile(disk, path, slot, format))
  }
  const snapshots = await surveySnapshots(context, names, format, problems)
  const head = snapshots.find(({ found }) => found !== null)?.found?.head ?? null
  const totalBytes = [...files.values()].reduce((sum, file) => sum + file.size, 0)
  let doneBytes = 0
  const ground: SurveyGround = {
    ...context,
    format,
    files,
    table,
    problems,
    covered: head?.ticket ?? 0,
    reading: (name, bytes) => {
      context.progress(name, doneBytes, totalBytes)
      doneBytes += bytes
    },
  }
  assert(limits.recoveryBytes >= limits.commitBytes, 'the walks see whole commits')
  const walk = new ChainSurvey(ground, head)
  const chain = await walk.walk()
  await new SealedSurvey(ground, chain).check(walk.isWhole ? 'whole' : 'broken')
  surveyLeftovers(ground)
  return { ...nothing, snapshots, chain, head }
}

async function surveyFormat(
  context: SurveyContext,
  names: readonly string[],
  problems: Problem[],
): Promise<Format | null> {
  const { disk, path, limits } = context
  const { format, why } = await readFormatOrNull(disk, path)
  if (format !== null) return format
  const own = names.filter((name) => slotIn(name) >= 0 || snapshotTicket(name) >= 0)
  const file = disk.join(path, FORMAT_NAME)
  if (own.length === 0) {
    const what = `${why}, and no journal file is here: this is no journal's directory`
    problems.push({ file, offset: 0, severity: 'damage', what, remedy: { kind: 'none' } })
    return null
  }
  const guess = await guessFormat(disk, path, names, limits.recoveryBytes)
  const can =
    guess === null ? 'no header says what stood in it' : 'the headers say what stood in it'
  const remedy = guess === null ? ({ kind: 'none' } as const) : ({ kind: 'format' } as const)
  problems.push({ file, offset: 0, severity: 'damage', what: `${why}; ${can}`, remedy })
  return guess
}

/** The newest first. A third one is left by a crash and means nothing. */
async function surveySnapshots(
  context: SurveyContext,
  names: readonly string[],
  format: Format,
  problems: Problem[],
): Promise<readonly CheckedSnapshot[]> {
  const { disk, path } = context
  const checked: CheckedSnapshot[] = []
  const own = names.filter((name) => snapshotTicket(name) >= 0)
  for (const name of own.sort().reverse()) {
    const snapshot = await checkSnapshot(disk, path, name, format.identity)
    checked.push(snapshot)
    if (snapshot.found !== null) continue
    problems.push({
      file: disk.join(path, name),
      offset: snapshot.offset,
      severity: 'damage',
      what: 'a damaged snapshot; the one before it and the journal behind that one say the same',
      remedy: { kind: 'snapshot', name },
    })
  }
  return checked
}

/** Header copies that nobody needs and files that nobody uses. */
function surveyLeftovers(ground: SurveyGround): void {
  const { files, table, problems } = ground
  const used = new Set(table.files.map(({ slot }) => slot))
  for (const { remedy } of problems) if ('place' in remedy) used.add(remedy.place.slot)
  for (const { slot, path, size, copies, header, copy } of files.values()) {
    const place = { file: path, severity: 'harmless' as const }
    const isSpare = !used.has(slot)
    if (isSpare && header !== null && header.fileBytes !== size) {
      const what = `a spare of ${size} bytes that should have ${header.fileBytes}`
      problems.push({ ...place, offset: size, what, remedy: { kind: 'spare', slot } })
    } else if (isSpare && header === null && copies.includes('damaged')) {
      const what = 'a spare without a valid header'
      problems.push({ ...place, offset: 0, what, remedy: { kind: 'spare', slot } })
    } else if (header !== null && copies[copy === 0 ? 1 : 0] === 'damaged') {
      const stale = copy === 0 ? 1 : 0
      const offset = stale * ground.format.sectorBytes
      const what = 'the copy of the header that does not count is damaged'
      problems.push({ ...place, offset, what, remedy: { kind: 'stale-header', slot, copy: stale } })
    }
  }
}

/** Lists what is in a journal's directory: files, snapshots and entries, as plain values. It changes nothing. */

import { seedOf } from '../checksum.ts'
import { bodyOf, EntryCursor } from '../entry-cursor.ts'
import type { JournalFile } from '../journal-file.ts'
import { slotName } from '../spare-files.ts'
import { walkFrames } from './frame-walk.ts'
import type { SurveyContext } from './ground.ts'
import { holding } from './hold.ts'
import { type Survey, surveyJournal } from './survey.ts'

export type InspectOptions = SurveyContext & {
  /** Entries from this ticket on. */
  readonly from: number
  /** At most so many entries; 0: none. */
  readonly limit: number
  /** How many bytes of each body are shown. */
  readonly bodyBytes: number
}

export type InspectedFile = {
  readonly name: string
  readonly use: 'log' | 'survivors' | 'spare'
  readonly bytes: number
  readonly generation: number
  readonly level: number
  readonly firstTicket: number
  readonly endTicket: number
  readonly lastCommit: number
  readonly dataEnd: number
  readonly sealed: boolean
  /** References as of the newest snapshot: what happened since is its owner's to say. */
  readonly live: number
  readonly bodies: number
}

export type InspectedSnapshot = {
  readonly name: string
  readonly bytes: number
  readonly whole: boolean
  readonly ticket: number
  readonly epoch: number
  readonly startGeneration: number
  readonly files: number
}

export type InspectedEntry = {
  readonly ticket: number
  readonly file: string
  readonly offset: number
  readonly commit: number
  readonly kind: number
  readonly flags: number
  readonly log: number
  readonly number: number
  readonly size: number
  readonly start: Uint8Array
}

export type Inspection = {
  readonly identity: string
  readonly sectorBytes: number
  readonly files: readonly InspectedFile[]
  readonly snapshots: readonly InspectedSnapshot[]
  /** Entries were left out because of the limit. */
  readonly isMore: boolean
  /** Findings of a verification; the listing shows what can be read all the same. */
  readonly findings: number
}

/** Calls `entry` for each entry, file by file; answers the rest. */
export function inspectJournal(
  options: InspectOptions,
  entry: (entry: InspectedEntry) => void,
): Promise<Inspection> {
  return holding(options.disk, options.path, async () => {
    const survey = await surveyJournal(options)
    let left = options.limit
    for (const file of survey.table.files) {
      if (left <= 0) break
      if (file.endTicket <= options.from) continue
      left -= await inspectEntries(options, { survey, file, limit: left }, entry)
    }
    const { low, high } = survey.format?.identity ?? { low: 0, high: 0 }
    return {
      identity: hex(high) + hex(low),
      sectorBytes: survey.format?.sectorBytes ?? 0,
      files: filesOf(survey),
      snapshots: snapshotsOf(survey),
      isMore: left <= 0,
      findings: survey.problems.length,
    }
  })
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}

async function inspectEntries(
  options: InspectOptions,
  of: { readonly survey: Survey; readonly file: JournalFile; readonly limit: number },
  entry: (entry: InspectedEntry) => void,
): Promise<number> {
  const { disk, path, from, limits, bodyBytes } = options
  const { survey, file, limit } = of
  const { identity, sectorBytes } = survey.format!
  if (!survey.files.has(file.slot)) return 0
  const handle = await disk.open(disk.join(path, slotName(file.slot)), 'read')
  const cursor = new EntryCursor()
  let count = 0
  try {
    const range = { file: handle, generation: file.generation, from: 2 * sectorBytes }
    const end = file.dataEnd
    const windowBytes = limits.recoveryBytes
    await walkFrames(
      { ...range, end, seed: seedOf(identity), windowBytes },
      {
        frame: (target, at, header, position) => {
          cursor.enter(target.bytes, target.view, at, header)
          while (count < limit && cursor.next()) {
            const { ticket, kind, flags, log, number, bodySize } = cursor
            // What fills a repaired gap has no ticket.
            if (ticket < from || ticket === 0) continue
            const start = bodyOf(cursor).slice(0, bodyBytes)
            const place = { file: slotName(file.slot), offset: position, commit: header.commit }
            entry({ ticket, ...place, kind, flags, log, number, size: bodySize, start })
            count++
          }
          return count < limit
        },
        gap: () => undefined,
      },
    )
  } finally {
    await handle.close()
  }
  return count
}

function filesOf(survey: Survey): InspectedFile[] {
  return [...survey.files.values()].map(({ slot, size, header }) => {
    const name = slotName(slot)
    const generation = header?.generation ?? 0
    const file = survey.table.byGeneration(generation)
    if (file === undefined || file.slot !== slot) {
      const nothing = { level: 0, firstTicket: 0, endTicket: 0, lastCommit: 0, dataEnd: 0 }
      const rest = { ...nothing, sealed: false, live: 0, bodies: 0 }
      return { name, use: 'spare', bytes: size, generation, ...rest }
    }
    const { level, firstTicket, endTicket, lastCommit, dataEnd, sealed, bodies } = file
    const use = level > 0 ? 'survivors' : 'log'
    const range = { level, firstTicket, endTicket, lastCommit, dataEnd, sealed, bodies }
    const row = survey.head?.rows.find((other) => other.generation === generation)
    return { name, use, bytes: size, generation, ...range, live: row?.live ?? 0 }
  })
}

function snapshotsOf(survey: Survey): InspectedSnapshot[] {
  return survey.snapshots.map(({ name, size, found }) => {
    const head = found?.head
    return {
      name,
      bytes: size,
      whole: found !== null,
      ticket: head?.ticket ?? 0,
      epoch: head?.epoch ?? 0,
      startGeneration: head?.startGeneration ?? 0,
      files: head?.rows.length ?? 0,
    }
  })
}

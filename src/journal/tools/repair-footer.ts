/** Writes a file's footer again from its frames. */

import { seedOf } from '../checksum.ts'
import { EntryCursor } from '../entry-cursor.ts'
import { emptyIndex, encodeFooter, footerSize } from '../footer.ts'
import { ENTRY_FLAG_BODY, ENTRY_FLAG_INDEXED, FRAME_SURVIVORS } from '../format.ts'
import { frameSize } from '../frame.ts'
import { JournalFile } from '../journal-file.ts'
import { RowTable } from '../row-table.ts'
import { slotName } from '../spare-files.ts'
import { walkFrames } from './frame-walk.ts'
import type { Remedy } from './problem.ts'
import type { RepairPlace } from './repair.ts'
import { changing } from './repair-files.ts'

type FooterRemedy = Extract<Remedy, { kind: 'footer' }>
type Row = { readonly ticket: number; readonly position: number; readonly index: number }

export async function rebuildFooter(place: RepairPlace, remedy: FooterRemedy): Promise<void> {
  const { slot } = remedy.place
  let bytes = 0
  await changing(place, slot, async (handle) => {
    const { format } = place.survey
    const { row } = remedy
    const { generation, fileBytes } = remedy.place
    const header = { slot, generation, fileBytes, identity: format!.identity }
    const dataStart = 2 * format!.sectorBytes
    const file = new JournalFile(header, handlePath(place, slot), dataStart, emptyIndex())
    const rows: Row[] = []
    const cursor = new EntryCursor()
    const end = row?.dataEnd ?? fileBytes
    const range = { file: handle, generation, from: dataStart, end, seed: seedOf(header.identity) }
    await walkFrames(
      { ...range, windowBytes: place.limits.recoveryBytes },
      {
        frame: (target, at, frame, position) => {
          cursor.enter(target.bytes, target.view, at, frame)
          // Not the first row's: a gap that was filled has tickets, and no rows.
          if (file.dataEnd === dataStart) file.firstTicket = frame.ticket
          file.dataEnd = position + frameSize(frame.size)
          file.endTicket = frame.ticket + frame.count
          file.lastCommit = frame.commit
          const isOfSurvivors = frame.kind === FRAME_SURVIVORS
          if (!isOfSurvivors) rows.push({ ticket: frame.ticket, position, index: 0 })
          for (let index = 0; cursor.next(); index++) {
            // What fills a gap has no ticket.
            if (isOfSurvivors && cursor.ticket === 0) continue
            if (isOfSurvivors) rows.push({ ticket: cursor.ticket, position, index })
            count(file, cursor)
          }
          return true
        },
        gap: () => undefined,
      },
    )
    if (row !== null) {
      const { firstTicket, endTicket, lastCommit, dataEnd } = row
      Object.assign(file, { firstTicket, endTicket, lastCommit, dataEnd })
    }
    const footer = footerOf(place, file, rows, nextOf(place, remedy))
    bytes = footer.length
    await handle.write(footer, fileBytes - footer.length)
    await handle.sync()
  })
  place.told(
    `${slotName(slot)}: ${bytes} bytes of footer written again from its frames; nothing is lost`,
  )
}

function handlePath(place: RepairPlace, slot: number): string {
  return place.disk.join(place.path, slotName(slot))
}

function count(file: JournalFile, cursor: EntryCursor): void {
  const { flags, log, number, ticket, bodySize } = cursor
  if ((flags & ENTRY_FLAG_BODY) !== 0) file.addBody(bodySize)
  if ((flags & ENTRY_FLAG_INDEXED) !== 0) file.addIndexed({ log, number, ticket, size: bodySize })
}

/** The file behind it in the log. For a file that no replay reads any more it matters to an older snapshot only. */
function nextOf(place: RepairPlace, remedy: FooterRemedy): { slot: number; generation: number } {
  const { row, next } = remedy
  if (next !== null) return next
  if (row === null || row.level > 0) return { slot: 0, generation: 0 }
  const behind = place.survey.table.files.find(
    (file) =>
      file.level === 0 && file.firstTicket === row.endTicket && file.generation !== row.generation,
  )
  return behind ?? { slot: 0, generation: 0 }
}

/** The rows as far apart as the room behind the frames asks for. */
function footerOf(
  place: RepairPlace,
  file: JournalFile,
  rows: readonly Row[],
  next: { readonly slot: number; readonly generation: number },
): Uint8Array {
  const logs = file.index!.logs
  const room = file.fileBytes - file.dataEnd
  const isOfSurvivors = rows.some(({ index }) => index > 0) || isLevelled(place, file)
  for (let stride = isOfSurvivors ? 0 : place.limits.rowStrideBytes; ; stride = 2 * stride + 1) {
    const table = new RowTable()
    let last = Number.NEGATIVE_INFINITY
    for (const { ticket, position, index } of sorted(rows)) {
      if (stride > 0 && position - last < stride) continue
      last = position
      table.push(ticket, position, index)
    }
    const size = footerSize(table.size, logs.size)
    if (size > room && table.size > 1) continue
    const footer = new Uint8Array(size)
    encodeFooter(footer, { rows: table, logs }, file.trailer(next))
    return footer
  }
}

function isLevelled(place: RepairPlace, file: JournalFile): boolean {
  return (place.survey.table.byGeneration(file.generation)?.level ?? 0) > 0
}

function sorted(rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((left, right) => left.ticket - right.ticket)
}

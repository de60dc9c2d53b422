/**
 * Applies the journal's own entries to the file table: while running at the moment they are
 * appended, and again in replay.
 */
import { assert } from '../base/assert.ts'
import type { Disk } from '../base/ports.ts'
import type { Directory } from './directory.ts'
import type { FileTable } from './file-table.ts'
import type { JournalEntry } from './journal-entry.ts'
import { JournalFile } from './journal-file.ts'
import { slotName } from './spare-files.ts'

export type TableEntry = Exclude<JournalEntry, { kind: 'epoch' }>

/** Where files are; `target` is the cleaner's own open file while running, and made anew in replay. */
export type ApplyPlace = {
  readonly directory: Pick<Directory, 'path' | 'identity'>
  readonly disk: Pick<Disk, 'join'>
}

/** Answers the files that left the table. */
export function applyToTable(
  table: FileTable,
  entry: TableEntry,
  target: ApplyPlace | JournalFile,
): readonly JournalFile[] {
  const left: JournalFile[] = []
  let live = 0
  for (const generation of entry.generations) {
    const file = table.byGeneration(generation)
    assert(file !== undefined, 'leaves a table it is not in', generation)
    table.remove(file)
    live += file.live
    left.push(file)
  }
  if (entry.kind === 'retired') {
    assert(live === 0, 'a file with living references is retired')
    return left
  }
  const file = target instanceof JournalFile ? target : fileOf(entry.target, target)
  // Whatever lives in the sources lives in the target now: the survivors were all that did.
  file.live = live
  table.add(file)
  return left
}

function fileOf(
  row: Extract<TableEntry, { kind: 'cleaned' }>['target'],
  place: ApplyPlace,
): JournalFile {
  const { directory, disk } = place
  const path = disk.join(directory.path, slotName(row.slot))
  const file = new JournalFile({ ...row, identity: directory.identity }, path, row.dataEnd, null)
  file.level = row.level
  file.firstTicket = row.firstTicket
  file.endTicket = row.endTicket
  file.lastCommit = row.lastCommit
  file.bodies = row.bodies
  file.bodyBytes = row.bodyBytes
  file.sealed = true
  return file
}

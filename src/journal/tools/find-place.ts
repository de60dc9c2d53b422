/** Asks whether a file holds the use it should hold; if its header does not say so, what else does. */
import type { DiskFile } from '../../base/ports.ts'
import { seedOf } from '../checksum.ts'
import type { FileHeader } from '../file-header.ts'
import { readFooter } from '../footer-reader.ts'
import type { TableRow } from '../snapshot-format.ts'
import { slotName } from '../spare-files.ts'
import { firstFrame } from './frame-walk.ts'
import { reading, type SurveyGround } from './ground.ts'
import type { Place } from './problem.ts'

/** The file as it can be read: its header is the one on disk or the one that is to be restored. */
export type Found = { readonly header: FileHeader; readonly path: string }

export type PlaceHints = {
  readonly row: TableRow | null
  /** Whether something is there that must have come behind this file. */
  isContinued(): Promise<boolean>
}

/** Reports what is wrong with the place; null when nothing of it can be read. */
export async function findPlace(
  ground: SurveyGround,
  place: Place,
  hints: PlaceHints,
): Promise<Found | null> {
  const { disk, files, format, path, problems } = ground
  const lying = files.get(place.slot)
  const file = disk.join(path, slotName(place.slot))
  const { slot, generation } = place
  // A slot's file is never resized, so that an older header knows how long it has to be.
  const guessBytes =
    hints.row === null ? Math.max(lying?.size ?? 0, place.fileBytes) : place.fileBytes
  const fileBytes = lying?.header?.fileBytes ?? guessBytes
  const standIn = { kind: 'stand-in', place: { ...place, fileBytes }, row: hints.row } as const
  if (lying === undefined) {
    const what = `the file is missing${described(hints.row)}`
    problems.push({ file, offset: 0, severity: 'damage', what, remedy: standIn })
    return null
  }
  const { header } = lying
  if (header !== null && header.generation === generation) {
    if (header.fileBytes !== lying.size) {
      const what = `the file has ${lying.size} bytes, its header says ${header.fileBytes}`
      const remedy = { kind: 'size', slot, fileBytes: header.fileBytes } as const
      problems.push({ file, offset: lying.size, severity: 'damage', what, remedy })
    }
    return { header, path: file }
  }
  const shown = await reading(ground, slot, (handle) =>
    shows(ground, handle, generation, fileBytes),
  )
  const isNewer = header !== null && header.generation > generation
  const mayBeEmpty = !shown && !isNewer && hints.row === null && lying.size === fileBytes
  const isEmpty = mayBeEmpty && !(await hints.isContinued())
  if (shown || isEmpty) {
    const what = `no header of generation ${generation}; ${
      shown ? 'what stands behind it is of this generation' : 'the file is still empty'
    }`
    const remedy = { kind: 'header', place: { ...place, fileBytes } } as const
    problems.push({ file, offset: 0, severity: 'damage', what, remedy })
    return { header: { slot, generation, fileBytes, identity: format.identity }, path: file }
  }
  const used = isNewer ? `, it is of generation ${header.generation}` : ''
  const what = `no header of generation ${generation}${used}${described(hints.row)}`
  problems.push({ file, offset: 0, severity: 'damage', what, remedy: standIn })
  return null
}

/** Whether a footer or a frame of this generation stands in the file. */
async function shows(
  ground: SurveyGround,
  file: DiskFile,
  generation: number,
  fileBytes: number,
): Promise<boolean> {
  if ((await readFooter(file, { generation, fileBytes })) !== null) return true
  const { format, limits } = ground
  const from = 2 * format.sectorBytes
  const windowBytes = limits.recoveryBytes
  const range = { file, generation, from, end: fileBytes, seed: seedOf(format.identity) }
  return (await firstFrame({ ...range, windowBytes })) !== null
}

function described(row: TableRow | null): string {
  if (row === null) return '; it held the journal from there on'
  const bodies = `${row.bodies} bodies, ${row.live} references`
  return `; it held tickets ${row.firstTicket} to ${row.endTicket - 1} (${bodies})`
}

/** Repairs of single files: format, headers, sizes, stand-ins for lost files, and what is only in the way. */
import { DiskError, type DiskFile } from '../../base/ports.ts'
import { encodeFormat, FORMAT_NAME, FORMAT_NAME_NEW } from '../directory.ts'
import { encodeFileHeader } from '../file-header.ts'
import { fillFile } from '../fill-file.ts'
import { emptyIndex, encodeFooter, footerSize } from '../footer.ts'
import { FILE_HEADER_SIZE, FRAME_HEADER_SIZE } from '../format.ts'
import { slotName } from '../spare-files.ts'
import type { LyingFile } from './found-files.ts'
import { describeTickets } from './gaps.ts'
import type { Place, Remedy } from './problem.ts'
import type { RepairPlace } from './repair.ts'

type Of<K extends Remedy['kind']> = Extract<Remedy, { kind: K }>

const ZERO_BYTES = 1024 * 1024 // one write of zeros

/** Writes the format file anew from what the headers say, the way a new directory gets its own. */
export async function restoreFormat(place: RepairPlace): Promise<void> {
  const { disk, path, survey, copies, told } = place
  const { identity, sectorBytes } = survey.format!
  await copies.keep(FORMAT_NAME)
  const fresh = disk.join(path, FORMAT_NAME_NEW)
  await disk.remove(fresh).catch((error: unknown) => {
    if (!(error instanceof DiskError) || error.code !== 'missing') throw error
  })
  const file = await disk.open(fresh, 'create')
  try {
    await file.write(encodeFormat(identity, sectorBytes), 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(fresh, disk.join(path, FORMAT_NAME))
  await disk.syncDirectory(path)
  told(`${FORMAT_NAME}: written again as the headers of the journal files say; nothing is lost`)
}

/** Writes the newest header again. */
export async function restoreHeader(place: RepairPlace, wanted: Place): Promise<void> {
  const lying = place.survey.files.get(wanted.slot)
  await changing(place, wanted.slot, (file) => putHeader(place, file, wanted, lying))
  const what = `its header says generation ${wanted.generation} again; nothing is lost`
  place.told(`${slotName(wanted.slot)}: ${what}`)
}

/** Makes a file as long as its header says. */
export async function resizeFile(place: RepairPlace, remedy: Of<'size'>): Promise<void> {
  const { slot, fileBytes } = remedy
  await changing(place, slot, async (file) => {
    await file.truncate(fileBytes)
    await file.sync()
  })
  place.told(`${slotName(slot)}: made ${fileBytes} bytes long again`)
}

/**
 * Puts an empty file where the table needs one: its tickets are answered with "cannot be read" from now on, and
 * references to them can be dropped. Without a row it is where the log goes on.
 */
export async function makeStandIn(place: RepairPlace, remedy: Of<'stand-in'>): Promise<void> {
  const { disk, path, survey, limits, copies, told } = place
  const { row } = remedy
  const name = slotName(remedy.place.slot)
  let lying = survey.files.get(remedy.place.slot)
  const fileBytes = remedy.place.fileBytes || limits.fileBytesMin
  const wanted = { ...remedy.place, fileBytes }
  await copies.keep(name)
  if (lying !== undefined && lying.size !== fileBytes) {
    await disk.remove(lying.path)
    lying = undefined
  }
  if (lying === undefined) {
    await (await fillFile(disk, disk.join(path, name), fileBytes)).close()
    await disk.syncDirectory(path)
  }
  await changing(place, wanted.slot, (file) => writeStandIn(place, file, remedy, { wanted, lying }))
  if (row === null) {
    told(`${name}: begun anew, empty; what the log held from here on is lost`)
    return
  }
  const lost = `${row.bodies} bodies with ${row.live} references at the snapshot`
  const tickets = describeTickets(row.firstTicket, row.endTicket)
  told(
    `${name}: an empty file stands in for generation ${row.generation}; lost: ${tickets}, ${lost}`,
  )
}

async function writeStandIn(
  place: RepairPlace,
  file: DiskFile,
  remedy: Of<'stand-in'>,
  to: { readonly wanted: Place; readonly lying: LyingFile | undefined },
): Promise<void> {
  const { wanted, lying } = to
  const dataStart = 2 * place.survey.format!.sectorBytes
  await file.write(new Uint8Array(FRAME_HEADER_SIZE), dataStart)
  const footer = new Uint8Array(footerSize(0, 0))
  const { row } = remedy
  if (row !== null) {
    const { firstTicket, endTicket, lastCommit } = row
    const range = { generation: wanted.generation, firstTicket, endTicket, lastCommit }
    const nothing = { nextSlot: 0, nextGeneration: 0, bodies: 0, bodyBytes: 0, runs: 0 }
    encodeFooter(footer, emptyIndex(), { ...range, ...nothing, dataEnd: dataStart })
  }
  await file.write(footer, wanted.fileBytes - footer.length)
  await file.sync()
  await putHeader(place, file, wanted, lying)
}

/** Writes the header into the copy that does not count, and then makes it the one that does. */
async function putHeader(
  place: RepairPlace,
  file: DiskFile,
  wanted: Place,
  lying: LyingFile | undefined,
): Promise<void> {
  const { identity, sectorBytes } = place.survey.format!
  const { slot, generation, fileBytes } = wanted
  const newest = lying?.header ?? null
  const copy = newest === null || lying?.copy === 1 ? 0 : 1
  const header = new Uint8Array(FILE_HEADER_SIZE)
  encodeFileHeader(header, { generation, slot, fileBytes, identity })
  await file.write(header, copy * sectorBytes)
  await file.sync()
  if (newest === null || newest.generation < generation) return
  // Of two valid headers the newer one counts: it goes once the older one is there.
  await writeZeros(file, (1 - copy) * sectorBytes, FILE_HEADER_SIZE)
  await file.sync()
}

/** Cuts what recovery would cut. */
export async function cutTorn(place: RepairPlace, remedy: Of<'torn'>): Promise<void> {
  const { slot, at, bytes } = remedy
  await changing(place, slot, async (file) => {
    await writeZeros(file, at, bytes)
    await file.sync()
  })
  place.told(`${slotName(slot)}: ${bytes} bytes cut at byte ${at}; none of it was acknowledged`)
}

/** Empties the copy of a header that does not count. */
export async function zeroHeader(place: RepairPlace, remedy: Of<'stale-header'>): Promise<void> {
  const { slot, copy } = remedy
  await changing(place, slot, async (file) => {
    await writeZeros(file, copy * place.survey.format!.sectorBytes, FILE_HEADER_SIZE)
    await file.sync()
  })
  place.told(`${slotName(slot)}: an old copy of its header emptied; nothing is lost`)
}

/** Removes what recovery would not use. */
export async function removeFile(place: RepairPlace, name: string, what: string): Promise<void> {
  const { disk, path, copies, told } = place
  await copies.keep(name)
  await disk.remove(disk.join(path, name))
  await disk.syncDirectory(path)
  told(`${name}: ${what}, removed`)
}

/** Opens a journal file for changes, after it was copied. */
export async function changing(
  place: RepairPlace,
  slot: number,
  change: (file: DiskFile) => Promise<void>,
): Promise<void> {
  const { disk, path, copies } = place
  await copies.keep(slotName(slot))
  const file = await disk.open(disk.join(path, slotName(slot)), 'write')
  try {
    await change(file)
  } finally {
    await file.close()
  }
}

/** Not synced. */
export async function writeZeros(file: DiskFile, from: number, bytes: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(ZERO_BYTES, bytes))
  for (let at = 0; at < bytes; at += zeros.length) {
    await file.write(zeros.subarray(0, Math.min(zeros.length, bytes - at)), from + at)
  }
}

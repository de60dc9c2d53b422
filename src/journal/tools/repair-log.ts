/** Repairs of the log itself: gaps that a snapshot covers, a cut with all behind it, an end before the snapshot. */
import type { DiskFile } from '../../base/ports.ts'
import { seedOf } from '../checksum.ts'
import { TRAILER_SIZE } from '../footer.ts'
import { FRAME_HEADER_SIZE } from '../format.ts'
import { slotName } from '../spare-files.ts'
import type { LyingFile } from './found-files.ts'
import { firstFrame, type WalkRange, walkFrames } from './frame-walk.ts'
import { describeTickets, fillGap, type GapFiller } from './gaps.ts'
import type { Remedy } from './problem.ts'
import type { RepairPlace } from './repair.ts'
import { changing, writeZeros } from './repair-files.ts'

type Of<K extends Remedy['kind']> = Extract<Remedy, { kind: K }>

const GAP_FRAMES = 4 // frames of a gap are this much shorter than the window that has to hold whole commits

/** Puts empty frames where damaged ones stand. */
export async function fillGaps(place: RepairPlace, remedy: Of<'gap'>): Promise<void> {
  const { slot, generation } = remedy.place
  const { gap } = remedy
  await changing(place, slot, async (file) => {
    await fillGap(file, gap, fillerOf(place, generation))
    await file.sync()
  })
  const lost =
    gap.kind === 'survivors'
      ? 'the bodies in it'
      : `the bodies of ${describeTickets(gap.first.ticket, gap.next?.ticket ?? gap.first.ticket)}`
  const where = `${slotName(slot)}: bytes ${gap.from} to ${gap.to}`
  place.told(`${where} emptied; lost: ${lost}; the snapshot holds what else they said`)
}

function fillerOf(place: RepairPlace, generation: number): GapFiller {
  const { limits, survey } = place
  const frameBytesMax = Math.floor(limits.recoveryBytes / GAP_FRAMES / 8) * 8
  return { generation, seed: seedOf(survey.format!.identity), frameBytesMax }
}

/**
 * Ends the log before the damaged commit. Files behind it go first, so that an interrupted cut is seen
 * and done again.
 */
export async function cutLog(place: RepairPlace, remedy: Of<'cut'>): Promise<void> {
  const { slot, generation, fileBytes } = remedy.place
  const { at } = remedy
  const later = await laterFiles(place, generation, at.commit)
  const lost = { commits: 0, entries: 0, bytes: 0, endTicket: at.ticket }
  await changing(place, slot, (file) => {
    return countFrames(
      { ...rangeOf(place, file, generation), from: at.offset, end: fileBytes },
      lost,
    )
  })
  for (const lying of later) {
    await changing(place, lying.slot, async (file) => {
      const range = rangeOf(place, file, lying.header!.generation)
      await countFrames({ ...range, end: lying.size }, lost)
    })
  }
  for (const lying of later.toReversed()) {
    await changing(place, lying.slot, async (file) => {
      await writeZeros(file, 2 * place.survey.format!.sectorBytes, FRAME_HEADER_SIZE)
      await file.sync()
    })
  }
  await changing(place, slot, async (file) => {
    await writeZeros(file, fileBytes - TRAILER_SIZE, TRAILER_SIZE)
    await file.sync()
    await writeZeros(file, at.offset, fileBytes - at.offset)
    await file.sync()
  })
  const where = `${slotName(slot)}: the log was cut at byte ${at.offset}, before commit ${at.commit}`
  const files = later.map((lying) => slotName(lying.slot)).join(', ')
  const tickets =
    lost.endTicket > at.ticket
      ? describeTickets(at.ticket, lost.endTicket)
      : `all from ticket ${at.ticket} on`
  const readable = `${lost.commits} readable commits with ${lost.entries} entries in ${lost.bytes} bytes`
  const behind = files === '' ? '' : `, and all of ${files}`
  place.told(`${where}${behind}; lost: ${tickets}, the damaged commit and behind it ${readable}`)
}

/** Files whose frames come behind the cut. */
async function laterFiles(
  place: RepairPlace,
  generation: number,
  commit: number,
): Promise<readonly LyingFile[]> {
  const later: { lying: LyingFile; commit: number }[] = []
  for (const lying of place.survey.files.values()) {
    if (lying.header === null || lying.header.generation === generation) continue
    const file = await place.disk.open(lying.path, 'read')
    try {
      const range = rangeOf(place, file, lying.header.generation)
      const end = Math.min(lying.size, range.from + range.windowBytes)
      const first = await firstFrame({ ...range, end })
      if (first?.position !== range.from || first.header.commit < commit) continue
      later.push({ lying, commit: first.header.commit })
    } finally {
      await file.close()
    }
  }
  return later.sort((left, right) => left.commit - right.commit).map(({ lying }) => lying)
}

function rangeOf(place: RepairPlace, file: DiskFile, generation: number): Omit<WalkRange, 'end'> {
  const { identity, sectorBytes } = place.survey.format!
  const windowBytes = place.limits.recoveryBytes
  return { file, generation, from: 2 * sectorBytes, seed: seedOf(identity), windowBytes }
}

async function countFrames(
  range: WalkRange,
  lost: { commits: number; entries: number; bytes: number; endTicket: number },
): Promise<void> {
  await walkFrames(range, {
    frame: (_target, _at, header) => {
      if (header.last) lost.commits++
      lost.entries += header.count
      lost.bytes += FRAME_HEADER_SIZE + header.size
      lost.endTicket = Math.max(lost.endTicket, header.ticket + header.count)
      return true
    },
    gap: () => undefined,
  })
}

/** Ends the log where its snapshot ends: an empty commit takes the tickets that are missing. */
export async function padLog(place: RepairPlace, remedy: Of<'pad'>): Promise<void> {
  const { slot, generation } = remedy.place
  const { at, through } = remedy
  await changing(place, slot, async (file) => {
    const first = { commit: at.commit, index: 0, ticket: at.ticket }
    const next = { commit: at.commit + 1, index: 0, ticket: through + 1 }
    const to = at.offset + FRAME_HEADER_SIZE
    const gap = { from: at.offset, to, kind: 'commits', first, next } as const
    await fillGap(file, gap, fillerOf(place, generation))
    await file.sync()
  })
  const lost = `the bodies of ${describeTickets(at.ticket, through + 1)}`
  place.told(`${slotName(slot)}: the log goes on behind its snapshot; lost: ${lost}`)
}

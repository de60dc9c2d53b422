/** Finds the gaps between valid frames, and says which frames and tickets are missing in each. */
import type { DiskFile } from '../../base/ports.ts'
import type { Seed } from '../checksum.ts'
import { FRAME_HEADER_SIZE, FRAME_SURVIVORS, viewOf } from '../format.ts'
import { FrameHeader, frameSize, sealFrame } from '../frame.ts'
import { type WalkRange, walkFrames } from './frame-walk.ts'
import type { FrameOrder, Gap } from './problem.ts'

// One gap in a report is enough to act on; a file of nothing but gaps shall not fill the memory.
const GAPS_MAX = 1_000

/**
 * The gaps of the range, which begins where `first` has to stand. `after` is what follows the range; null when
 * nobody knows, and then bytes behind the last valid frame are no gap.
 */
export async function gapsIn(
  range: WalkRange,
  first: FrameOrder,
  after: FrameOrder | null,
): Promise<Gap[]> {
  const gaps: Gap[] = []
  let expected = first
  let open: Omit<Gap, 'next'> | null = null
  await walkFrames(range, {
    frame: (_target, _at, header) => {
      const { commit, index, ticket } = header
      if (open !== null) gaps.push({ ...open, next: { commit, index, ticket } })
      open = null
      const end = ticket + header.count
      expected = header.last
        ? { commit: commit + 1, index: 0, ticket: end }
        : { commit, index: index + 1, ticket: end }
      return gaps.length < GAPS_MAX
    },
    gap: (from, to) => {
      open = { from, to, kind: 'commits', first: expected }
    },
  })
  const rest = open as Omit<Gap, 'next'> | null
  if (rest !== null && after !== null && !isSame(rest.first, after)) {
    gaps.push({ ...rest, next: after })
  }
  return gaps
}

/** The same in a file of survivors, whose frames have no order. */
export async function survivorGapsIn(range: WalkRange, ticket: number): Promise<Gap[]> {
  const gaps: Gap[] = []
  const order = { commit: 0, index: 0, ticket }
  await walkFrames(range, {
    frame: () => gaps.length < GAPS_MAX,
    gap: (from, to) => {
      gaps.push({ from, to, kind: 'survivors', first: order, next: order })
    },
  })
  return gaps
}

function isSame(left: FrameOrder, right: FrameOrder): boolean {
  return left.commit === right.commit && left.index === right.index && left.ticket === right.ticket
}

export function describeGap(gap: Gap): string {
  const bytes = `${gap.to - gap.from} bytes`
  if (gap.kind === 'survivors') return `${bytes} of survivors`
  const { first, next } = gap
  if (next === null) return `${bytes} from commit ${first.commit}, ticket ${first.ticket} on`
  const last = next.index > 0 ? next.commit : next.commit - 1
  const commits =
    last > first.commit ? `commits ${first.commit} to ${last}` : `commit ${first.commit}`
  return `${bytes} of ${commits}, ${describeTickets(first.ticket, next.ticket)}`
}

export function describeTickets(from: number, end: number): string {
  if (end <= from) return 'no ticket'
  return end === from + 1 ? `ticket ${from}` : `tickets ${from} to ${end - 1}`
}

/**
 * The same gap with no more room than its frames need. Filled so, one that reaches the end of its file leaves the
 * footer a place.
 */
export function leastRoom(gap: Gap): Gap {
  const { first, next, from } = gap
  if (next === null) return gap
  const commits = next.commit - first.commit
  const frames = commits + next.index - (commits === 0 ? first.index : 0)
  return { ...gap, to: Math.min(gap.to, from + frames * FRAME_HEADER_SIZE) }
}

/** What a gap's frames are filled with: they keep commits, indexes and tickets in order, and hold nothing. */
export type GapFiller = {
  readonly generation: number
  readonly seed: Seed
  /** No frame is made longer. */
  readonly frameBytesMax: number
}

/** An entry without meaning, behind the ticket of a survivor: the least that a walk steps over. */
const FILLER_ENTRY_SIZE = 24

/**
 * Writes frames over the gap that are valid and empty. They are of the kind `survivors`, so that a reader who
 * looks for a lost ticket finds none there and says so, while recovery sees every commit and ticket in its place.
 */
export async function fillGap(file: DiskFile, gap: Gap, filler: GapFiller): Promise<void> {
  const orders = ordersIn(gap, filler)
  let room = gap.to - gap.from - orders.length * FRAME_HEADER_SIZE
  if (room < 0) throw new RangeError('more frames are missing than the gap has room for')
  let at = gap.from
  for (const [index, order] of orders.entries()) {
    const isLast = index === orders.length - 1
    const size = isLast ? room : Math.min(room, fitting(room, filler.frameBytesMax))
    room -= size
    const bytes = frameOf(order, size, filler)
    await file.write(bytes, at)
    at += bytes.length
  }
}

type Order = FrameOrder & { readonly count: number; readonly flags: number }

function ordersIn(gap: Gap, filler: GapFiller): Order[] {
  const { first, next } = gap
  if (next === null) throw new RangeError('nobody knows what follows the gap')
  const orders: Order[] = []
  if (gap.kind === 'survivors') {
    const count = Math.ceil((gap.to - gap.from) / filler.frameBytesMax)
    for (let index = 0; index < count; index++) orders.push({ ...first, count: 0, flags: 1 })
    return orders
  }
  let { commit, index } = first
  let { ticket } = first
  const push = (flags: number): void => {
    orders.push({ commit, index, ticket, count: next.ticket - ticket, flags })
    ticket = next.ticket
  }
  while (commit < next.commit) {
    push(1)
    commit++
    index = 0
  }
  for (; index < next.index; index++) push(0)
  return orders
}

/** At most `max`, and leaving a rest that can be filled. */
function fitting(room: number, max: number): number {
  if (room <= max) return room
  return room - max < FILLER_ENTRY_SIZE ? max - FILLER_ENTRY_SIZE : max
}

function frameOf(order: Order, size: number, filler: GapFiller): Uint8Array {
  const bytes = new Uint8Array(frameSize(size))
  const target = { bytes, view: viewOf(bytes), seed: filler.seed }
  const header = new FrameHeader()
  header.size = size
  header.generation = filler.generation
  header.kind = FRAME_SURVIVORS
  const { commit, index, ticket, count, flags } = order
  Object.assign(header, { commit, index, ticket, count, flags })
  // Sixteen bytes were one entry without a body: one of the same size, which is no survivor's, says as much.
  if (size === 16) header.kind = 1
  else if (size > 0) target.view.setUint32(FRAME_HEADER_SIZE + 8, size - FILLER_ENTRY_SIZE, true)
  sealFrame(target, 0, header)
  return bytes
}

/** Walks the frames of one use of a file and goes on behind damage: what recovery never does, and tools must. */
import type { DiskFile } from '../../base/ports.ts'
import type { Seed } from '../checksum.ts'
import { FRAME_ALIGNMENT, FRAME_HEADER_SIZE, viewOf } from '../format.ts'
import { FrameHeader, type FrameTarget, readFrame } from '../frame.ts'

export type WalkRange = {
  readonly file: DiskFile
  readonly generation: number
  readonly from: number
  readonly end: number
  readonly seed: Seed
  /** Memory of the walk; twice the largest frame at least. */
  readonly windowBytes: number
}

export type WalkVisitor = {
  /** A valid frame; false ends the walk. The target and the header are valid for this call only. */
  frame(target: FrameTarget, at: number, header: FrameHeader, position: number): boolean
  /** No valid frame begins in [from, to). Comes before the frame behind it. */
  gap(from: number, to: number): void
}

export async function walkFrames(range: WalkRange, visitor: WalkVisitor): Promise<void> {
  const bytes = new Uint8Array(Math.min(range.windowBytes, Math.max(0, range.end - range.from)))
  const window = { bytes, view: viewOf(bytes), seed: range.seed }
  const header = new FrameHeader()
  const generation = range.generation
  let [base, filled, at, gapAt] = [range.from, 0, 0, -1]
  for (;;) {
    // A frame is at most half a window long, so that with half a window ahead none is cut by its border.
    if (filled - at < bytes.length / 2 && base + filled < range.end) {
      bytes.copyWithin(0, at, filled)
      base += at
      filled -= at
      at = 0
      const room = Math.min(bytes.length - filled, range.end - base - filled)
      const count = await range.file.read(bytes.subarray(filled, filled + room), base + filled)
      filled += count
      if (count < room) range = { ...range, end: base + filled }
    }
    if (filled - at < FRAME_HEADER_SIZE) break
    const size = readFrame(window, { at, end: filled, generation }, header)
    if (size === 0) {
      if (gapAt < 0) gapAt = base + at
      at += FRAME_ALIGNMENT
      continue
    }
    if (gapAt >= 0) visitor.gap(gapAt, base + at)
    gapAt = -1
    if (!visitor.frame(window, at, header, base + at)) return
    at += size
  }
  const rest = gapAt >= 0 ? gapAt : base + at
  if (rest < range.end) visitor.gap(rest, range.end)
}

/** The first valid frame of the generation in the range and where it stands, or null. */
export async function firstFrame(
  range: WalkRange,
): Promise<{ header: FrameHeader; position: number } | null> {
  const found: { header: FrameHeader; position: number }[] = []
  await walkFrames(range, {
    frame: (_target, _at, header, position) => {
      found.push({ header: Object.assign(new FrameHeader(), header), position })
      return false
    },
    gap: () => undefined,
  })
  return found[0] ?? null
}

/** Counts what journals did on the disks it watches, so that a run can show that it came past all that it is about. */
import { ENTRY_HEADER_SIZE, FRAME_ENTRIES, FRAME_MARK, viewOf } from '../../src/journal/format.ts'
import type { RecoveryReport } from '../../src/journal/recovery.ts'
import type { FrameListener, WatchedFrame } from './frame-watch.ts'

const RETIRED = 1
const CLEANED = 2

/** What a census counted, in a form that passes between processes. */
export type CensusCounts = Pick<
  Census,
  'frames' | 'marks' | 'rolled' | 'retired' | 'cleaned' | 'snapshots' | 'cut' | 'olderSnapshots'
>

export class Census implements FrameListener {
  /** Frames of entries. */
  frames = 0
  marks = 0
  /** Files that were sealed and followed by another. */
  rolled = 0
  /** Files that left the table because nothing in them lived. */
  retired = 0
  /** Files that took the place of others. */
  cleaned = 0
  snapshots = 0
  /** Torn tails that a recovery cut. */
  cut = 0
  /** Recoveries that lost the newest of two snapshots before they began. Counted by who takes it away. */
  olderSnapshots = 0

  /** Adds what another one counted. */
  add(other: CensusCounts): void {
    this.frames += other.frames
    this.marks += other.marks
    this.rolled += other.rolled
    this.retired += other.retired
    this.cleaned += other.cleaned
    this.snapshots += other.snapshots
    this.cut += other.cut
    this.olderSnapshots += other.olderSnapshots
  }

  get counts(): CensusCounts {
    const { frames, marks, rolled, retired, cleaned, snapshots, cut, olderSnapshots } = this
    return { frames, marks, rolled, retired, cleaned, snapshots, cut, olderSnapshots }
  }

  frame({ kind, bytes }: WatchedFrame): void {
    if (kind === FRAME_MARK) this.marks++
    if (kind !== FRAME_ENTRIES) return
    this.frames++
    const view = viewOf(bytes)
    for (let at = 0; at < bytes.length; at += ENTRY_HEADER_SIZE + view.getUint32(at, true)) {
      const isOwn = view.getUint8(at + 4) === 0
      // The journal's own entries say in their first byte what they do to the table.
      const type = isOwn ? view.getUint8(at + ENTRY_HEADER_SIZE) : 0
      if (type === RETIRED) this.retired += view.getUint16(at + ENTRY_HEADER_SIZE + 2, true)
      if (type === CLEANED) this.cleaned++
    }
  }

  footer(_path: string, nextGeneration: number): void {
    if (nextGeneration > 0) this.rolled++
  }

  snapshotKept(): void {
    this.snapshots++
  }

  recovered(report: RecoveryReport): void {
    if (report.cut !== null) this.cut++
  }
}

/**
 * The Cleaner carries what still lives out of files that are mostly dead, sorted by log, into one file
 * of an older generation: a generational collector. It works beside the running journal and changes
 * nothing until its target is whole and synced; one journal entry then swaps the files.
 */

import { mark } from '../base/mark.ts'
import { DiskError } from '../base/ports.ts'
import type { Seed } from './checksum.ts'
import { EntryCursor as Cursor, type EntryCursor } from './entry-cursor.ts'
import { JournalDamaged } from './errors.ts'
import { encodeFooter, footerSize, ROW_SIZE } from './footer.ts'
import {
  ENTRY_FLAG_BODY,
  ENTRY_FLAG_INDEXED,
  ENTRY_HEADER_SIZE,
  FRAME_FLAG_LAST,
  FRAME_HEADER_SIZE,
  FRAME_SURVIVORS,
  SURVIVOR_HEADER_SIZE,
  setU48,
  viewOf,
} from './format.ts'
import { FrameHeader, frameSize, sealFrame } from './frame.ts'
import type { Handles } from './handles.ts'
import type { CleanedTarget } from './journal-entry.ts'
import type { JournalFile } from './journal-file.ts'
import type { JournalLimits } from './limits.ts'
import type { JournalOwner } from './recovery.ts'
import { RowTable } from './row-table.ts'
import { Scanner } from './scan.ts'
import type { Slabs } from './slabs.ts'
import type { SpareFiles } from './spare-files.ts'

export const FILES_MAX = 40 // named by one entry, for which there is room in a full file: see writer.ts
const LEVEL_MAX = 15 // beyond it files are examined as rarely as they can be
const LEVEL_FACTOR = 4 // files of the next level are examined so many times less often

export type CleanerContext = {
  readonly slabs: Slabs
  readonly limits: JournalLimits
  readonly handles: Handles
  readonly spares: SpareFiles
  readonly owner: JournalOwner
  readonly seed: Seed
}

/** Files to clean together: neighbours in ticket order, so that the target's range stays apart from all others. */
export function chooseSources(
  files: readonly JournalFile[],
  covered: (file: JournalFile) => boolean,
  cycle: number,
  limits: JournalLimits,
): readonly JournalFile[] {
  let run: JournalFile[] = []
  let bytes = 0
  for (const file of files) {
    const due = covered(file) && isDue(file, cycle)
    const scattered = due && isScattered(file, limits)
    if (scattered && run.length === 0 && fits(survivorBytes(file), file, limits)) return [file]
    const wanted = due && liveShare(file) < limits.cleanBelow
    const survivors = wanted ? survivorBytes(file) : 0
    if (wanted && run.length < FILES_MAX && fits(bytes + survivors, file, limits)) {
      run.push(file)
      bytes += survivors
    } else {
      if (run.length > 1) return run
      run = wanted ? [file] : []
      bytes = survivors
    }
  }
  return run.length > 1 ? run : []
}

function isDue(file: JournalFile, cycle: number): boolean {
  if (!file.sealed || file.live === 0 || file.held > 0 || file.leaving || file.unread) return false
  return cycle % LEVEL_FACTOR ** Math.min(file.level, LEVEL_MAX) === 0
}

/** Indexed logs whose entries lie in runs too short to read ahead: worth sorting once, while most of it lives. */
function isScattered(file: JournalFile, limits: JournalLimits): boolean {
  if (file.level > 0 || file.runs < 2) return false
  return file.bodyBytes / file.runs < limits.scatterRunBytes && liveShare(file) >= limits.cleanBelow
}

function liveShare(file: JournalFile): number {
  return file.bodies === 0 ? 0 : Math.min(1, file.live / file.bodies)
}

/** What the survivors of a file take in a target: by its averages, or by what a cleaner found that had to give up. */
function survivorBytes(file: JournalFile): number {
  // What died since took its share along: until a tenth of it did, the same files come out as too much again.
  const known = file.survivors
  if (known !== null) return known.bytes * Math.min(1, file.live / known.live)
  const count = Math.min(file.live, file.bodies)
  const bodies = file.bodyBytes * liveShare(file)
  return bodies + count * (ENTRY_HEADER_SIZE + SURVIVOR_HEADER_SIZE + ROW_SIZE)
}

function fits(bytes: number, file: JournalFile, limits: JournalLimits): boolean {
  return bytes <= roomOf(file, limits) * FILL_SHARE - footerSize(0, 0)
}

function roomOf({ fileBytes }: JournalFile, limits: JournalLimits): number {
  return fileBytes - 2 * limits.sectorBytes
}

const FILL_SHARE = 0.9 // averages err; a target that turns out too small costs the whole effort

/** One entry that lives, on its way. */
type Survivor = {
  readonly ticket: number
  readonly log: number
  readonly number: number
  readonly flags: number
  readonly bytes: Uint8Array
}

export class Cleaner {
  readonly #context: CleanerContext

  constructor(context: CleanerContext) {
    this.#context = context
  }

  /**
   * Writes the survivors of the sources into a new file, whole and synced. Null when there is no file for
   * them now, more of them than expected (what they take is known from then on), or a source that the disk does not
   * give. The caller swaps them in, with `file` as the target's handle.
   */
  async clean(
    sources: readonly JournalFile[],
  ): Promise<{ target: CleanedTarget; file: JournalFile } | null> {
    // Before anything is read: while there is no file, it would be read for nothing again and again.
    const expected = sources.reduce((sum, source) => sum + survivorBytes(source), footerSize(0, 0))
    const file = this.#context.spares.take('clean', Math.floor(expected / FILL_SHARE))
    if (file === 'wait' || file === 'full') return null
    file.level = Math.min(LEVEL_MAX, 1 + Math.max(...sources.map((source) => source.level)))
    file.firstTicket = sources[0]!.firstTicket
    file.endTicket = sources[sources.length - 1]!.endTicket
    file.lastCommit = sources[sources.length - 1]!.lastCommit
    try {
      const survivors = await this.#collectAll(sources, roomOf(file, this.#context.limits))
      if (survivors === null) {
        await this.giveBack(file)
        return null
      }
      await this.#write(file, survivors)
    } catch (error) {
      await this.giveBack(file)
      throw error
    }
    const { slot, generation, fileBytes, level, firstTicket, endTicket, lastCommit } = file
    const { dataEnd, bodies, bodyBytes } = file
    const place = { slot, generation, fileBytes, level, firstTicket, endTicket }
    return { file, target: { ...place, lastCommit, dataEnd, bodies, bodyBytes } }
  }

  /** Lets go of a target that takes nobody's place; its file is a spare again. */
  async giveBack(target: JournalFile): Promise<void> {
    await this.#context.handles.leave(target)
    this.#context.spares.retire(target)
  }

  /** Every living body of the sources, sorted by log; null when they take more than `room` bytes, or one is unread. */
  async #collectAll(
    sources: readonly JournalFile[],
    room: number,
  ): Promise<readonly Survivor[] | null> {
    const survivors: Survivor[] = []
    const found: Found[] = []
    const { limits, seed } = this.#context
    const scanner = new Scanner(new Uint8Array(limits.recoveryBytes), limits, seed)
    for (const source of sources) {
      const { length } = survivors
      const { live } = source
      try {
        await this.#collect(source, scanner, survivors)
      } catch (error) {
        // It costs its space. Whoever wants what is in it hears of it; nobody else should.
        if (!(error instanceof DiskError) || error.code !== 'io') throw error
        mark('cleaner/unread')
        source.unread = true
        return null
      }
      found.push({ source, live, bytes: sizeOf(survivors.slice(length)) })
    }
    const bytes = targetBytes(survivors, this.#context.limits)
    if (bytes > room) {
      mark('cleaner/more-than-expected')
      note(found, bytes)
      return null
    }
    return survivors.sort((left, right) => left.log - right.log || left.ticket - right.ticket)
  }

  /** Copies every living body of the source. */
  #collect(source: JournalFile, scanner: Scanner, survivors: Survivor[]): Promise<void> {
    const { handles, limits, owner, seed } = this.#context
    const cursor = new Cursor()
    return handles.use(source, async (handle) => {
      const { generation, dataEnd, firstTicket } = source
      const from = 2 * limits.sectorBytes
      const range = { file: handle, generation, from, fileBytes: dataEnd, seed }
      const end = await scanner.frames(
        { ...range, commit: 0, ticket: firstTicket },
        (target, at, header) => {
          cursor.enter(target.bytes, target.view, at, header)
          while (cursor.next()) {
            if ((cursor.flags & ENTRY_FLAG_BODY) === 0 || !owner.live(cursor)) continue
            survivors.push(copyOf(cursor))
          }
        },
      )
      if (end < dataEnd) throw new JournalDamaged(source.path, end, 'a damaged frame')
    })
  }

  async #write(file: JournalFile, survivors: readonly Survivor[]): Promise<void> {
    const { limits, slabs } = this.#context
    const rows: { ticket: number; position: number; index: number }[] = []
    let at = 0
    for (let index = 0; at < survivors.length; index++) {
      let size = 0
      const first = at
      while (at < survivors.length) {
        const next = survivors[at]!.bytes.length
        if (at > first && size + next > limits.frameBytes) break
        rows.push({ ticket: survivors[at]!.ticket, position: file.dataEnd, index: at - first })
        size += next
        at++
      }
      const frame = this.#frame(file, survivors.slice(first, at), size, index)
      const handle = file.handle!
      await handle.commit([frame], file.dataEnd, 'no-sync')
      slabs.giveBack(frame)
      file.dataEnd += frame.length
    }
    for (const { ticket, log, number, flags, bytes } of survivors) {
      const size = bytes.length - SURVIVOR_HEADER_SIZE - ENTRY_HEADER_SIZE
      file.addBody(size)
      if ((flags & ENTRY_FLAG_INDEXED) !== 0) file.addIndexed({ log, number, ticket, size })
    }
    rows.sort((left, right) => left.ticket - right.ticket)
    const table = new RowTable()
    for (const row of rows) table.push(row.ticket, row.position, row.index)
    const index = { rows: table, logs: file.index!.logs }
    const footer = slabs.borrow(footerSize(table.size, index.logs.size))
    encodeFooter(footer, index, file.trailer({ slot: 0, generation: 0 }))
    await file.handle!.commit([footer], file.fileBytes - footer.length, 'sync')
    slabs.giveBack(footer)
    file.index = index
    file.sealed = true
  }

  #frame(
    file: JournalFile,
    survivors: readonly Survivor[],
    size: number,
    index: number,
  ): Uint8Array {
    const bytes = this.#context.slabs.borrow(frameSize(size))
    const target = { bytes, view: viewOf(bytes), seed: this.#context.seed }
    let at = FRAME_HEADER_SIZE
    for (const survivor of survivors) {
      bytes.set(survivor.bytes, at)
      at += survivor.bytes.length
    }
    const header = new FrameHeader()
    header.size = size
    header.generation = file.generation
    header.kind = FRAME_SURVIVORS
    header.flags = FRAME_FLAG_LAST
    header.index = index & 0xffff
    header.ticket = survivors[0]!.ticket
    header.count = survivors.length
    sealFrame(target, 0, header)
    return bytes
  }
}

/** What was found alive in a source that had so many references when it was looked at. */
type Found = { readonly source: JournalFile; readonly live: number; readonly bytes: number }

/** From now on the sources are expected to take what they do take: each its share, and never less than before. */
function note(found: readonly Found[], bytes: number): void {
  const sum = found.reduce((total, each) => total + each.bytes, 0)
  for (const { source, live, bytes: own } of found) {
    const known = source.survivors === null ? 0 : survivorBytes(source)
    source.survivors = { live: Math.max(1, live), bytes: Math.max(known, (bytes * own) / sum) }
  }
}

function sizeOf(survivors: readonly Survivor[]): number {
  return survivors.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** What a file needs to hold them: its frames, and a footer that names each. */
function targetBytes(survivors: readonly Survivor[], limits: JournalLimits): number {
  const logs = new Set<number>()
  for (const { flags, log } of survivors) if ((flags & ENTRY_FLAG_INDEXED) !== 0) logs.add(log)
  const bytes = sizeOf(survivors) + footerSize(survivors.length, logs.size)
  const frames = 2 + Math.ceil((2 * bytes) / limits.frameBytes)
  return bytes + frames * (FRAME_HEADER_SIZE + ROW_SIZE)
}

function copyOf(entry: EntryCursor): Survivor {
  const size = SURVIVOR_HEADER_SIZE + ENTRY_HEADER_SIZE + entry.bodySize
  const bytes = new Uint8Array(size)
  setU48(viewOf(bytes), 0, entry.ticket)
  const from = entry.bodyAt - ENTRY_HEADER_SIZE
  bytes.set(entry.bytes.subarray(from, entry.bodyAt + entry.bodySize), SURVIVOR_HEADER_SIZE)
  const { ticket, log, number, flags } = entry
  return { ticket, log, number, flags, bytes }
}

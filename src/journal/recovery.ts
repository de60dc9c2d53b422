/**
 * Recovery: from a directory to a running journal. It takes the newest whole snapshot, replays what
 * comes behind it, cuts a torn tail and refuses everything else that is damaged.
 *
 *   1 sync every file, read its headers       4 replay whole commits, file by file, along the footers
 *   2 the newest snapshot without damage      5 judge the end: clean, torn (cut, reported), interior (refuse)
 *   3 its file table, its blocks to the owner 6 every file of the table is there; all others are spares
 */
import { assert } from '../base/assert.ts'
import { mark } from '../base/mark.ts'
import type { Disk, DiskFile } from '../base/ports.ts'
import { type Seed, seedOf } from './checksum.ts'
import type { Directory, FoundFile } from './directory.ts'
import { bodyOf, EntryCursor, type EntryView } from './entry-cursor.ts'
import { JournalDamaged } from './errors.ts'
import type { FileTable } from './file-table.ts'
import { emptyIndex } from './footer.ts'
import {
  ENTRY_FLAG_BODY,
  ENTRY_FLAG_FRAGMENT,
  ENTRY_FLAG_INDEXED,
  ENTRY_KIND_JOURNAL,
  FRAME_HEADER_SIZE,
  FRAME_MARK,
  FRAME_SURVIVORS,
  viewOf,
} from './format.ts'
import { FrameHeader, type FrameTarget, readFrame, readFrameHeader } from './frame.ts'
import { decodeJournalEntry, type JournalEntry } from './journal-entry.ts'
import { JournalFile } from './journal-file.ts'
import type { JournalLimits } from './limits.ts'
import { OpenAhead } from './open-ahead.ts'
import { type ScanEnd, Scanner, type ScanStart } from './scan.ts'
import type { SnapshotHead, TableRow } from './snapshot-format.ts'
import { type FoundSnapshot, readBlocks, verifySnapshot } from './snapshot-reader.ts'
import { type SealedEnd, TailKeeper } from './unproven-tail.ts'

/** Who owns the state that the journal makes durable. Restoring and replaying happen during recovery only. */
export interface JournalOwner {
  /** Takes back what it wrote into the snapshot. Not called when there is none. */
  restore(blocks: AsyncIterable<Uint8Array>): Promise<void>
  /** Whether anybody still refers to this body: what the cleaner carries over. Asked while running, too. */
  live(entry: EntryView): boolean
  /** Applies one entry behind the snapshot. May retain and release. The view is valid for this call only. */
  replay(entry: EntryView): void
}

/** What recovery did, for people and logs. */
export type RecoveryReport = {
  readonly created: boolean
  readonly snapshotTicket: number
  /** Snapshots that were damaged and passed over, by name. */
  readonly damagedSnapshots: readonly string[]
  readonly entries: number
  /** The torn tail that was cut, or null. None of it had been acknowledged. */
  readonly cut: { readonly file: string; readonly offset: number; readonly bytes: number } | null
}

export type RecoveryContext = {
  readonly disk: Disk
  readonly limits: JournalLimits
  readonly directory: Directory
  readonly table: FileTable
  readonly owner: JournalOwner
  /** Applies the journal's own entries to the table: the same function that serves while running. */
  readonly apply: (entry: JournalEntry) => void
  /** `recoveryBytes` from the disk's `allocate`, to read into; the caller's again when recovery is over. */
  readonly memory: Uint8Array
}

export type Recovered = {
  readonly report: RecoveryReport
  readonly snapshots: readonly FoundSnapshot[]
  /** The file that commits go on in, opened. */
  readonly last: JournalFile
  readonly next: ScanEnd
  /** Files of the directory that are in nobody's use. */
  readonly unused: readonly FoundFile[]
  /** What had to be replayed: it counts towards the next snapshot. */
  readonly replayedBytes: number
  /** The last commit is a mark, so the end is already proven. */
  readonly marked: boolean
  readonly generationFloor: number
}

export class Recovery {
  readonly #context: RecoveryContext
  readonly #seed: Seed
  readonly #dataStart: number
  readonly #cursor = new EntryCursor()
  readonly #damagedSnapshots: string[] = []
  /** Live counts as of the snapshot, for files whose own content is scanned again. */
  readonly #liveAtSnapshot = new Map<number, number>()
  #snapshotTicket = 0
  #entries = 0
  #rowPosition = 0
  #lastKind = 0
  #replayedBytes = 0
  #cut: RecoveryReport['cut'] = null
  readonly #keeper: TailKeeper
  readonly #ahead: OpenAhead
  readonly #scanner: Scanner

  constructor(context: RecoveryContext) {
    this.#context = context
    this.#seed = seedOf(context.directory.identity)
    this.#dataStart = 2 * context.directory.sectorBytes
    this.#keeper = new TailKeeper(context.disk, context.directory)
    this.#ahead = new OpenAhead(context.disk)
    this.#scanner = new Scanner(context.memory, context.limits, this.#seed)
  }

  async run(): Promise<Recovered> {
    const { disk, directory, owner } = this.#context
    await this.#keeper.putBack()
    const snapshots = await this.#findSnapshots()
    const newest = snapshots[0]
    if (newest !== undefined) {
      if (this.#damagedSnapshots.length > 0) mark('recovery/older-snapshot')
      this.#snapshotTicket = newest.head.ticket
      this.#loadTable(newest.head)
      await owner.restore(readBlocks(disk, directory.path, newest))
    }
    const replaying = this.#replay(newest?.head ?? null)
    const { last, next } = await replaying.catch(async (error: unknown) => {
      await this.#ahead.close()
      throw error
    })
    const used = await this.#checkTable(last)
    return {
      report: {
        created: directory.created,
        snapshotTicket: this.#snapshotTicket,
        damagedSnapshots: this.#damagedSnapshots,
        entries: this.#entries,
        cut: this.#cut,
      },
      snapshots,
      last,
      next,
      unused: directory.files.filter((file) => !used.has(file.slot)),
      replayedBytes: this.#replayedBytes,
      marked: this.#lastKind === FRAME_MARK,
      generationFloor: newest?.head.nextGeneration ?? 2,
    }
  }

  /** The two newest snapshots that are whole. */
  async #findSnapshots(): Promise<FoundSnapshot[]> {
    const { disk, directory } = this.#context
    const found: FoundSnapshot[] = []
    for (const name of directory.snapshots) {
      if (found.length === 2) break
      const snapshot = await verifySnapshot(disk, directory.path, name, directory.identity)
      if (snapshot === null) this.#damagedSnapshots.push(name)
      else found.push(snapshot)
    }
    return found
  }

  #loadTable(head: SnapshotHead): void {
    const start = this.#startTicket(head)
    for (const row of head.rows) {
      this.#liveAtSnapshot.set(row.generation, row.live)
      const scanned = row.generation === head.startGeneration || row.endTicket > start
      if (row.sealed && !scanned) this.#context.table.add(this.#fileOf(row))
    }
  }

  /** The first ticket of the file in which replay starts: everything from there on is scanned, not loaded. */
  #startTicket(head: SnapshotHead): number {
    const start = head.rows.find((row) => row.generation === head.startGeneration)
    return start?.firstTicket ?? head.ticket + 1
  }

  #fileOf(row: TableRow): JournalFile {
    const { disk, directory } = this.#context
    const name = `journal-${String(row.slot).padStart(5, '0')}`
    const header = { ...row, identity: directory.identity }
    const file = new JournalFile(header, disk.join(directory.path, name), row.dataEnd, null)
    file.level = row.level
    file.live = row.live
    file.firstTicket = row.firstTicket
    file.endTicket = row.endTicket
    file.lastCommit = row.lastCommit
    file.sealed = row.sealed
    file.bodies = row.bodies
    file.bodyBytes = row.bodyBytes
    file.runs = row.runs
    return file
  }

  /** Follows the chain of files from where the snapshot says, or from the very first one. */
  async #replay(head: SnapshotHead | null): Promise<{ last: JournalFile; next: ScanEnd }> {
    const { directory } = this.#context
    let generation = head?.startGeneration ?? 1
    let slot = directory.files.find((file) => file.header?.generation === generation)?.slot
    let commit = head?.startCommit ?? 1
    let ticket = head === null ? 1 : this.#startTicket(head)
    let sealed: SealedEnd | null = null
    for (;;) {
      const found = this.#mustFind(slot, generation)
      const file = new JournalFile(found.header!, found.path, this.#dataStart, emptyIndex())
      file.firstTicket = ticket
      file.endTicket = ticket
      file.firstCommit = commit
      file.lastCommit = commit - 1
      file.live = this.#liveAtSnapshot.get(generation) ?? 0
      this.#context.table.add(file)
      const { handle, footer } = await this.#ahead.take(found)
      try {
        this.#ahead.begin(directory.files.find((one) => one.slot === footer?.trailer.nextSlot))
        const next = await this.#scan(file, handle, { commit, ticket })
        if (footer === null) {
          await this.#judge(file, handle, next)
          await this.#keeper.prove({ file, handle, end: next.end }, sealed)
          file.handle = handle
          return { last: file, next }
        }
        if (footer.trailer.dataEnd !== next.end) {
          throw new JournalDamaged(file.path, next.end, 'a damaged commit')
        }
        file.sealed = true
        sealed = { path: file.path, fileBytes: file.fileBytes, footerBytes: footer.size }
        generation = footer.trailer.nextGeneration
        slot = footer.trailer.nextSlot
        ticket = next.ticket
        commit = next.commit
        await handle.close()
      } catch (error) {
        await handle.close()
        throw error
      }
    }
  }

  #mustFind(slot: number | undefined, generation: number): FoundFile {
    const { directory } = this.#context
    const found = directory.files.find((file) => file.slot === slot)
    if (found === undefined) {
      const name = slot === undefined ? `the file of generation ${generation}` : `slot ${slot}`
      throw new JournalDamaged(directory.path, 0, `${name} is missing`)
    }
    const { header } = found
    const { low, high } = directory.identity
    const own = header !== null && header.identity.low === low && header.identity.high === high
    if (!own || header.generation !== generation) {
      throw new JournalDamaged(found.path, 0, `no header of generation ${generation}`)
    }
    // It had all its bytes before it had its header, so this is no crash's doing.
    if (found.fileBytes !== header.fileBytes) {
      const what = `${found.fileBytes} bytes where there should be ${header.fileBytes}`
      throw new JournalDamaged(found.path, found.fileBytes, what)
    }
    return found
  }

  #scan(
    file: JournalFile,
    handle: DiskFile,
    from: { commit: number; ticket: number },
  ): Promise<ScanEnd> {
    this.#rowPosition = 0
    this.#keeper.clear()
    return this.#scanner.scan(
      this.#startOf(file, handle, this.#dataStart, from),
      (target, at, header, position) => {
        this.#visit(file, target, at, header, position)
      },
    )
  }

  #startOf(
    file: JournalFile,
    handle: DiskFile,
    from: number,
    expected: { commit: number; ticket: number },
  ): ScanStart {
    const { generation, fileBytes } = file
    return { file: handle, generation, from, fileBytes, seed: this.#seed, ...expected }
  }

  /** Rebuilds the file's index as the tail built it, and applies what the snapshot does not hold. */
  #visit(
    file: JournalFile,
    target: FrameTarget,
    at: number,
    header: FrameHeader,
    position: number,
  ): void {
    if (
      this.#rowPosition === 0 ||
      position - this.#rowPosition >= this.#context.limits.rowStrideBytes
    ) {
      this.#rowPosition = position
      file.index!.rows.push(header.ticket, position, 0)
    }
    if (header.kind === FRAME_SURVIVORS && header.count > 0) this.#refuseGap(file, header, position)
    this.#lastKind = header.kind
    this.#keeper.note(header, position)
    this.#replayedBytes += header.size
    file.lastCommit = header.commit
    file.endTicket = header.ticket + header.count
    const cursor = this.#cursor
    cursor.enter(target.bytes, target.view, at, header)
    while (cursor.next()) this.#apply(file, cursor)
  }

  /** Tickets that a repair gave up because a snapshot holds what they did: only that snapshot makes up for them. */
  #refuseGap(file: JournalFile, header: FrameHeader, position: number): void {
    if (header.ticket + header.count - 1 <= this.#snapshotTicket) return
    throw new JournalDamaged(file.path, position, 'a gap left by a repair, behind the snapshot,')
  }

  #apply(file: JournalFile, entry: EntryCursor): void {
    const news = entry.ticket > this.#snapshotTicket
    if ((entry.flags & ENTRY_FLAG_BODY) !== 0) {
      file.addBody(entry.bodySize)
      if (news && (entry.flags & ENTRY_FLAG_FRAGMENT) === 0) file.live++
    }
    if ((entry.flags & ENTRY_FLAG_INDEXED) !== 0) {
      const { log, number, ticket, bodySize } = entry
      file.addIndexed({ log, number, ticket, size: bodySize })
    }
    if (!news) return
    this.#entries++
    if (entry.kind !== ENTRY_KIND_JOURNAL) this.#context.owner.replay(entry)
    else this.#context.apply(decodeJournalEntry(bodyOf(entry).slice()))
  }

  /** Decides what the end of the last file is, and cuts a torn tail so that none of it is ever read again. */
  async #judge(file: JournalFile, handle: DiskFile, next: ScanEnd): Promise<void> {
    const start = this.#startOf(file, handle, next.end, next)
    const verdict = await this.#scanner.judge(start)
    if (verdict.kind === 'interior')
      throw new JournalDamaged(file.path, next.end, 'a damaged commit')
    await this.#refuseLaterFile(file, next)
    if (this.#snapshotTicket >= next.ticket) {
      throw new JournalDamaged(
        file.path,
        next.end,
        'the journal ends before its snapshot, with damage',
      )
    }
    file.dataEnd = next.end
    if (verdict.kind === 'clean') return
    const zeros = new Uint8Array(Math.min(ZERO_BYTES, verdict.bytes))
    for (let at = 0; at < verdict.bytes; at += zeros.length) {
      await handle.write(
        zeros.subarray(0, Math.min(zeros.length, verdict.bytes - at)),
        next.end + at,
      )
    }
    await handle.sync()
    this.#cut = { file: file.path, offset: next.end, bytes: verdict.bytes }
  }

  /** A frame that continues the journal in another file proves that this one had a footer, which is now damaged. */
  async #refuseLaterFile(last: JournalFile, next: ScanEnd): Promise<void> {
    const { disk, directory, limits } = this.#context
    const bytes = new Uint8Array(limits.chunkBytes)
    const target = { bytes, view: viewOf(bytes), seed: this.#seed }
    const header = new FrameHeader()
    for (const found of directory.files) {
      const generation = found.header?.generation ?? 0
      // Of any generation: a spare that was too small for one group follows behind the larger one.
      if (found.slot === last.slot) continue
      const file = await disk.open(found.path, 'read')
      try {
        const start = await file.read(bytes.subarray(0, FRAME_HEADER_SIZE), this.#dataStart)
        readFrameHeader(target.view, 0, header)
        if (start < FRAME_HEADER_SIZE || header.generation !== generation >>> 0) continue
        if (header.kind === FRAME_SURVIVORS || header.commit < next.commit) continue
        const end = await file.read(bytes, this.#dataStart)
        if (readFrame(target, { at: 0, end, generation }, header) === 0) continue
      } finally {
        await file.close()
      }
      throw new JournalDamaged(last.path, next.end, 'a damaged commit or footer')
    }
  }

  /** Every file of the table is on disk as the table says; answers the slots in use. */
  async #checkTable(last: JournalFile): Promise<Set<number>> {
    const used = new Set<number>()
    for (const file of this.#context.table.files) {
      used.add(file.slot)
      if (file === last) continue
      assert(file.sealed, 'only the last file is not sealed')
      const { handle, footer } = await this.#ahead.take(this.#mustFind(file.slot, file.generation))
      await handle.close()
      if (footer === null) throw new JournalDamaged(file.path, file.fileBytes, 'a damaged footer')
      file.takeTrailer(footer.trailer)
      file.index = null
    }
    return used
  }
}

const ZERO_BYTES = 1024 * 1024 // one write of the cut: the torn tail is at most a few commits long

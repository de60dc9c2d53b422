/**
 * Walks the chain of files that recovery replays, as recovery does, and goes on behind damage where
 * footers or frames show the way. It folds the journal's own entries into the table while they are sure.
 */
import type { DiskFile } from '../../base/ports.ts'
import { type Seed, seedOf } from '../checksum.ts'
import { bodyOf, EntryCursor } from '../entry-cursor.ts'
import { emptyIndex, type Trailer } from '../footer.ts'
import { readFooter } from '../footer-reader.ts'
import { ENTRY_FLAG_BODY, ENTRY_KIND_JOURNAL, FRAME_SURVIVORS } from '../format.ts'
import { decodeJournalEntry } from '../journal-entry.ts'
import { applyToTable } from '../journal-entry-apply.ts'
import { JournalFile } from '../journal-file.ts'
import { type ScanEnd, Scanner, type ScanStart } from '../scan.ts'
import type { SnapshotHead } from '../snapshot-format.ts'
import { slotName } from '../spare-files.ts'
import { type Found, findPlace } from './find-place.ts'
import type { LyingFile } from './found-files.ts'
import { firstFrame } from './frame-walk.ts'
import { describeGap, gapsIn, leastRoom } from './gaps.ts'
import { reading, type SurveyGround } from './ground.ts'
import type { FrameOrder, Place } from './problem.ts'

/** One file of the chain; `next` says where its whole commits end. */
export type ChainLink = { readonly file: JournalFile; readonly next: ScanEnd }

type Step = {
  readonly place: Place
  readonly commit: number
  readonly ticket: number
}

/** A file in which a commit begins that comes later than all that was read. */
type Continuation = { readonly place: Place; readonly order: FrameOrder }

export class ChainSurvey {
  readonly #ground: SurveyGround
  readonly #head: SnapshotHead | null
  readonly #scanner: Scanner
  readonly #cursor = new EntryCursor()
  readonly #links: ChainLink[] = []
  readonly #seed: Seed
  readonly #dataStart: number
  /** Once something is missing, the journal's own entries no longer fit the table. */
  #isWhole = true

  constructor(ground: SurveyGround, head: SnapshotHead | null) {
    this.#ground = ground
    this.#head = head
    this.#seed = seedOf(ground.format.identity)
    const { disk, limits } = ground
    this.#scanner = new Scanner(disk.allocate(limits.recoveryBytes), limits, this.#seed)
    this.#dataStart = 2 * ground.format.sectorBytes
  }

  /** Whether nothing is missing in the log, so that the table is the present one. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  async walk(): Promise<readonly ChainLink[]> {
    const start = this.#start()
    if (start === null) return []
    this.#loadTable(start)
    let step: Step | null = start
    while (step !== null) step = await this.#follow(step)
    return this.#links
  }

  #start(): Step | null {
    const { files, problems, path } = this.#ground
    const head = this.#head
    if (head !== null) {
      const row = head.rows.find(({ generation }) => generation === head.startGeneration)
      const found = [...files.values()].find(
        ({ header }) => header?.generation === head.startGeneration,
      )
      const [slot, fileBytes] = [row?.slot ?? found?.slot ?? 0, row?.fileBytes ?? found?.size ?? 0]
      const place = { slot, generation: head.startGeneration, fileBytes }
      return { place, commit: head.startCommit, ticket: row?.firstTicket ?? head.ticket + 1 }
    }
    // Without a snapshot it begins in the first file that ever was, which is recycled only under snapshots.
    const first = files.get(0)
    if (first !== undefined && (first.header?.generation ?? 1) === 1) {
      const place = { slot: 0, generation: 1, fileBytes: first.size }
      return { place, commit: 1, ticket: 1 }
    }
    const what =
      first === undefined
        ? 'no snapshot is whole, and the first journal file is missing'
        : 'no snapshot is whole, and the first journal file was used again since'
    const finding = { file: path, offset: 0, severity: 'damage' as const, what }
    problems.push({ ...finding, remedy: { kind: 'none' } })
    return null
  }

  /** What recovery takes from the snapshot; the rest it meets on the way. */
  #loadTable(start: Step): void {
    const { table, disk, path, format } = this.#ground
    for (const row of this.#head?.rows ?? []) {
      const isReplayed = row.generation === start.place.generation || row.endTicket > start.ticket
      if (!row.sealed || isReplayed) continue
      const header = { ...row, identity: format.identity }
      const file = new JournalFile(header, disk.join(path, slotName(row.slot)), row.dataEnd, null)
      const { level, live, firstTicket, endTicket, lastCommit, sealed, bodies, bodyBytes, runs } =
        row
      const known = { level, live, firstTicket, endTicket, lastCommit, sealed }
      table.add(Object.assign(file, { ...known, bodies, bodyBytes, runs }))
    }
  }

  /** Reads one file; answers the next one, or null at the end. */
  async #follow(step: Step): Promise<Step | null> {
    const found = await findPlace(this.#ground, step.place, {
      row: null,
      isContinued: async () => (await this.#continuation(step.place.generation, step)) !== null,
    })
    if (found === null) return null
    return reading(this.#ground, step.place.slot, (handle) => this.#read(step, found, handle))
  }

  async #read(step: Step, found: Found, handle: DiskFile): Promise<Step | null> {
    const { table, limits } = this.#ground
    const { header, path } = found
    const file = new JournalFile(header, path, this.#dataStart, emptyIndex())
    file.firstTicket = step.ticket
    file.endTicket = step.ticket
    file.firstCommit = step.commit
    table.add(file)
    const footer = await readFooter(handle, header)
    const start = this.#scanStart(file, handle, this.#dataStart, step)
    let rowPosition = 0
    const next = await this.#scanner.scan(start, (target, at, frame, position) => {
      if (rowPosition === 0 || position - rowPosition >= limits.rowStrideBytes) {
        rowPosition = position
        file.index!.rows.push(frame.ticket, position, 0)
      }
      file.lastCommit = frame.commit
      file.endTicket = frame.ticket + frame.count
      if (frame.kind === FRAME_SURVIVORS && frame.count > 0) this.#refuseGap(file, position)
      this.#cursor.enter(target.bytes, target.view, at, frame)
      while (this.#cursor.next()) this.#apply(file, this.#cursor)
    })
    file.dataEnd = next.end
    this.#links.push({ file, next })
    if (footer === null) return this.#end(file, handle, next)
    file.sealed = true
    return this.#seal(file, handle, next, footer.trailer)
  }

  /** As recovery does: what a repair left out is made up for by the snapshot that covers it, or by nothing. */
  #refuseGap(file: JournalFile, position: number): void {
    if (file.endTicket - 1 <= this.#ground.covered) return
    const what = 'a gap left by a repair, behind the snapshot'
    const finding = { file: file.path, offset: position, severity: 'damage' as const, what }
    this.#ground.problems.push({ ...finding, remedy: { kind: 'none' } })
  }

  #scanStart(
    file: JournalFile,
    handle: DiskFile,
    from: number,
    at: { readonly commit: number; readonly ticket: number },
  ): ScanStart {
    const { generation, fileBytes } = file
    const { commit, ticket } = at
    return { file: handle, generation, from, fileBytes, seed: this.#seed, commit, ticket }
  }

  #apply(file: JournalFile, entry: EntryCursor): void {
    if ((entry.flags & ENTRY_FLAG_BODY) !== 0) file.addBody(entry.bodySize)
    if (entry.kind !== ENTRY_KIND_JOURNAL || entry.ticket <= this.#ground.covered) return
    const own = decodeJournalEntry(bodyOf(entry).slice())
    if (own.kind === 'epoch' || !this.#isWhole) return
    const { table, disk, path, format } = this.#ground
    const directory = { path, identity: format.identity }
    // Who released what since the snapshot is the owner's to say: the table has the counts of that time.
    if (own.kind === 'retired') {
      for (const generation of own.generations) table.byGeneration(generation)!.live = 0
    }
    applyToTable(table, own, { directory, disk })
  }

  async #seal(file: JournalFile, handle: DiskFile, next: ScanEnd, trailer: Trailer): Promise<Step> {
    const known = this.#ground.files.get(trailer.nextSlot)
    const fileBytes = known?.header?.fileBytes ?? file.fileBytes
    const place = { slot: trailer.nextSlot, generation: trailer.nextGeneration, fileBytes }
    if (trailer.dataEnd === next.end) return { place, commit: next.commit, ticket: next.ticket }
    const after = { commit: trailer.lastCommit + 1, index: 0, ticket: trailer.endTicket }
    await this.#damage(file, handle, next, { end: trailer.dataEnd, after, footer: 'there' })
    file.endTicket = trailer.endTicket
    return { place, commit: after.commit, ticket: after.ticket }
  }

  /** A file without a footer is the last one, unless what follows it says otherwise. */
  async #end(file: JournalFile, handle: DiskFile, next: ScanEnd): Promise<Step | null> {
    const { covered, problems } = this.#ground
    const { path, slot, generation, fileBytes } = file
    const place = { slot, generation, fileBytes }
    const start = this.#scanStart(file, handle, next.end, next)
    const verdict = await this.#scanner.judge(start)
    const later = await this.#continuation(generation, next)
    if (later !== null) {
      const { order } = later
      if (order.commit === next.commit && order.ticket === next.ticket) {
        const what = `the footer is damaged; the journal goes on in ${slotName(later.place.slot)}`
        const remedy = { kind: 'footer', place, row: null, next: later.place } as const
        problems.push({ file: path, offset: fileBytes, severity: 'damage', what, remedy })
      } else {
        await this.#damage(file, handle, next, { end: fileBytes, after: order, footer: 'lost' })
      }
      return { place: later.place, commit: order.commit, ticket: order.ticket }
    }
    const at = { offset: next.end, commit: next.commit, ticket: next.ticket }
    if (verdict.kind === 'interior') {
      await this.#damage(file, handle, next, { end: fileBytes, after: null, footer: 'lost' })
    } else if (covered >= next.ticket) {
      const what = `the journal ends before ticket ${next.ticket}, its snapshot holds ${covered}`
      const remedy = { kind: 'pad', place, at, through: covered } as const
      problems.push({ file: path, offset: next.end, severity: 'damage', what, remedy })
    } else if (verdict.kind === 'torn') {
      const what = `${verdict.bytes} bytes of a commit that was never acknowledged; the next start cuts them`
      const remedy = { kind: 'torn', slot, at: next.end, bytes: verdict.bytes } as const
      problems.push({ file: path, offset: next.end, severity: 'torn tail', what, remedy })
    }
    return null
  }

  /** The file with the earliest commit from `next` on, in whatever order they were made ready. */
  async #continuation(
    generation: number,
    next: { readonly commit: number },
  ): Promise<Continuation | null> {
    let best: Continuation | null = null
    for (const lying of this.#ground.files.values()) {
      if (lying.header === null || lying.header.generation === generation) continue
      const order = await this.#firstOrder(lying)
      if (order === null || order.commit < next.commit) continue
      if (best !== null && best.order.commit <= order.commit) continue
      const { slot, size } = lying
      best = { place: { slot, generation: lying.header.generation, fileBytes: size }, order }
    }
    return best
  }

  async #firstOrder(lying: LyingFile): Promise<FrameOrder | null> {
    const { disk, limits } = this.#ground
    const file = await disk.open(lying.path, 'read')
    try {
      const { generation } = lying.header!
      const from = this.#dataStart
      const end = Math.min(lying.size, from + limits.recoveryBytes)
      const windowBytes = limits.recoveryBytes
      const range = { file, generation, from, end, seed: this.#seed, windowBytes }
      const found = await firstFrame(range)
      if (found === null || found.position !== from) return null
      if (found.header.kind === FRAME_SURVIVORS && found.header.commit === 0) return null
      return { commit: found.header.commit, index: found.header.index, ticket: found.header.ticket }
    } finally {
      await file.close()
    }
  }

  async #damage(
    file: JournalFile,
    handle: DiskFile,
    next: ScanEnd,
    behind: {
      readonly end: number
      readonly after: FrameOrder | null
      /** A lost one is written again once the gap is filled, and needs a place. */
      readonly footer: 'there' | 'lost'
    },
  ): Promise<void> {
    const { covered, limits, problems } = this.#ground
    const { path, slot, generation, fileBytes } = file
    const place = { slot, generation, fileBytes }
    const windowBytes = limits.recoveryBytes
    const range = { file: handle, generation, from: next.end, end: behind.end, windowBytes }
    const first = { commit: next.commit, index: 0, ticket: next.ticket }
    const gaps = await gapsIn({ ...range, seed: this.#seed }, first, behind.after)
    const at = { offset: next.end, commit: next.commit, ticket: next.ticket }
    const cut = { kind: 'cut', place, at } as const
    if (gaps.length === 0) {
      this.#isWhole = false
      const what = `interior damage: commit ${at.commit} does not begin where it has to`
      problems.push({ file: path, offset: at.offset, severity: 'damage', what, remedy: cut })
    }
    for (const gap of gaps) {
      const lostEnd = gap.next?.ticket ?? Number.POSITIVE_INFINITY
      const isCovered = lostEnd - 1 <= covered || lostEnd === gap.first.ticket
      if (!isCovered) this.#isWhole = false
      const isAtEnd = behind.footer === 'lost' && gap.to === behind.end
      const filled = isAtEnd ? leastRoom(gap) : gap
      const remedy = isCovered ? ({ kind: 'gap', place, gap: filled } as const) : cut
      const where = isCovered && lostEnd > gap.first.ticket ? ' (covered by the snapshot)' : ''
      const what = `interior damage: ${describeGap(gap)}${where}`
      problems.push({ file: path, offset: gap.from, severity: 'damage', what, remedy })
    }
  }
}

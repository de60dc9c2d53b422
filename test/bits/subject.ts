/**
 * A journal to flip bits in: its disk, what it has to hold, and what is left of it when its last commit is cut.
 */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/journal/format.ts'
import { FrameHeader, frameSize, readFrameHeader } from '../../src/journal/frame.ts'
import type { JournalLimits } from '../../src/journal/limits.ts'
import { stateOf } from '../crash/journal-ops.ts'
import { bodyOfSize, DIRECTORY, JournalWorld, tinyLimits } from '../journal/journal-world.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import type { Image } from '../sim/disk-outcomes.ts'
import { drained } from '../sim/turn.ts'

/** What a journal holds: the owner's state, and each body by its ticket. */
export type Content = { readonly state: string; readonly bodies: ReadonlyMap<number, Uint8Array> }

export type Subject = {
  readonly name: string
  readonly limits: Partial<JournalLimits>
  readonly image: Image
  readonly whole: Content
  /** Without the last commit, which nothing behind it proves to have been durable. */
  readonly cut: Content
  /** Journal files that commits were written to, and the snapshots. */
  readonly files: readonly string[]
  readonly snapshots: readonly string[]
  /** Where the commits of the last file end: behind the last frame. */
  readonly dataEnd: number
}

/** `marked`: closed in order. `unmarked`: killed after its last acknowledgement. */
export type SubjectEnd = 'marked' | 'unmarked'

/** One file for the log, so that what is read is the snapshot, in several blocks. */
function wideLimits(snapshotBytes: number): Partial<JournalLimits> {
  const fileBytes = 4 * snapshotBytes
  const snapshotBlockBytes = snapshotBytes / 4
  // A snapshot's file ends where it ends, or bits are flipped that nobody reads.
  const limits = { ...tinyLimits, snapshotBlockBytes, snapshotSlack: 0 }
  return { ...limits, fileBytesMin: fileBytes, fileBytesMax: fileBytes }
}

class SubjectWorld {
  readonly disk: CrashDisk
  readonly world: JournalWorld
  readonly #limits: Partial<JournalLimits>
  readonly #bodies = new Map<number, Uint8Array>()

  private constructor(disk: CrashDisk, world: JournalWorld, limits: Partial<JournalLimits>) {
    this.disk = disk
    this.world = world
    this.#limits = limits
  }

  static async open(limits: Partial<JournalLimits>): Promise<SubjectWorld> {
    const disk = new CrashDisk()
    return new SubjectWorld(disk, await JournalWorld.open(disk, { limits }), limits)
  }

  /** Names of the files that commits were written to. */
  async files(): Promise<readonly string[]> {
    const found: string[] = []
    for (const { name } of await this.disk.list(DIRECTORY)) {
      if (name.startsWith('journal-') && (await holdsFrames(this.disk, name))) found.push(name)
    }
    return found.sort()
  }

  /** One group of bodies in two frames, which nothing proves to be durable but the acknowledgement. */
  async lastCommit(): Promise<void> {
    const bodies = [bodyOfSize(250, 1), bodyOfSize(260, 2), bodyOfSize(120, 3)]
    const tickets = await this.world.put(1, bodies)
    for (const [index, ticket] of tickets.entries()) this.#bodies.set(ticket, bodies[index]!)
    await this.world.settled()
  }

  /** A commit of bodies, all but the first of which are released by the next one. */
  async round(round: number): Promise<void> {
    const { world } = this
    const sizes = [40 + (round % 5) * 30, 150, 20]
    const bodies = sizes.map((size) => bodyOfSize(size, round))
    const tickets = await world.put(round % 3, bodies)
    for (const [index, ticket] of tickets.entries()) this.#bodies.set(ticket, bodies[index]!)
    await world.settled()
    const dead = tickets.slice(1)
    for (const ticket of dead) this.#bodies.delete(ticket)
    await world.release(dead)
    await world.note(`round ${round}`)
    await world.settled()
  }

  async #endOfFrames(name: string): Promise<number> {
    const file = await this.disk.open(`${DIRECTORY}/${name}`, 'read')
    const bytes = new Uint8Array(await file.size())
    await file.read(bytes, 0)
    await file.close()
    const view = viewOf(bytes)
    const header = new FrameHeader()
    let at = DATA_START
    for (; view.getUint32(at + 8, true) !== 0; at += frameSize(header.size)) {
      readFrameHeader(view, at, header)
    }
    return at
  }

  content(): Content {
    return { state: stateOf(this.world.owner), bodies: new Map(this.#bodies) }
  }

  async subject(name: string, cut: Content, end: SubjectEnd): Promise<Subject> {
    const whole = this.content()
    await drained()
    if (end === 'marked') await this.world.journal.close()
    const image = this.disk.point().killed()
    const names = (await this.disk.list(DIRECTORY)).map((entry) => entry.name).sort()
    const files = await this.files()
    const snapshots = names.filter((each) => /^snapshot-\d/.test(each))
    const left = end === 'marked' ? whole : cut
    const dataEnd = await this.#endOfFrames(files.at(-1)!)
    return { name, limits: this.#limits, image, whole, cut: left, files, snapshots, dataEnd }
  }
}

const DATA_START = 2 * 512 // two headers of a sector each

/** Spares are zeros behind their headers, as nothing was used twice here. */
async function holdsFrames(disk: CrashDisk, name: string): Promise<boolean> {
  const file = await disk.open(`${DIRECTORY}/${name}`, 'read')
  const bytes = new Uint8Array(64)
  await file.read(bytes, DATA_START)
  await file.close()
  return bytes.some((byte) => byte !== 0)
}

/** A journal of exactly so many files, without a snapshot: all of it is replayed. */
export async function journalSubject(files: number, end: SubjectEnd): Promise<Subject> {
  const made = await SubjectWorld.open(tinyLimits)
  let round = 0
  while ((await made.files()).length < files) await made.round(round++)
  for (let more = 0; more < ROUNDS_IN_LAST_FILE; more++) await made.round(round++)
  const cut = made.content()
  await made.lastCommit()
  const subject = await made.subject(`a journal of ${files} files, ${end}`, cut, end)
  assert.equal(subject.files.length, files)
  return subject
}

const ROUNDS_IN_LAST_FILE = 1 // and the last commit: it is not so full that the next file is begun

/** A journal with two snapshots, the newest of at least so many bytes, and a log behind each. */
export async function snapshotSubject(snapshotBytes: number): Promise<Subject> {
  const made = await SubjectWorld.open(wideLimits(snapshotBytes))
  const { world } = made
  await made.round(0)
  await world.snapshot()
  for (let size = 0; size < snapshotBytes; size += NOTE_BYTES) {
    await world.note(`${size} `.repeat(NOTE_BYTES).slice(0, NOTE_BYTES))
    await world.settled()
  }
  await world.snapshot()
  await made.round(1)
  return made.subject(`a snapshot of ${snapshotBytes} bytes`, made.content(), 'marked')
}

const NOTE_BYTES = 1_200 // below the largest entry

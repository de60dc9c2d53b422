/** A journal with every kind of file on a simulated disk; words for damaging, repairing and reading it. */
import assert from 'node:assert/strict'
import { checkedLimits } from '../../src/journal/limits.ts'
import type { SurveyContext } from '../../src/journal/tools/ground.ts'
import { type InspectedEntry, inspectJournal } from '../../src/journal/tools/inspect.ts'
import type { Finding } from '../../src/journal/tools/problem.ts'
import { type RepairReport, repairJournal } from '../../src/journal/tools/repair.ts'
import { type Survey, surveyJournal } from '../../src/journal/tools/survey.ts'
import { verifyJournal } from '../../src/journal/tools/verify.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { bodyOfSize, DIRECTORY, JournalWorld, tinyLimits } from './journal-world.ts'

/** What the journal has to hold: bodies by ticket, and notes in their order. */
export type Expected = { readonly bodies: Map<number, Uint8Array>; readonly notes: string[] }

/** Survivors in files of their own, two snapshots, a log of several files behind the newest, a clean end. */
export async function makeJournal(disk: CrashDisk): Promise<Expected> {
  const world = await JournalWorld.open(disk)
  const bodies = new Map<number, Uint8Array>()
  const notes: string[] = []
  const put = async (log: number, size: number, mark: number): Promise<number> => {
    const body = bodyOfSize(size, mark)
    const [ticket] = await world.put(log, [body])
    bodies.set(ticket!, body)
    return ticket!
  }
  const drop = async (tickets: number[]): Promise<void> => {
    await world.release(tickets)
    for (const ticket of tickets) bodies.delete(ticket)
  }
  const note = async (text: string): Promise<void> => {
    notes.push(text)
    await world.note(text)
  }
  for (let round = 0; round < 60; round++) {
    const tickets = [await put(round % 3, 200, round), await put(round % 3, 300, round + 1)]
    await drop(round % 8 === 0 ? tickets.slice(1) : tickets)
    await world.settled()
  }
  const doomed: number[] = []
  for (let round = 0; round < 30; round++) doomed.push(await put(5, 250, round))
  await world.settled()
  await world.snapshot()
  await note('between the snapshots')
  await world.settled()
  await world.snapshot()
  await world.journal.tidy()
  for (let round = 0; round < 30; round++) {
    await put(round % 2, 250, 100 + round)
    await note(`note ${round}`)
    await world.settled()
    if (round === 12) await world.snapshot()
    if (round !== 20) continue
    // Whole files die behind the newest snapshot: the log says that they are used again.
    for (let at = 0; at < doomed.length; at += 10) await drop(doomed.slice(at, at + 10))
    await world.settled()
    await world.journal.tidy()
    await world.settled()
  }
  await world.journal.close()
  return { bodies, notes }
}

function context(disk: CrashDisk): SurveyContext {
  const limits = checkedLimits(tinyLimits)
  return { disk, path: DIRECTORY, limits, progress: () => undefined }
}

export function survey(disk: CrashDisk): Promise<Survey> {
  return surveyJournal(context(disk))
}

export async function entriesOf(disk: CrashDisk): Promise<readonly InspectedEntry[]> {
  const entries: InspectedEntry[] = []
  const options = { ...context(disk), from: 1, limit: Number.MAX_SAFE_INTEGER, bodyBytes: 16 }
  await inspectJournal(options, (entry) => entries.push(entry))
  return entries
}

export function verify(disk: CrashDisk): Promise<readonly Finding[]> {
  return verifyJournal(context(disk))
}

/** Repairs, and answers what was told besides the report. */
export async function repair(
  disk: CrashDisk,
  loss: 'refuse' | 'accept' = 'refuse',
  backup = 'backup',
): Promise<RepairReport & { readonly told: string[] }> {
  const told: string[] = []
  const report = await repairJournal({
    ...context(disk),
    backup,
    loss,
    told: (sentence) => told.push(sentence),
  })
  return { ...report, told }
}

/** Writes over bytes of a file, synced. */
export async function overwrite(
  disk: CrashDisk,
  name: string,
  at: number,
  bytes: Uint8Array,
): Promise<void> {
  const file = await disk.open(`${DIRECTORY}/${name}`, 'write')
  await file.write(bytes, at)
  await file.sync()
  await file.close()
}

/** Changes a byte. */
export async function flip(disk: CrashDisk, name: string, at: number): Promise<void> {
  const byte = (await contentOf(disk, name))[at]
  assert(byte !== undefined, `${name} has no byte ${at}`)
  await overwrite(disk, name, at, new Uint8Array([byte ^ 0x10]))
}

export async function contentOf(
  disk: CrashDisk,
  name: string,
  directory: string = DIRECTORY,
): Promise<Uint8Array> {
  const file = await disk.open(`${directory}/${name}`, 'read')
  const bytes = new Uint8Array(await file.size())
  await file.read(bytes, 0)
  await file.close()
  return bytes
}

/** What was found in a journal that opened. */
export type Left = {
  readonly notes: readonly string[]
  /** Tickets that the owner holds and whose bodies are as they were. */
  readonly readable: readonly number[]
  /** Tickets that the owner holds and whose bodies cannot be read. */
  readonly unreadable: readonly number[]
}

/** Opens the journal, reads all of it, appends to it, closes it. A body that is not what was put fails. */
export async function openAndRead(disk: CrashDisk, expected: Expected): Promise<Left> {
  const world = await JournalWorld.open(disk)
  const readable: number[] = []
  const unreadable: number[] = []
  for (const ticket of world.owner.held.keys()) {
    try {
      const body = await world.journal.store.read(ticket)
      const original = expected.bodies.get(ticket)
      // A cut takes back releases, too: what was gone by the end may be here again.
      if (original !== undefined) assert.deepEqual(body, original, `body of ticket ${ticket}`)
      readable.push(ticket)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'JOURNAL_DAMAGED', String(error))
      unreadable.push(ticket)
    }
  }
  assert.equal(world.journal.store.references, world.owner.references)
  const notes = [...world.owner.notes]
  await world.note('still works')
  await world.settled()
  await world.journal.close()
  return { notes, readable, unreadable }
}

/**
 * Flips single bits of a journal, opens it each time, and judges: a flip is detected, or changes nothing, or cuts a
 * last commit that nothing proves to have been durable, and says so.
 */
import assert from 'node:assert/strict'
import { equalBytes } from '../../src/base/bytes.ts'
import { JournalError } from '../../src/journal/errors.ts'
import { stateOf } from '../crash/journal-ops.ts'
import { DIRECTORY, JournalWorld } from '../journal/journal-world.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import type { Content, Subject } from './subject.ts'

/** What became of the flips, in a form that passes between processes. */
export type FlipCounts = {
  /** The journal refused to open, or to read the body. */
  refused: number
  /** It opened without the last commit, and said what it cut. */
  cut: number
  /** It opened whole, and said which snapshot it passed over. */
  passedOver: number
  /** Nothing anybody asks for was in that bit. */
  harmless: number
}

export function noFlips(): FlipCounts {
  return { refused: 0, cut: 0, passedOver: 0, harmless: 0 }
}

export function flipsIn(counts: FlipCounts): number {
  return counts.refused + counts.cut + counts.passedOver + counts.harmless
}

/** For people: one line. */
export function describeFlips(counts: FlipCounts): string {
  const { refused, cut, passedOver, harmless } = counts
  return (
    `${flipsIn(counts)} bits flipped: ${refused} refused, ${cut} cut the last commit, ` +
    `${passedOver} passed over a snapshot, ${harmless} harmless`
  )
}

/** One bit of one file. */
export type Bit = { readonly file: string; readonly at: number; readonly bit: number }

/** Every bit of these files of the subject. */
export async function bitsOf(subject: Subject, files: readonly string[]): Promise<Iterable<Bit>> {
  const disk = new CrashDisk({ image: subject.image })
  const sizes: (readonly [string, number])[] = []
  for (const file of files) {
    const handle = await disk.open(`${DIRECTORY}/${file}`, 'read')
    sizes.push([file, await handle.size()])
    await handle.close()
  }
  return everyBit(sizes)
}

function* everyBit(sizes: readonly (readonly [string, number])[]): Generator<Bit> {
  for (const [file, size] of sizes) {
    for (let at = 0; at < size; at++) for (let bit = 0; bit < 8; bit++) yield { file, at, bit }
  }
}

/** Counts what comes of one flip; throws when it is none of what may. */
export async function flipOne(subject: Subject, flip: Bit, counts: FlipCounts): Promise<void> {
  try {
    counts[await outcomeOf(subject, flip)]++
  } catch (error) {
    const { file, at, bit } = flip
    const message = error instanceof Error ? error.message : String(error)
    const place = `${subject.name}: bit ${bit} of byte ${at} of ${file}`
    throw new Error(`${place}: ${message}`, { cause: error })
  }
}

async function outcomeOf(subject: Subject, { file, at, bit }: Bit): Promise<keyof FlipCounts> {
  const disk = new CrashDisk({ image: subject.image, history: 'none' })
  const handle = await disk.open(`${DIRECTORY}/${file}`, 'write')
  const byte = new Uint8Array(1)
  await handle.read(byte, at)
  byte[0] = byte[0]! ^ (1 << bit)
  await handle.write(byte, at)
  await handle.close()
  let world: JournalWorld
  try {
    world = await JournalWorld.open(disk, { limits: subject.limits })
  } catch (error) {
    return refusal(error)
  }
  const { cut, damagedSnapshots } = world.journal.report
  const expected = cut === null ? subject.whole : subject.cut
  assert.equal(stateOf(world.owner), expected.state, 'what was kept is another state')
  assert.equal(world.journal.store.references, world.owner.references)
  if (cut !== null) {
    // How many bytes of it are told may be fewer: a frame whose own header is damaged is not known for one.
    const isInside = cut.file === `${DIRECTORY}/${file}` && at >= cut.offset
    assert(isInside && at < subject.dataEnd, 'the cut lies elsewhere')
  }
  const bodies = await readBodies(world, expected)
  if (bodies === 'refused') return 'refused'
  if (cut !== null) return 'cut'
  return damagedSnapshots.length > 0 ? 'passedOver' : 'harmless'
}

function refusal(error: unknown): 'refused' {
  const isRefusal = error instanceof JournalError
  if (isRefusal && ['JOURNAL_DAMAGED', 'JOURNAL_VERSION'].includes(error.code)) return 'refused'
  throw error
}

/** Each body is what was put, or the journal says that it is damaged. */
async function readBodies(world: JournalWorld, expected: Content): Promise<'read' | 'refused'> {
  let outcome: 'read' | 'refused' = 'read'
  for (const ticket of world.owner.held.keys()) {
    try {
      const body = expected.bodies.get(ticket)
      const found = await world.journal.store.read(ticket)
      assert(body !== undefined && equalBytes(found, body), `ticket ${ticket} is another body`)
    } catch (error) {
      outcome = refusal(error)
    }
  }
  return outcome
}

/**
 * A journal is opened where there is no space or no file handle: it works, or is refused with a sentence, and the next
 * start, on a disk that is well again, finds all there was, even if the power goes in between.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JournalError } from '../../src/journal/errors.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import type { Fault } from '../sim/disk-faults.ts'
import type { Image } from '../sim/disk-outcomes.ts'
import { drained } from '../sim/turn.ts'
import { makeJournal } from './damaged-journal.ts'
import { bodyOfSize, JournalWorld, Refused } from './journal-world.ts'

const PLENTY_BYTES = 2 ** 40
const BLOCK_BYTES = 4_096

type Found = { readonly notes: readonly string[]; readonly bodies: readonly Uint8Array[] }

/** How a journal was left, and what is in it. */
type Left = { readonly how: string; readonly image: Image; readonly found: Found }

async function foundOn(disk: CrashDisk): Promise<Found> {
  const world = await JournalWorld.open(disk)
  const found = await contentOf(world)
  await world.journal.close()
  return found
}

async function contentOf({ owner, journal }: JournalWorld): Promise<Found> {
  const bodies: Uint8Array[] = []
  for (const ticket of owner.held.keys()) bodies.push(await journal.store.read(ticket))
  return { notes: [...owner.notes], bodies }
}

async function left(how: string, disk: CrashDisk): Promise<Left> {
  const image = disk.point().killed()
  return { how, image, found: await foundOn(new CrashDisk({ image })) }
}

/** Journals that lived: stopped in good order, killed with an end that nothing proves, and cut from power. */
async function lefts(): Promise<readonly Left[]> {
  const stopped = new CrashDisk()
  await makeJournal(stopped)
  const killed = new CrashDisk({ image: stopped.point().killed() })
  const world = await JournalWorld.open(killed)
  for (let round = 0; round < 9; round++) await world.put(round % 2, [bodyOfSize(700, round)])
  await world.note('the last')
  await world.settled()
  const cut = [...killed.images()].at(-1)!
  const fresh = new CrashDisk()
  await (await JournalWorld.open(fresh)).note('not settled')
  await drained()
  return [
    await left('stopped', stopped),
    await left('killed', killed),
    await left('cut from power', new CrashDisk({ image: cut })),
    await left('new', fresh),
  ]
}

const all = await lefts()

/** What happened, where, and what to do. */
const sentences = {
  JOURNAL_FULL: /^the disk of data is full.*make room there, then start again$/,
  JOURNAL_HANDLES:
    /^too many files are open to open data \(.+\)\. .*ulimit -n.*, then start again$/,
  JOURNAL_DENIED: /^this user may not read and write all of data \(.+\)\. .*the right to/,
  JOURNAL_DISK: /^the disk did not let data be opened \(.+\)\. .*look at the path and the disk/,
} as const

const isNamed = (code: string): code is keyof typeof sentences => code in sentences

/** Opens it where something is scarce: what is there is all there is, or it says why not. Answers whether it opened. */
async function openScarce(disk: CrashDisk, { how, found }: Left): Promise<boolean> {
  let world: JournalWorld
  try {
    world = await JournalWorld.open(disk)
  } catch (error) {
    await drained()
    assert.deepEqual(disk.openPaths, [], 'files left open')
    assert(error instanceof JournalError, `${how}: ${String(error)}`)
    assert(isNamed(error.code), error.code)
    assert.match(error.message, sentences[error.code])
    return false
  }
  assert.deepEqual(world.owner.notes, found.notes)
  try {
    await world.note('written where it is scarce')
    await world.settled()
  } catch (error) {
    assert(error instanceof Refused || error instanceof JournalError, String(error))
    world.owner.notes.splice(found.notes.length)
  }
  await world.journal.close()
  return true
}

/** Every start on a disk that is well again finds the same, and goes on. */
async function assertSound(
  disk: CrashDisk,
  { how, found }: Left,
  cuts: 'all' | 'none',
): Promise<void> {
  const starts = [disk.point().killed(), ...(cuts === 'all' ? disk.images() : [])]
  for (const image of starts) {
    const again = new CrashDisk({ image })
    const world = await JournalWorld.open(again)
    const { notes, bodies } = await contentOf(world)
    assert.deepEqual(notes.slice(0, found.notes.length), found.notes, how)
    assert.deepEqual(bodies, found.bodies, how)
    await world.note('well again')
    await world.settled()
    await world.journal.close()
  }
}

test('an open that finds no file handle says what happened, where, and what to do', async () => {
  for (const { image } of all) {
    const disk = new CrashDisk({ image })
    disk.faults.plan({ call: 1, code: 'handles', lasts: 'until-healed', writtenBytes: 0 })
    await assert.rejects(JournalWorld.open(disk), {
      code: 'JOURNAL_HANDLES',
      message: sentences.JOURNAL_HANDLES,
    })
  }
})

test('a journal on a full disk opens by the space it holds, and loses nothing', async () => {
  for (const each of all) {
    const { image } = each
    const used = new CrashDisk({ image }).usedBytes
    for (const freeBlocks of [0, 1, 3]) {
      const disk = new CrashDisk({ image, capacityBytes: used + freeBlocks * BLOCK_BYTES })
      assert(await openScarce(disk, each), `${each.how}: refused with ${freeBlocks} blocks free`)
      disk.capacityBytes = PLENTY_BYTES
      await assertSound(disk, each, 'all')
    }
  }
})

test('a new directory needs some space, and where there is none it is made once there is', async () => {
  const nothing: Left = { how: 'new', image: all[0]!.image, found: { notes: [], bodies: [] } }
  const opened: boolean[] = []
  for (let freeBlocks = 0; freeBlocks < 8; freeBlocks++) {
    const disk = new CrashDisk({ capacityBytes: freeBlocks * BLOCK_BYTES })
    opened.push(await openScarce(disk, nothing))
    disk.capacityBytes = PLENTY_BYTES
    await assertSound(disk, nothing, 'all')
  }
  assert.equal(opened[0], false)
  assert.equal(opened.at(-1), true)
})

const CUT_EVERY = 31 // calls: after each of these faults the power may go, too

/** Opens it with the fault at each call that opening makes, where the end has to be made durable before. */
async function failEachCall(fault: Pick<Fault, 'code' | 'lasts'>): Promise<void> {
  for (const each of all.filter(({ how }) => how === 'killed')) {
    const counted = new CrashDisk({ image: each.image })
    await foundOn(counted)
    for (let call = 1; call <= counted.callCount; call++) {
      const disk = new CrashDisk({ image: each.image })
      disk.faults.plan({ ...fault, call, writtenBytes: 0 })
      await openScarce(disk, each)
      if (disk.faults.met === 0) continue
      disk.faults.heal()
      await assertSound(disk, each, call % CUT_EVERY === 0 ? 'all' : 'none')
    }
  }
}

for (const lasts of ['once', 'until-healed'] as const) {
  for (const code of ['full', 'handles', 'denied', 'io'] as const) {
    test(`an open that meets ${code} at any call, ${lasts}, leaves what the next one finds`, () =>
      failEachCall({ code, lasts }))
  }
}

/** Damage of any kind, anywhere: it is harmless, or refused and repaired, or said to be hopeless. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  contentOf,
  type Expected,
  type Left,
  makeJournal,
  openAndRead,
  overwrite,
  repair,
  verify,
} from '../../../test/journal/damaged-journal.ts'
import { CrashDisk } from '../../../test/sim/crash-disk.ts'
import type { Image } from '../../../test/sim/disk-outcomes.ts'
import { JournalError } from '../errors.ts'
import type { Finding } from './problem.ts'

/** Shares are of the files and of the bytes in the file, so that a damage means something for any journal. */
type Damage = {
  readonly kind: 'remove' | 'truncate' | 'flip' | 'zero' | 'garbage'
  readonly fileShare: number
  readonly byteShare: number
  readonly sizeBytes: number
}

// Not a double: those are drawn by their bits, so that nearly all of them are next to nothing.
const share = fc.nat(9_999).map((part) => part / 10_000)
const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('remove', 'truncate', 'flip', 'flip', 'zero', 'garbage'),
  fileShare: share,
  byteShare: share,
  sizeBytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 4096 })),
})

/** Bytes of a file that are others now, or gone. */
type Hit = {
  readonly file: string
  readonly at: number
  readonly end: number
  readonly isGone: boolean
}

async function apply(disk: CrashDisk, names: readonly string[], one: Damage): Promise<Hit[]> {
  const name = names[Math.floor(one.fileShare * names.length)]!
  const present = (await disk.list('data')).some((entry) => entry.name === name)
  if (!present) return []
  const bytes = await contentOf(disk, name)
  const at = Math.floor(one.byteShare * bytes.length)
  const file = `data/${name}`
  if (one.kind === 'remove') {
    await disk.remove(file)
    await disk.syncDirectory('data')
    return [{ file, at: 0, end: bytes.length, isGone: true }]
  }
  if (one.kind === 'truncate') {
    const opened = await disk.open(file, 'write')
    await opened.truncate(at)
    await opened.sync()
    await opened.close()
    return [{ file, at, end: bytes.length, isGone: true }]
  }
  const end = one.kind === 'flip' ? at + 1 : at + one.sizeBytes
  const changed = bytes.slice(at, end)
  for (const [index, byte] of changed.entries()) {
    if (one.kind === 'flip') changed[index] = byte ^ (1 << (one.sizeBytes % 8))
    else changed[index] = one.kind === 'zero' ? 0 : (index * 197 + one.sizeBytes) & 0xff
  }
  if (changed.length > 0) await overwrite(disk, name, at, changed)
  return [{ file, at, end: at + changed.length, isGone: false }]
}

const WHOLE_LAST_FILE: Damage = {
  kind: 'garbage',
  fileShare: 0.3125,
  byteShare: 0.1387,
  sizeBytes: 2_297,
}

const LAST_FILE_AND_ITS_TRACES: Damage[] = [
  { kind: 'zero', fileShare: 0.2353, byteShare: 0.5767, sizeBytes: 1_507 },
  { kind: 'remove', fileShare: 0.2942, byteShare: 0, sizeBytes: 1 },
]

const COMMIT_BYTES_MAX = 600 // of the journal that is damaged here

/**
 * Where every commit from some point on was hit, nothing is left that could tell them from a torn tail: that they are
 * cut is said. None may be lost so that was not hit itself.
 */
function assertAllHit({ file, offset, what }: Finding, hits: readonly Hit[]): void {
  const bytes = Number(/^\d+/.exec(what)?.[0])
  const hitEnd = Math.max(...hits.filter((hit) => hit.file === file).map(({ end }) => end))
  assert(offset + bytes < hitEnd + COMMIT_BYTES_MAX, `${what}, and the damage ends at ${hitEnd}`)
}

/**
 * The same where not even a torn tail is left to see: each note that is missing was hit. A file that is gone is missed
 * by the one before it, so that it counts only where another was hit as well.
 */
async function assertEachHit(
  image: Image,
  lost: readonly string[],
  hits: readonly Hit[],
): Promise<void> {
  const disk = new CrashDisk({ image })
  const contents: { readonly hit: Hit; readonly bytes: Buffer }[] = []
  for (const hit of hits.some(({ isGone }) => !isGone) ? hits : []) {
    contents.push({
      hit,
      bytes: Buffer.from(await contentOf(disk, hit.file.slice('data/'.length))),
    })
  }
  for (const note of lost) {
    const isHit = contents.some(({ hit, bytes }) => {
      const at = bytes.indexOf(note)
      return at >= 0 && at + note.length > hit.at && at < hit.end
    })
    assert(isHit, `'${note}' is gone, nothing says so, and it was not hit`)
  }
}

/** What it holds if it opens; any failure but a refusal is one of the test. */
async function opened(disk: CrashDisk, expected: Expected): Promise<Left | null> {
  try {
    return await openAndRead(disk, expected)
  } catch (error) {
    assert(error instanceof JournalError && error.code === 'JOURNAL_DAMAGED', String(error))
    return null
  }
}

/** A journal with every kind of file, and the names of all that damage may hit. */
async function makeSubject(): Promise<{
  readonly image: Image
  readonly expected: Expected
  readonly names: readonly string[]
}> {
  const disk = new CrashDisk()
  const expected = await makeJournal(disk)
  const image = disk.point().killed()
  const names = (await disk.list('data'))
    .map(({ name }) => name)
    .filter((name) => name !== 'lock')
    .toSorted((left, right) => (left < right ? -1 : 1))
  return { image, expected, names }
}

test('a file that has lost its end, from any sector on, is repaired with all that was before it', async () => {
  const { image, expected, names } = await makeSubject()
  for (const name of names.filter((each) => each.startsWith('journal-'))) {
    for (let from = 0; from < 4096; from += 512) {
      const disk = new CrashDisk({ image })
      await overwrite(disk, name, from, new Uint8Array(4096 - from))
      assert.deepEqual((await repair(disk, 'accept')).left, [], `${name} from byte ${from} on`)
      assert.deepEqual(await verify(disk), [])
      const { notes } = await openAndRead(disk, expected)
      assert.deepEqual(notes, expected.notes.slice(0, notes.length))
    }
  }
})

test('a file that was made shorter or longer is refused if it is used, and never read for ever', async () => {
  const { image, expected, names } = await makeSubject()
  for (const name of names.filter((each) => each.startsWith('journal-'))) {
    for (const size of [0, 835, 1024, 3680, 4095, 5000]) {
      const disk = new CrashDisk({ image })
      const file = await disk.open(`data/${name}`, 'write')
      await file.truncate(size)
      await file.sync()
      await file.close()
      const found = await opened(new CrashDisk({ image: disk.point().killed() }), expected)
      if (found !== null) assert.deepEqual(found.notes, expected.notes, `${name} of ${size} bytes`)
      assert.deepEqual((await repair(disk, 'accept')).left, [])
      assert.deepEqual(await verify(disk), [])
    }
  }
})

test('any damage is harmless, or repaired with all that was before it, or hopeless', async () => {
  const { image, expected, names } = await makeSubject()
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
      const disk = new CrashDisk({ image })
      const hits: Hit[] = []
      for (const one of damages) hits.push(...(await apply(disk, names, one)))
      const damaged = disk.point().killed()
      const found = await opened(new CrashDisk({ image: damaged }), expected)
      const findings = await verify(disk)
      assert.equal(disk.identity(), damaged.identity, 'a verification changes nothing')
      if (found === null) assert(findings.some(({ severity }) => severity === 'damage'))
      else if (!findings.some(({ severity }) => severity === 'damage')) {
        const torn = findings.find(({ severity }) => severity === 'torn tail')
        if (torn === undefined) {
          const lost = expected.notes.slice(found.notes.length)
          await assertEachHit(image, lost, hits)
          if (lost.length === 0) assert.deepEqual(found.readable, [...expected.bodies.keys()])
        } else assertAllHit(torn, hits)
        assert.deepEqual(found.notes, expected.notes.slice(0, found.notes.length))
      }
      const { left } = await repair(disk, 'accept')
      if (left.length > 0) {
        assert(left.some(({ what }) => /no snapshot is whole|no journal file|no header/.test(what)))
        return
      }
      assert.deepEqual(await verify(disk), [])
      const { notes } = await openAndRead(disk, expected)
      assert.deepEqual(notes, expected.notes.slice(0, notes.length))
    }),
    // Found by chance: the whole content of the last file is garbage, and looks like a torn first commit, or like what
    // the file had before it was used again; the last file is gone, and the words of it in the one before it, too.
    {
      numRuns: 80,
      examples: [
        [[WHOLE_LAST_FILE]],
        [[{ ...WHOLE_LAST_FILE, sizeBytes: 2_305 }]],
        [LAST_FILE_AND_ITS_TRACES],
      ],
    },
  )
})

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
import { JournalError } from '../errors.ts'

/** Shares are of the files and of the bytes in the file, so that a damage means something for any journal. */
type Damage = {
  readonly kind: 'remove' | 'truncate' | 'flip' | 'zero' | 'garbage'
  readonly fileShare: number
  readonly byteShare: number
  readonly sizeBytes: number
}

const share = fc.double({ min: 0, max: 0.999_999, noNaN: true })
const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('remove', 'truncate', 'flip', 'flip', 'zero', 'garbage'),
  fileShare: share,
  byteShare: share,
  sizeBytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 4096 })),
})

async function apply(disk: CrashDisk, names: readonly string[], one: Damage): Promise<void> {
  const name = names[Math.floor(one.fileShare * names.length)]!
  const present = (await disk.list('data')).some((entry) => entry.name === name)
  if (!present) return
  const bytes = await contentOf(disk, name)
  const at = Math.floor(one.byteShare * bytes.length)
  if (one.kind === 'remove') {
    await disk.remove(`data/${name}`)
    await disk.syncDirectory('data')
  } else if (one.kind === 'truncate') {
    const file = await disk.open(`data/${name}`, 'write')
    await file.truncate(at)
    await file.sync()
    await file.close()
  } else {
    const end = one.kind === 'flip' ? at + 1 : at + one.sizeBytes
    const changed = bytes.slice(at, end)
    for (const [index, byte] of changed.entries()) {
      if (one.kind === 'flip') changed[index] = byte ^ (1 << (one.sizeBytes % 8))
      else changed[index] = one.kind === 'zero' ? 0 : (index * 197 + one.sizeBytes) & 0xff
    }
    if (changed.length > 0) await overwrite(disk, name, at, changed)
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

test('any damage is harmless, or repaired with all that was before it, or hopeless', async () => {
  const original = new CrashDisk()
  const expected = await makeJournal(original)
  const image = original.point().killed()
  const names = (await original.list('data'))
    .map(({ name }) => name)
    .filter((name) => name !== 'lock')
    .toSorted((left, right) => (left < right ? -1 : 1))
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
      const disk = new CrashDisk({ image })
      for (const one of damages) await apply(disk, names, one)
      const damaged = disk.point().killed()
      const found = await opened(new CrashDisk({ image: damaged }), expected)
      const findings = await verify(disk)
      assert.equal(disk.identity(), damaged.identity, 'a verification changes nothing')
      if (found === null) assert(findings.some(({ severity }) => severity === 'damage'))
      else if (!findings.some(({ severity }) => severity === 'damage')) {
        assert.deepEqual(found.notes, expected.notes, 'what opens without damage holds everything')
        assert.deepEqual(found.readable, [...expected.bodies.keys()])
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
    { numRuns: 80 },
  )
})

/** Each kind of damage: the journal refuses to open, is repaired, opens, and holds all that could be saved. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  contentOf,
  type Expected,
  entriesOf,
  flip,
  type Left,
  makeJournal,
  openAndRead,
  overwrite,
  repair,
  survey,
  verify,
} from '../../../test/journal/damaged-journal.ts'
import { CrashDisk } from '../../../test/sim/crash-disk.ts'
import type { Image } from '../../../test/sim/disk-outcomes.ts'
import type { JournalFile } from '../journal-file.ts'
import { slotName } from '../spare-files.ts'

/** Made once; every test damages a copy. */
const original: Promise<{ image: Image; expected: Expected }> = (async () => {
  const disk = new CrashDisk()
  const expected = await makeJournal(disk)
  return { image: disk.point().killed(), expected }
})()

/** The files of the journal by what they are. */
type Files = {
  /** Replayed from the newest snapshot on, in order; the snapshot's ticket is inside the first. */
  readonly chain: readonly JournalFile[]
  readonly survivors: JournalFile
  /** Covered whole by the newest snapshot. */
  readonly sealed: readonly JournalFile[]
}

async function damaged(
  damage: (disk: CrashDisk, files: Files) => Promise<void>,
): Promise<{ disk: CrashDisk; expected: Expected }> {
  const { image, expected } = await original
  const disk = new CrashDisk({ image })
  const { chain, table } = await survey(disk)
  const survivors = table.files.find(({ level }) => level > 0)
  assert(survivors !== undefined && chain.length > 2)
  const replayed = new Set(chain.map(({ file }) => file))
  const sealed = table.files.filter((file) => file.level === 0 && !replayed.has(file))
  assert(sealed.length > 1)
  await damage(disk, { chain: chain.map(({ file }) => file), survivors, sealed })
  return { disk, expected }
}

async function assertRefused(disk: CrashDisk, expected: Expected): Promise<void> {
  const before = disk.identity()
  const copy = new CrashDisk({ image: disk.point().killed() })
  await assert.rejects(openAndRead(copy, expected), { code: 'JOURNAL_DAMAGED' })
  const findings = await verify(disk)
  assert(findings.some(({ severity }) => severity === 'damage'))
  assert.equal(disk.identity(), before, 'a verification changes nothing')
}

async function assertRepaired(
  disk: CrashDisk,
  expected: Expected,
  loss: 'refuse' | 'accept' = 'refuse',
): Promise<Left & { readonly told: readonly string[] }> {
  const before = new CrashDisk({ image: disk.point().killed() })
  const { copied, left, told } = await repair(disk, loss)
  assert.deepEqual(left, [])
  assert.notEqual(copied.length, 0)
  for (const name of copied) {
    assert.deepEqual(await contentOf(disk, name, 'backup'), await contentOf(before, name), name)
  }
  assert.deepEqual(await verify(disk), [])
  const again = await repair(disk, loss, 'backup-2')
  assert.deepEqual([again.copied, again.left], [[], []], 'a second repair finds nothing to do')
  return { ...(await openAndRead(disk, expected)), told }
}

function assertWhole(left: Left, expected: Expected): void {
  assert.deepEqual(left.notes, expected.notes)
  assert.deepEqual(left.readable, [...expected.bodies.keys()])
  assert.deepEqual(left.unreadable, [])
}

test('a journal that was closed is clean, and a repair of it changes nothing', async () => {
  const { disk, expected } = await damaged(() => Promise.resolve())
  const before = disk.identity()
  assert.deepEqual(await verify(disk), [])
  const { copied, left, told } = await repair(disk)
  assert.deepEqual([copied, left, told], [[], [], []])
  assert.equal(disk.identity(), before)
  assertWhole(await openAndRead(disk, expected), expected)
})

test('a damaged format file is written again from the headers', async () => {
  const { disk, expected } = await damaged((disk) => flip(disk, 'format', 20))
  await assertRefused(disk, expected)
  assertWhole(await assertRepaired(disk, expected), expected)
})

test('a missing format file is written again from the headers', async () => {
  const { disk, expected } = await damaged(async (disk) => {
    await disk.remove('data/format')
    await disk.syncDirectory('data')
  })
  await assertRefused(disk, expected)
  const { left } = await repair(disk)
  assert.deepEqual(left, [])
  assertWhole(await openAndRead(disk, expected), expected)
})

test('a lost header is written again, wherever the file stands in the journal', async () => {
  for (const choose of [
    ({ chain }: Files) => chain[0],
    ({ chain }: Files) => chain.at(-1),
    ({ survivors }: Files) => survivors,
    ({ sealed }: Files) => sealed[0],
  ]) {
    const { disk, expected } = await damaged(async (disk, files) => {
      const name = slotName(choose(files)!.slot)
      await flip(disk, name, 20)
      await flip(disk, name, 512 + 20)
    })
    await assertRefused(disk, expected)
    assertWhole(await assertRepaired(disk, expected), expected)
  }
})

test('a damaged footer is written again from its frames, wherever the file stands', async () => {
  for (const choose of [
    ({ chain }: Files) => chain[0],
    ({ survivors }: Files) => survivors,
    ({ sealed }: Files) => sealed[0],
  ]) {
    const { disk, expected } = await damaged((disk, files) =>
      flip(disk, slotName(choose(files)!.slot), 4096 - 30),
    )
    await assertRefused(disk, expected)
    const { image } = await original
    const before = new CrashDisk({ image })
    const left = await assertRepaired(disk, expected)
    assertWhole(left, expected)
    const name = left.told[0]!.slice(0, left.told[0]!.indexOf(':'))
    // The very bytes that its writer wrote.
    assert.deepEqual(await contentOf(disk, name), await contentOf(before, name))
  }
})

test('a damaged commit behind the snapshot is cut out with all behind it, and what is lost is said', async () => {
  const { disk, expected } = await damaged((disk, { chain }) =>
    flip(disk, slotName(chain[1]!.slot), 1024 + 60),
  )
  await assertRefused(disk, expected)
  const first = (await survey(disk)).chain[1]!.file.firstTicket
  const { told, notes, readable, unreadable } = await assertRepaired(disk, expected)
  assert.match(told[0]!, new RegExp(`cut at byte 1024, .* lost: tickets ${first} to \\d+,`))
  assert.deepEqual(unreadable, [])
  assert.deepEqual(notes, expected.notes.slice(0, notes.length))
  // What was released behind the cut is there again; it is held besides.
  assert.deepEqual(
    readable.filter((ticket) => expected.bodies.has(ticket)),
    [...expected.bodies.keys()].filter((ticket) => ticket < first),
  )
})

test('a damaged commit that the snapshot covers costs its bodies alone, and only if that is accepted', async () => {
  const { disk, expected } = await damaged((disk, { chain }) =>
    flip(disk, slotName(chain[0]!.slot), 1024 + 60),
  )
  await assertRefused(disk, expected)
  const refused = await repair(disk, 'refuse')
  assert.deepEqual(
    [refused.copied, refused.left.map(({ why }) => why)],
    [[], ['loss']],
    'nothing is changed before the loss is accepted',
  )
  const { notes, readable, unreadable } = await assertRepaired(disk, expected, 'accept')
  assert.deepEqual(notes, expected.notes)
  assert.equal(unreadable.length, 1)
  const held = [...readable, ...unreadable].sort((left, right) => left - right)
  assert.deepEqual(held, [...expected.bodies.keys()])
})

test('a gap that one snapshot makes up for is never replayed under an older one', async () => {
  const { disk, expected } = await damaged((disk, { chain }) =>
    flip(disk, slotName(chain[0]!.slot), 1024 + 60),
  )
  assert.deepEqual((await repair(disk, 'accept')).left, [])
  await flip(disk, await newestSnapshot(disk), 700)
  await assertRefused(disk, expected)
})

async function newestSnapshot(disk: CrashDisk): Promise<string> {
  const names = (await survey(disk)).snapshots.map(({ name }) => name)
  assert(names[0] !== undefined)
  return names[0]
}

test('bodies that the journal opens without are given up only if that is accepted', async () => {
  const expectedBodies = (await original).expected.bodies
  for (const use of ['survivors', 'sealed'] as const) {
    const { disk, expected } = await damaged(async (disk, files) => {
      const chosen = use === 'survivors' ? [files.survivors] : files.sealed
      const names = chosen.map(({ slot }) => slotName(slot))
      const entries = await entriesOf(disk)
      const one = entries.find(({ ticket, file }) => {
        return names.includes(file) && expectedBodies.has(ticket)
      })
      assert(one !== undefined)
      await flip(disk, one.file, one.offset + 60)
    })
    const refused = await repair(disk, 'refuse')
    assert.deepEqual(
      refused.left.map(({ why }) => why),
      ['loss'],
    )
    const { notes, readable, unreadable } = await assertRepaired(disk, expected, 'accept')
    assert.deepEqual(notes, expected.notes)
    assert.notEqual(unreadable.length, 0)
    assert.equal(readable.length + unreadable.length, expected.bodies.size)
  }
})

test('an empty file stands in for a lost file of survivors, and its references can be dropped', async () => {
  const { disk, expected } = await damaged(async (disk, { survivors }) => {
    await disk.remove(`data/${slotName(survivors.slot)}`)
    await disk.syncDirectory('data')
  })
  await assertRefused(disk, expected)
  const survivors = (await survey(disk)).table.files[0]!
  const { told, left } = await repair(disk, 'accept')
  assert.deepEqual(left, [])
  assert.match(told[0]!, new RegExp(`lost: tickets ${survivors.firstTicket} to`))
  assert.deepEqual(await verify(disk), [])
  const { notes, readable, unreadable } = await openAndRead(disk, expected)
  assert.deepEqual(notes, expected.notes)
  assert.equal(readable.length + unreadable.length, expected.bodies.size)
  assert(unreadable.every((ticket) => ticket < survivors.endTicket))
})

test('a lost file in the middle of the log ends the log there', async () => {
  const { disk, expected } = await damaged(async (disk, { chain }) => {
    await disk.remove(`data/${slotName(chain[1]!.slot)}`)
    await disk.syncDirectory('data')
  })
  await assertRefused(disk, expected)
  const { left } = await repair(disk, 'accept')
  assert.deepEqual(left, [])
  assert.deepEqual(await verify(disk), [])
  const { notes, unreadable } = await openAndRead(disk, expected)
  assert.deepEqual(notes, expected.notes.slice(0, notes.length))
  assert.deepEqual(unreadable, [])
})

test('a damaged snapshot is passed over: the older one and the log say the same', async () => {
  const { disk, expected } = await damaged(async (disk) => {
    await flip(disk, await newestSnapshot(disk), 700)
  })
  const [finding] = await verify(disk)
  assert.match(finding!.what, /^a damaged snapshot/)
  assertWhole(await assertRepaired(disk, expected), expected)
})

test('without any whole snapshot there is nothing to do but to say so', async () => {
  const { disk, expected } = await damaged(async (disk) => {
    for (const { name } of await disk.list('data')) {
      if (/^snapshot-\d/.test(name)) await flip(disk, name, 100)
    }
  })
  await assertRefused(disk, expected)
  const before = disk.identity()
  const { copied, left } = await repair(disk, 'accept')
  assert.deepEqual(copied, [])
  assert(left.every(({ why }) => why === 'hopeless'))
  assert.equal(disk.identity(), before)
})

test('a log that ends before its snapshot goes on behind it', async () => {
  let first = 0
  const { disk, expected } = await damaged(async (disk, { chain }) => {
    first = chain[0]!.firstTicket
    const name = slotName(chain[0]!.slot)
    const size = (await contentOf(disk, name)).length
    await overwrite(disk, name, 1024, new Uint8Array(size - 1024))
    for (const later of chain.slice(1)) {
      await overwrite(disk, slotName(later.slot), 1024, new Uint8Array(size - 1024))
    }
  })
  await assertRefused(disk, expected)
  const { notes, readable, unreadable } = await assertRepaired(disk, expected)
  assert.deepEqual(notes, expected.notes.slice(0, notes.length))
  const held = [...readable, ...unreadable]
    .filter((ticket) => expected.bodies.has(ticket))
    .sort((left, right) => left - right)
  assert.deepEqual(held, [...expected.bodies.keys()].slice(0, held.length))
  assert(unreadable.length > 0 && unreadable.every((ticket) => ticket >= first))
})

test('a torn tail is told from damage, and left to the next start unless a repair runs', async () => {
  const { disk, expected } = await damaged(async (disk, { chain }) => {
    const last = chain.at(-1)!
    await overwrite(disk, slotName(last.slot), last.dataEnd - 8, new Uint8Array(8).fill(7))
  })
  const findings = await verify(disk)
  assert.deepEqual(
    findings.map(({ severity }) => severity),
    ['torn tail'],
  )
  const copy = new CrashDisk({ image: disk.point().killed() })
  assertWhole(await openAndRead(copy, expected), expected)
  assertWhole(await assertRepaired(disk, expected), expected)
})

test('damage in what nobody needs is harmless', async () => {
  const { disk, expected } = await damaged(async (disk, { chain }) => {
    const used = (await survey(disk)).table.files.map(({ slot }) => slotName(slot))
    const spare = (await disk.list('data')).find(
      ({ name }) => name.startsWith('journal-') && !used.includes(name),
    )!.name
    await overwrite(disk, spare, 0, new Uint8Array(600).fill(1))
    const { copies } = (await survey(disk)).files.get(chain[0]!.slot)!
    const stale = copies[1] === 'empty' || copies[0] !== 'empty' ? 1 : 0
    await overwrite(disk, slotName(chain[0]!.slot), stale * 512 + 100, new Uint8Array([1]))
  })
  const findings = await verify(disk)
  assert(findings.length > 0 && findings.every(({ severity }) => severity === 'harmless'))
  const copy = new CrashDisk({ image: disk.point().killed() })
  assertWhole(await openAndRead(copy, expected), expected)
  assertWhole(await assertRepaired(disk, expected), expected)
})

test('a repair refuses a directory for copies that exists', async () => {
  const { disk } = await damaged(async (disk) => {
    await flip(disk, 'format', 20)
    await disk.makeDirectory('backup')
  })
  await assert.rejects(repair(disk), /backup exists; choose another directory/)
})

test('the tools keep out of a directory that is in use, and make none', async () => {
  const { disk } = await damaged(() => Promise.resolve())
  const lock = await disk.lock('data/lock')
  await assert.rejects(verify(disk), { code: 'JOURNAL_LOCKED' })
  await assert.rejects(repair(disk), { code: 'JOURNAL_LOCKED' })
  await lock.release()
  const empty = new CrashDisk()
  await assert.rejects(verify(empty), /no such directory/)
  assert.deepEqual(await empty.list('/'), [])
})

const CUTS = 10 // of each repair, evenly apart

test('a repair that is cut short at any call is finished by the next one', async () => {
  const damages: readonly ((disk: CrashDisk, files: Files) => Promise<void>)[] = [
    (disk) => flip(disk, 'format', 20),
    (disk, { chain }) => flip(disk, slotName(chain[1]!.slot), 1024 + 60),
    (disk, { chain }) => flip(disk, slotName(chain[0]!.slot), 1024 + 60),
    (disk, { survivors }) => flip(disk, slotName(survivors.slot), 4096 - 30),
    async (disk, { survivors }) => {
      await disk.remove(`data/${slotName(survivors.slot)}`)
      await disk.syncDirectory('data')
    },
  ]
  for (const damage of damages) {
    const { disk, expected } = await damaged(damage)
    const image = disk.point().killed()
    const whole = new CrashDisk({ image })
    await repair(whole, 'accept')
    const before = await openAndRead(new CrashDisk({ image: whole.point().killed() }), expected)
    const { callCount } = whole
    for (let call = 1; call < callCount; call += Math.ceil(callCount / CUTS)) {
      const cut = new CrashDisk({ image })
      cut.cutPowerAt(call)
      // It never answers again, whatever it was doing.
      void repair(cut, 'accept')
      for (let turn = 0; turn < 10_000 && !cut.isDead; turn++) await Promise.resolve()
      if (!cut.isDead) await new Promise((resolve) => setImmediate(resolve))
      for (const left of someOf(cut.images())) {
        const next = new CrashDisk({ image: left })
        const report = await repair(next, 'accept', 'backup-2')
        assert.deepEqual(report.left, [], `call ${call}`)
        assert.deepEqual(await verify(next), [], `call ${call}`)
        assert.deepEqual(await openAndRead(next, expected), before, `call ${call}`)
      }
    }
  }
})

/** The first few states of a cut, which are the farthest apart: nothing kept, all kept, one by one. */
function someOf(images: Iterable<Image>): Image[] {
  const some: Image[] = []
  for (const image of images) {
    some.push(image)
    if (some.length === 4) break
  }
  return some
}

/** Bodies in scratch files: they come back as they were, or not at all, and leave nothing behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Kept, ScratchPlace } from '../../test/broker/scratch-place.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import { expectMark } from '../base/mark.ts'

/** From call `call` on each one fails, until the disk is healed. */
function failing(disk: CrashDisk, code: 'full' | 'io'): void {
  const call = disk.callCount + 1
  disk.faults.plan({ call, code, lasts: 'until-healed', writtenBytes: 0 })
}

type Step =
  | { readonly do: 'add'; readonly size: number }
  | { readonly do: 'check' | 'release'; readonly which: number }
  | { readonly do: 'rest' }

const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ do: fc.constant('add' as const), size: fc.nat(200) }),
    fc.record({ do: fc.constant('add' as const), size: fc.nat(20) }),
    fc.record({ do: fc.constantFrom('check' as const, 'release' as const), which: fc.nat(99) }),
    fc.record({ do: fc.constant('rest' as const) }),
  ),
  { minLength: 20, maxLength: 120 },
)

test('a body is as it was, wherever it is by then, and nothing is left of those that went', () =>
  fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const place = await ScratchPlace.make(new CrashDisk())
      const kept: Kept[] = []
      for (const step of all) {
        if (step.do === 'rest') await drained()
        else if (step.do === 'add') {
          const added = place.add(step.size)
          if (typeof added !== 'string') kept.push(added)
        } else if (kept.length > 0) {
          const index = step.which % kept.length
          if (step.do === 'check') await place.check(kept[index]!)
          else place.release(...kept.splice(index, 1))
        }
        assert((await place.disk.list('data')).length <= 4, 'more files than the limit says')
      }
      for (const each of kept) await place.check(each)
      place.release(...kept)
      assert.deepEqual(await place.names(), [])
      assert.deepEqual(place.disk.openPaths, [])
      assert.deepEqual(place.said, [])
    }),
    { numRuns: 150 },
  ))

test('what is full is written and read back in blocks, without a sync', async () => {
  const disk = new CrashDisk({ log: 'on' })
  const place = await ScratchPlace.make(disk)
  const before = disk.callCount
  const kept: Kept[] = []
  await expectMark('scratch/written', async () => {
    for (let count = 0; count < 30; count++) {
      const added = place.add(20)
      assert(typeof added !== 'string', `no room: ${String(added)}`)
      kept.push(added)
      await drained()
    }
  })
  await expectMark('scratch/read', async () => {
    for (const each of kept) await place.check(each)
  })
  const kinds = disk.calls.slice(before).map(({ kind }) => kind)
  const countOf = (kind: string): number => kinds.filter((each) => each === kind).length
  // Three bodies of 36 bytes go into a block of 128.
  assert.deepEqual([countOf('write'), countOf('read')], [9, 9])
  assert.deepEqual([countOf('sync'), countOf('sync-directory')], [0, 0])
})

test('a file goes with its last message, and its name is used again', async () => {
  const place = await ScratchPlace.make(new CrashDisk())
  const kept: Kept[] = []
  for (let round = 0; round < 6; round++) {
    const first = place.add(200)
    assert(typeof first !== 'string')
    kept.push(first)
    await drained()
  }
  const before = await place.names()
  assert.deepEqual(before.slice(0, 2), ['scratch-00000', 'scratch-00001'])
  await expectMark('scratch/file-removed', async () => {
    place.release(kept[0]!)
    assert.deepEqual(await place.names(), before, 'there is another message in it')
    place.release(kept[1]!)
    assert.deepEqual(await place.names(), before.slice(1))
  })
  await place.check(kept[2]!)
  kept.push(...(await place.fillWhole(200)))
  assert((await place.names()).includes('scratch-00000'))
  for (const each of kept.slice(2)) await place.check(each)
})

test('no more is taken than the limits say, and again when a file went', () =>
  expectMark('scratch/full', async () => {
    const place = await ScratchPlace.make(new CrashDisk())
    const kept = await place.fillWhole(200)
    assert.equal(place.add(200), 'memory-full')
    // Two bodies of 216 bytes in each of three files of 512; the fourth is for the cleaner.
    assert.equal(kept.length, 6)
    const before = place.roomCount
    place.release(kept[0]!, kept[1]!)
    await drained()
    assert(place.roomCount > before, 'nobody was called')
    assert.equal(typeof place.add(200), 'object')
    for (const each of kept.slice(2)) await place.check(each)
  }))

test('a few that stay do not keep all the space: they are brought together, and are as they were', () =>
  expectMark('scratch/body-moved', async () => {
    const place = await ScratchPlace.make(new CrashDisk())
    const stragglers: Kept[] = []
    for (let round = 0; round < 12; round++) {
      const kept = await place.fillWhole(20)
      assert(kept.length > 0, `full with ${stragglers.length} bodies in round ${round}`)
      stragglers.push(kept[0]!)
      place.release(...kept.slice(1))
      await drained()
    }
    assert((await place.names()).length <= 4)
    for (const each of stragglers) await place.check(each)
    place.release(...stragglers)
    assert.deepEqual(await place.names(), [])
    assert.deepEqual(place.disk.openPaths, [])
  }))

for (const [code, why] of [
  ['full', 'disk-full'],
  ['io', 'memory-full'],
] as const) {
  test(`a write that fails (${code}) loses nothing: publishers wait, and it is tried again`, async () => {
    const place = await ScratchPlace.make(new CrashDisk())
    failing(place.disk, code)
    const { kept, why: first } = place.fill(20)
    assert.equal(first, 'disk-slow')
    await expectMark('scratch/write-failed', () => drained())
    assert.equal(place.add(20), why)
    for (const each of kept) place.checkInMemory(each)
    await place.retry()
    await place.retry()
    assert.equal(place.add(20), why)
    assert.equal(place.said.length, 1, 'said once')
    const before = place.roomCount
    place.disk.faults.heal()
    await place.retry()
    assert(place.roomCount > before)
    assert.equal(place.said.length, 2, 'and when it works again')
    assert.equal(typeof place.add(20), 'object')
    for (const each of kept) await place.check(each)
  })
}

test('a write that fails is tried again at once when a file went, which may have made space', async () => {
  const place = await ScratchPlace.make(new CrashDisk())
  const old = place.fill(200).kept
  await drained()
  failing(place.disk, 'full')
  place.fill(20)
  await drained()
  assert(place.isWaitingForRetry)
  place.disk.faults.heal()
  place.release(...old)
  await drained()
  assert(!place.isWaitingForRetry)
  assert.equal(typeof place.add(20), 'object')
})

test('the space that is to be left for the journal is not written to', async () => {
  const disk = new CrashDisk({ capacityBytes: 40_960 })
  const place = await ScratchPlace.make(disk, { spareBytes: 40_960 - 511 })
  place.fill(20)
  await drained()
  assert.equal(place.add(20), 'disk-full')
  assert.deepEqual(await place.names(), [])
})

test('what does not come back as it was written is handed out to nobody, and somebody is told', () =>
  expectMark('scratch/block-lost', async () => {
    const place = await ScratchPlace.make(new CrashDisk())
    const { kept } = place.fill(100)
    await drained()
    const file = await place.disk.open('data/scratch-00000', 'write')
    await file.write(Uint8Array.of(1), 60)
    await file.close()
    for (const address of [kept[0]!.address, kept[0]!.address]) {
      await assert.rejects(settled(place.scratch.load(address), 'a load'), {
        code: 'SCRATCH_UNREADABLE',
      })
    }
    assert.equal(place.said.length, 1)
    assert.match(place.said[0]!, /scratch-00000/)
    await place.check(kept[1]!)
    place.release(...kept)
    assert.deepEqual(await place.names(), [])
  }))

test('a read that fails is tried again, and given up after three times, as a whole block', async () => {
  const place = await ScratchPlace.make(new CrashDisk())
  const { kept } = place.fill(40)
  await drained()
  failing(place.disk, 'io')
  const found = place.check(kept[0]!)
  await drained()
  await place.retry()
  assert.deepEqual(place.said, [])
  place.disk.faults.heal()
  await place.retry()
  await settled(found, 'the body')
  failing(place.disk, 'io')
  // In another block than the first two.
  const lost = assert.rejects(place.scratch.load(kept[2]!.address), { code: 'SCRATCH_UNREADABLE' })
  for (let tries = 0; tries < 3; tries++) {
    await drained()
    await place.retry()
  }
  await settled(lost, 'the end of the tries')
  assert.equal(place.said.length, 1)
  place.disk.faults.heal()
  await assert.rejects(settled(place.scratch.load(kept[3]!.address), 'its neighbour'), {
    code: 'SCRATCH_UNREADABLE',
  })
  assert.equal(place.said.length, 1)
  place.release(...kept)
  assert.deepEqual(await place.names(), [])
})

test('who waits to read again is let go when the file goes, or the scratch is closed', async () => {
  const place = await ScratchPlace.make(new CrashDisk())
  const { kept } = place.fill(100)
  await drained()
  failing(place.disk, 'io')
  const first = assert.rejects(place.scratch.load(kept[0]!.address))
  const second = assert.rejects(place.scratch.load(kept[1]!.address))
  await drained()
  place.disk.faults.heal()
  await settled(place.scratch.close(), 'the close')
  await settled(Promise.all([first, second]), 'both')
  assert(!place.isWaitingForRetry)
  assert.deepEqual(place.said, [])
})

test('a body that goes while it is read is not there any more, which is no failure', async () => {
  const place = await ScratchPlace.make(new CrashDisk())
  const { kept } = place.fill(100)
  await drained()
  const load = place.scratch.load(kept[0]!.address)
  place.release(...kept)
  await assert.rejects(settled(load, 'the load'))
  assert.deepEqual(await place.names(), [])
  assert.deepEqual(place.said, [])
})

test('a scratch that is closed removes what is there, whatever is being done', async () => {
  const place = await ScratchPlace.make(new CrashDisk())
  const { kept } = place.fill(100)
  await drained()
  place.fill(100)
  const loading = place.scratch.load(kept[0]!.address).catch(() => undefined)
  const closing = place.scratch.close()
  assert.equal(place.add(1), 'memory-full')
  place.release(kept[0]!)
  await settled(closing, 'the close')
  await settled(place.scratch.close(), 'the second one')
  await loading
  assert.deepEqual(await place.names(), [])
  assert.deepEqual(place.disk.openPaths, [])
})

test('a file that cannot be removed is warned of, and its name is not used again', async () => {
  const place = await ScratchPlace.make(new CrashDisk())
  const { kept } = place.fill(200)
  await drained()
  failing(place.disk, 'io')
  place.release(...kept)
  await drained()
  place.disk.faults.heal()
  assert.equal(place.said.filter((text) => /cannot be removed/.test(text)).length, 1)
  const more = place.fill(200).kept
  for (const each of more) await place.check(each)
  await drained()
  assert((await place.names()).length >= 2)
})

/** What a cleaner chooses, and how it leaves what lives: sorted, once, and looked at less often from then on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectMark } from '../../src/base/mark.ts'
import { chooseSources } from '../../src/journal/cleaner.ts'
import { FRAME_SURVIVORS, u48, viewOf } from '../../src/journal/format.ts'
import { JournalFile } from '../../src/journal/journal-file.ts'
import { checkedLimits, type JournalLimits } from '../../src/journal/limits.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import type { Call } from '../sim/disk-faults.ts'
import { Census } from './census.ts'
import { FrameWatch } from './frame-watch.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

const TICKET_SIZE = 8
const ENTRY_HEADER_SIZE = 16
const LOG_AT = 8

/** Some files in which two logs take turns, all of it alive, and two snapshots behind them. */
async function scatteredWorld(
  limits: Partial<JournalLimits>,
): Promise<{ disk: CrashDisk; census: Census; world: JournalWorld; tickets: number[] }> {
  const [disk, census] = [new CrashDisk(), new Census()]
  const world = await JournalWorld.open(disk, { limits, census })
  const tickets: number[] = []
  for (let round = 0; round < 60; round++) {
    tickets.push(...(await world.put(1 + (round % 2), [bodyOfSize(200, round)])))
    // A little of each file is dead, so that the rest finds room in one that is sorted.
    await world.release(await world.put(3, [bodyOfSize(50, round)]))
    await world.settled()
  }
  for (const text of ['one', 'two']) {
    await world.note(text)
    await world.snapshot()
  }
  return { disk, census, world, tickets }
}

async function tidyOften({ journal }: JournalWorld): Promise<void> {
  for (let time = 0; time < 20; time++) await journal.tidy()
}

test('a file that the disk does not give is left as it is, the others are cleaned, and nothing stops', async () => {
  const { disk, census, world, tickets } = await scatteredWorld({ scatterRunBytes: 1_000 })
  const bad: Call[] = []
  let isBad: boolean = true
  disk.observe({
    issued: (call) => {
      if (!isBad || call.kind !== 'read' || (bad.length > 0 && call.path !== bad[0]!.path)) return
      bad.push(call)
      disk.faults.plan({ call: call.number, code: 'io', lasts: 'once', writtenBytes: 0 })
    },
  })
  await expectMark('cleaner/unread', () => tidyOften(world))
  assert.equal(world.stopped, null)
  assert(census.cleaned > 1, `${census.cleaned} cleaned`)
  assert.equal(bad.length, 1, 'it is not asked for again and again')
  await world.journal.close()
  isBad = false
  const again = await JournalWorld.open(disk)
  assert.deepEqual([...again.owner.held.keys()], tickets)
  await again.journal.close()
})

test('a file in which logs lie scattered is sorted once, though all of it lives', async () => {
  const { disk, census, world, tickets } = await scatteredWorld({ scatterRunBytes: 1_000 })
  const places: (readonly [log: number, ticket: number])[][] = []
  const frame = ({ kind, bytes }: { kind: number; bytes: Uint8Array }): void => {
    if (kind === FRAME_SURVIVORS) places.push(placesIn(bytes))
  }
  disk.observe(new FrameWatch([{ frame, footer: () => void places.push([]) }]))
  await tidyOften(world)
  const { cleaned } = census
  assert(cleaned > 2)
  // One file behind the other: each ascends by log, then by ticket.
  let last: readonly [number, number] = [0, 0]
  let seen = 0
  for (const some of places) {
    if (some.length === 0) last = [0, 0]
    for (const place of some) {
      const [log, ticket] = place
      assert(log > last[0] || (log === last[0] && ticket > last[1]), `${place} behind ${last}`)
      last = place
      seen++
    }
  }
  assert(seen > 30)
  await tidyOften(world)
  assert.equal(census.cleaned, cleaned, 'what is sorted is left alone')
  for (const [index, ticket] of tickets.entries()) {
    assert.deepEqual(await world.journal.store.read(ticket), bodyOfSize(200, index))
  }
  await world.journal.close()
})

test('a file in which each log lies in long runs is left alone while it lives', async () => {
  const { census, world } = await scatteredWorld({ scatterRunBytes: 100 })
  await tidyOften(world)
  assert.equal(census.cleaned, 0)
  await world.journal.close()
})

function placesIn(bytes: Uint8Array): (readonly [log: number, ticket: number])[] {
  const view = viewOf(bytes)
  const places: (readonly [number, number])[] = []
  for (let at = 0; at < bytes.length; ) {
    const entryAt = at + TICKET_SIZE
    places.push([view.getUint32(entryAt + LOG_AT, true), u48(view, at)])
    at = entryAt + ENTRY_HEADER_SIZE + view.getUint32(entryAt, true)
  }
  return places
}

test('files of each older generation are examined four times less often', () => {
  const limits = checkedLimits({})
  const cycles = 256
  const examined = (level: number): number => {
    const files = [1, 2].map((slot) => {
      const identity = { low: 1, high: 1 }
      const header = { slot, generation: slot, fileBytes: limits.fileBytesMax, identity }
      const file = new JournalFile(header, '', 0, null)
      return Object.assign(file, { sealed: true, level, bodies: 100, bodyBytes: 10_000, live: 1 })
    })
    let count = 0
    for (let cycle = 1; cycle <= cycles; cycle++) {
      count += chooseSources(files, () => true, cycle, limits).length / files.length
    }
    return count
  }
  assert.deepEqual([0, 1, 2, 3].map(examined), [cycles, cycles / 4, cycles / 16, cycles / 64])
})

test('what is not covered, not sealed, held, or mostly alive is not cleaned', () => {
  const limits = checkedLimits({})
  const sparse = { sealed: true, bodies: 100, bodyBytes: 1_000_000, live: 10 }
  const chosen = (change: object, covered = true): number => {
    const files = [1, 2].map((slot) => {
      const identity = { low: 1, high: 1 }
      const header = { slot, generation: slot, fileBytes: limits.fileBytesMax, identity }
      return Object.assign(new JournalFile(header, '', 0, null), sparse, change)
    })
    return chooseSources(files, () => covered, 1, limits).length
  }
  assert.equal(chosen({}), 2)
  assert.equal(chosen({}, false), 0)
  for (const change of [
    { sealed: false },
    { held: 1 },
    { live: 51 },
    { live: 0 },
    { leaving: true },
  ])
    assert.equal(chosen(change), 0, JSON.stringify(change))
})

/** What is no longer in memory is read in stretches, by the index of its file, and little of it is kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf } from '../../src/journal/entry-cursor.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

const COUNT = 200
const SIZE = 60
const WINDOW_BYTES = 1_024
const WINDOWS = 4

/** A journal whose first entries are in files alone, and the reads of those from now on. */
async function coldWorld(): Promise<{
  world: JournalWorld
  tickets: readonly number[]
  reads: number[]
}> {
  const disk = new CrashDisk()
  const limits = { readWindowBytes: WINDOW_BYTES, readWindows: WINDOWS }
  const world = await JournalWorld.open(disk, { limits })
  const tickets: number[] = []
  for (let index = 0; index < COUNT; index++) {
    tickets.push(...(await world.put(1, [bodyOfSize(SIZE, index)])))
    if (index % 4 === 0) await world.settled()
  }
  for (let round = 0; round < 30; round++) await world.put(2, [bodyOfSize(900, round)])
  await world.settled()
  const reads: number[] = []
  disk.observe({
    issued: ({ kind, sizeBytes }) => {
      if (kind === 'read') reads.push(sizeBytes)
    },
  })
  return { world, tickets, reads }
}

test('who reads old entries in order has most of them read ahead', async () => {
  const { world, tickets, reads } = await coldWorld()
  const { store } = world.journal
  for (const [index, ticket] of tickets.entries()) {
    if (store.peek(ticket) === null) await store.load(ticket)
    const entry = store.peek(ticket)
    assert(entry !== null)
    assert.deepEqual(bodyOf(entry), bodyOfSize(SIZE, index))
  }
  // Some ten entries to a window; and the trailer and the footer of each file, once.
  assert(reads.length < COUNT / 3, `${reads.length} reads`)
  await world.journal.close()
})

test('one old entry costs one short read once the index of its file is known', async () => {
  const { world, tickets, reads } = await coldWorld()
  await world.journal.store.read(tickets[0]!)
  reads.length = 0
  // In the same file, behind what was read ahead.
  await world.journal.store.read(tickets[25]!)
  assert.equal(reads.length, 1)
  assert(reads[0]! <= WINDOW_BYTES, `${reads[0]} bytes`)
  await world.journal.close()
})

test('what was read ahead is let go when others are read', async () => {
  const { world, tickets } = await coldWorld()
  const { store } = world.journal
  await store.load(tickets[0]!)
  assert(store.peek(tickets[0]!) !== null)
  for (let index = 1; index <= WINDOWS; index++) await store.load(tickets[index * 40 - 1]!)
  assert.equal(store.peek(tickets[0]!), null)
  await world.journal.close()
})

test('all who read at once get what they asked for, however little of it is kept', async () => {
  const { world, tickets } = await coldWorld()
  const { store } = world.journal
  // Each from another window, some of them a few promises later than the others.
  const asked = tickets.filter((_, index) => index % 17 === 0)
  for (let pause = 0; pause < 40; pause++) {
    const bodies = asked.map(async (ticket, place) => {
      for (let turn = 0; turn < pause * (place % 3); turn++) await null
      return store.read(ticket)
    })
    const expected = asked.map((ticket) => bodyOfSize(SIZE, tickets.indexOf(ticket)))
    assert.deepEqual(await Promise.all(bodies), expected)
  }
  await world.journal.close()
})

test('what was written last is answered from memory, as much of it as the limit says', async () => {
  const world = await JournalWorld.open(new CrashDisk(), { limits: { hotBytes: 8_192 } })
  const tickets: number[] = []
  for (let index = 0; index < 40; index++) {
    tickets.push(...(await world.put(1, [bodyOfSize(400, index)])))
    await world.settled()
  }
  const isHot = (ticket: number): boolean => world.journal.store.peek(ticket) !== null
  // 472 bytes each with its frame: chunks of 2 KiB hold four.
  assert(tickets.slice(-16).every(isHot))
  assert(!tickets.slice(0, 20).some(isHot))
  await world.journal.close()
})

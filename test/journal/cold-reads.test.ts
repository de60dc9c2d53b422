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

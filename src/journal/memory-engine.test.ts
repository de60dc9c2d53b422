/** The memory engine keeps the same promises as the file engine, but for surviving. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { bodyOfSize, microtasks } from '../../test/journal/journal-world.ts'
import { bodyFlags, fragmentFlags, LedgerOwner, PUT } from '../../test/journal/ledger-owner.ts'
import { checkedLimits } from './limits.ts'
import { MemoryEngine } from './memory-engine.ts'

const limits = { chunkBytes: 2048, entryBytes: 1500, frameBytes: 512, memoryBytes: 16_384 }

function open(): { engine: MemoryEngine; owner: LedgerOwner; settled: number[] } {
  let owner: LedgerOwner | null = null
  const settled: number[] = []
  const events = { settled: (through: number) => settled.push(through), stopped: () => undefined }
  const engine = new MemoryEngine({ scheduler: microtasks, limits, events }, (store) => {
    owner = new LedgerOwner(store)
    return owner
  })
  assert(owner !== null)
  return { engine, owner, settled }
}

function put(world: ReturnType<typeof open>, body: Uint8Array): number {
  const { log } = world.engine
  assert.equal(log.reserve(1, body.length, 'publish'), 'ok')
  const ticket = log.write({ kind: PUT, flags: bodyFlags, log: 1, number: 0 }, body)
  world.owner.put({ ticket, log: 1, number: 0 })
  return ticket
}

test('everything written in one turn is settled by one call at its end', async () => {
  const world = open()
  const tickets = [1, 2, 3].map((mark) => put(world, bodyOfSize(100, mark)))
  assert.deepEqual(world.settled, [])
  await world.engine.log.settled(3)
  assert.deepEqual(world.settled, [3])
  for (const ticket of tickets) {
    assert.deepEqual(await world.engine.store.read(ticket), bodyOfSize(100, ticket))
  }
})

test('memory goes back when nothing refers to it, and comes round again', async () => {
  const world = open()
  for (let round = 0; round < 200; round++) {
    const ticket = put(world, bodyOfSize(1000, round))
    await world.engine.log.settled(ticket)
    world.owner.release(ticket)
  }
  assert.equal(world.engine.store.references, 0)
  await assert.rejects(async () => world.engine.store.read(1), { code: 'JOURNAL_GONE' })
})

test('a full memory refuses publishes until something is released', async () => {
  const world = open()
  const tickets: number[] = []
  while (world.engine.log.reserve(1, 1000, 'publish') === 'ok') {
    const head = { kind: PUT, flags: bodyFlags, log: 1, number: 0 }
    tickets.push(world.engine.log.write(head, bodyOfSize(1000, tickets.length)))
  }
  assert.equal(world.engine.log.reserve(1, 1000, 'publish'), 'full')
  const room = world.engine.log.room()
  for (const ticket of tickets.slice(0, 4)) world.engine.store.release(ticket, 1)
  await room
  assert.equal(world.engine.log.reserve(1, 1000, 'publish'), 'ok')
})

test('survivors of sparse chunks are copied together and stay readable', async () => {
  const world = open()
  const kept: number[] = []
  for (let round = 0; round < 60; round++) {
    const ticket = put(world, bodyOfSize(200, round))
    if (round % 6 === 0) kept.push(ticket)
    else world.owner.release(ticket)
  }
  await world.engine.tidy()
  for (const ticket of kept) {
    assert.deepEqual(await world.engine.store.read(ticket), bodyOfSize(200, ticket - 1))
  }
  assert.equal(world.engine.store.references, kept.length)
})

test('a fragment is dead until it is retained, but held while its body arrives', async () => {
  const world = open()
  const { log, store } = world.engine
  assert.equal(log.reserve(1, 900, 'fragment'), 'ok')
  const head = { kind: PUT, flags: fragmentFlags, log: 0, number: 0 }
  const fragment = log.write(head, bodyOfSize(900, 1))
  store.hold(fragment)
  for (let round = 0; round < 10; round++) world.owner.release(put(world, bodyOfSize(1000, 2)))
  assert.deepEqual(await store.read(fragment), bodyOfSize(900, 1))
  store.retain(fragment, 1)
  store.unhold(fragment)
  assert.deepEqual(await store.read(fragment), bodyOfSize(900, 1))
})

test('a full memory has room again when a body that was arriving is given up', async () => {
  const world = open()
  const { log, store } = world.engine
  const fragments: number[] = []
  while (log.reserve(1, 1000, 'fragment') === 'ok') {
    const head = { kind: PUT, flags: fragmentFlags, log: 0, number: 0 }
    const fragment = log.write(head, bodyOfSize(1000, 1))
    store.hold(fragment)
    fragments.push(fragment)
  }
  const room = log.room()
  for (const fragment of fragments) store.unhold(fragment)
  await room
  assert.equal(log.reserve(1, 1000, 'publish'), 'ok')
})

test('limits that cannot work together are refused', () => {
  assert.throws(() => checkedLimits({ chunkBytes: 100 }), /a chunk holds the largest entry/)
})

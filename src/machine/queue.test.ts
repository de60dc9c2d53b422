/** The queue against a naive model, and at the edges of its pages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from '../base/assert.ts'
import { expectMark } from '../base/mark.ts'
import {
  Freezer,
  GONE,
  HELD,
  MARKED,
  PAGE_MESSAGES,
  PROMISED,
  READY,
  STATE_BITS,
  TRANSIENT,
} from './page.ts'
import { Queue } from './queue.ts'
import { PLAIN_QUEUE } from './queue-options.ts'

function makeQueue(freezer: Freezer = new Freezer()): Queue {
  return new Queue({ id: 1, namespace: '/', name: 'q', options: PLAIN_QUEUE }, freezer)
}

/** Adds so many messages; each one's ticket is 1000 more than its sequence, its size its sequence. */
function fill(queue: Queue, count: number): void {
  for (let index = 0; index < count; index++) {
    const sequence = queue.nextSequence
    queue.add(sequence, sequence + 1000, sequence, 0)
  }
}

function takeNext(queue: Queue): number {
  const sequence = queue.peekReady()
  if (sequence > 0) queue.take(sequence)
  return sequence
}

type Row = {
  readonly sequence: number
  readonly ticket: number
  readonly size: number
  readonly kept: boolean
  state: typeof READY | typeof HELD
  redelivered: boolean
  deliveries: number
  readonly expiresMs: number
  promised: boolean
}

/** What a queue is, in the plainest words. */
class NaiveQueue {
  rows: Row[] = []
  next = 1

  find(sequence: number): Row | undefined {
    return this.rows.find((row) => row.sequence === sequence)
  }

  of(state: Row['state']): Row[] {
    return this.rows.filter((row) => row.state === state)
  }

  bytes(state: Row['state']): number {
    return this.of(state).reduce((sum, { size }) => sum + size, 0)
  }
}

type Pair = { readonly naive: NaiveQueue; readonly queue: Queue; readonly freezer: Freezer }

type Op = (pair: Pair) => void

const add = (gap: number, size: number, flags: number, expiresMs: number = 0): Op => {
  return ({ naive, queue }) => {
    const sequence = naive.next + gap
    const ticket = sequence * 3
    queue.add(sequence, ticket, size, flags)
    const kept = (flags & TRANSIENT) === 0
    const promised = expiresMs % 2 === 1
    if (expiresMs > 0) queue.setExpiry(sequence, expiresMs, promised ? PROMISED : 0)
    const place = { sequence, ticket, size, kept, expiresMs, promised }
    naive.rows.push({ ...place, state: READY, redelivered: false, deliveries: 0 })
    naive.next = sequence + 1
  }
}

const take: Op = ({ naive, queue }) => {
  const first = naive.of(READY)[0]
  assert.equal(queue.peekReady(), first?.sequence ?? 0)
  if (first === undefined) return
  queue.take(first.sequence)
  first.state = HELD
}

const giveBack = (pick: number, counted: number): Op => {
  return ({ naive, queue }) => {
    const held = naive.of(HELD)
    const row = held[pick % Math.max(1, held.length)]
    if (row === undefined) return
    queue.giveBack(row.sequence, counted)
    row.state = READY
    row.promised = false
    if (counted > 0) row.redelivered = true
    row.deliveries = Math.min(255, row.deliveries + counted)
  }
}

const settle = (pick: number): Op => {
  return ({ naive, queue }) => {
    const row = naive.rows[pick % Math.max(1, naive.rows.length)]
    if (row === undefined) return
    assert.equal(queue.settle(row.sequence), row.ticket)
    assert.equal(queue.settle(row.sequence), 0, 'twice is once')
    naive.rows = naive.rows.filter((each) => each !== row)
  }
}

/** Settles the ready ones, as a purge does. */
const purge: Op = ({ naive, queue }) => {
  for (const row of naive.of(READY)) {
    queue.hold(row.sequence)
    assert.equal(queue.settle(row.sequence), row.ticket)
  }
  naive.rows = naive.of(HELD)
}

const freezing = (how: 'freeze' | 'thaw'): Op => {
  return ({ freezer }) => {
    if (how === 'thaw') freezer.thaw()
    else if (!freezer.held) freezer.freeze()
  }
}

const many = (op: Op, count: number): Op => {
  return (pair) => {
    for (let index = 0; index < count; index++) op(pair)
  }
}

const opArb: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.nat(3), fc.nat(9)).map(([gap, size]) => add(gap, size, 0)) },
  { weight: 2, arbitrary: fc.nat(9).map((size) => add(0, size, TRANSIENT)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(0, TRANSIENT), fc.nat(2 ** 48 - 1))
      .map(([flags, expiresMs]) => add(0, 1, flags, expiresMs)),
  },
  { weight: 1, arbitrary: fc.nat(3000).map((gap) => add(gap, 1, 0)) },
  { weight: 1, arbitrary: fc.nat(400).map((count) => many(add(0, 1, 0), count)) },
  { weight: 1, arbitrary: fc.nat(400).map((count) => many(take, count)) },
  { weight: 1, arbitrary: fc.nat(400).map((count) => many(settle(0), count)) },
  { weight: 4, arbitrary: fc.constant(take) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(), fc.nat(1)).map(([pick, counted]) => giveBack(pick, counted)),
  },
  { weight: 4, arbitrary: fc.nat().map(settle) },
  { weight: 1, arbitrary: fc.constant(purge) },
  { weight: 1, arbitrary: fc.constantFrom('freeze' as const, 'thaw' as const).map(freezing) },
)

function assertSame({ naive, queue }: Pair): void {
  assert.deepEqual(
    [...queue.living()],
    naive.rows.map(({ sequence }) => sequence),
  )
  assert.equal(queue.readyCount, naive.of(READY).length)
  assert.equal(queue.heldCount, naive.of(HELD).length)
  assert.equal(queue.readyBytes, naive.bytes(READY))
  assert.equal(queue.heldBytes, naive.bytes(HELD))
  for (const row of naive.rows) {
    assert.equal(queue.stateOf(row.sequence) & STATE_BITS, row.state)
    assert.equal(queue.ticketOf(row.sequence), row.ticket)
    assert.equal(queue.sizeOf(row.sequence), row.size)
    assert.equal(queue.isRedelivered(row.sequence), row.redelivered)
    assert.equal(queue.deliveriesOf(row.sequence), row.deliveries)
    assert.equal(queue.expiryOf(row.sequence), row.expiresMs)
    assert.equal((queue.stateOf(row.sequence) & PROMISED) !== 0, row.promised)
    assert(row.expiresMs === 0 || row.sequence <= queue.expiringThrough)
  }
}

test('a queue is what the naive model says, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(opArb, { maxLength: 60 }), (ops) => {
      const freezer = new Freezer()
      const pair = { naive: new NaiveQueue(), queue: makeQueue(freezer), freezer }
      for (const op of ops) op(pair)
      assertSame(pair)
    }),
    { numRuns: 300 },
  )
})

test('messages are taken in the order of their sequences', () => {
  const queue = makeQueue()
  fill(queue, 3)
  assert.deepEqual([takeNext(queue), takeNext(queue), takeNext(queue)], [1, 2, 3])
  assert.equal(takeNext(queue), 0)
})

test('what is given back is taken before what is behind it', () => {
  const queue = makeQueue()
  fill(queue, 5)
  for (let count = 0; count < 4; count++) takeNext(queue)
  queue.giveBack(3, 1)
  queue.giveBack(1, 1)
  assert.deepEqual(
    [1, 2, 3].map(() => takeNext(queue)),
    [1, 3, 5],
  )
  assert.equal(queue.isRedelivered(1), true)
  assert.equal(queue.isRedelivered(2), false)
})

test('what was given back and settled is passed over', () => {
  const queue = makeQueue()
  fill(queue, 2)
  takeNext(queue)
  queue.giveBack(1, 0)
  assert.equal(queue.settle(1), 1001)
  assert.equal(takeNext(queue), 2)
})

test('deliveries are counted when they count, up to 255', () => {
  const queue = makeQueue()
  fill(queue, 1)
  for (let count = 0; count < 300; count++) {
    takeNext(queue)
    queue.giveBack(1, 1)
  }
  takeNext(queue)
  queue.giveBack(1, 0)
  assert.equal(queue.deliveriesOf(1), 255)
})

test('a page that is used again remembers no time of the messages before', () => {
  const freezer = new Freezer()
  const queue = makeQueue(freezer)
  fill(queue, 1)
  queue.setExpiry(1, 77, 0)
  queue.settle(1)
  fill(queue, 1)
  assert.equal(queue.expiryOf(2), 0)
  assert.equal(queue.expiryOf(1), 0, 'what is gone has no time')
})

test('a queue that is emptied at the end of a page goes on with the next', () => {
  const queue = makeQueue()
  fill(queue, PAGE_MESSAGES)
  for (let sequence = 1; sequence <= PAGE_MESSAGES; sequence++) queue.settle(sequence)
  assert.equal(queue.peekReady(), 0)
  fill(queue, 1)
  assert.equal(takeNext(queue), PAGE_MESSAGES + 1)
})

test('a hole of many pages is skipped', () => {
  const queue = makeQueue()
  queue.add(1, 1, 1, 0)
  queue.add(50 * PAGE_MESSAGES, 2, 1, 0)
  assert.deepEqual([takeNext(queue), takeNext(queue)], [1, 50 * PAGE_MESSAGES])
  queue.settle(1)
  assert.deepEqual([...queue.living()], [50 * PAGE_MESSAGES])
})

test('a message that was held before its turn is not taken', () => {
  const queue = makeQueue()
  fill(queue, 3)
  queue.hold(1)
  queue.hold(2)
  assert.equal(takeNext(queue), 3)
  assert.throws(() => queue.hold(3), Panic)
})

test('a sequence is used once', () => {
  const queue = makeQueue()
  fill(queue, 1)
  assert.throws(() => queue.add(1, 9, 9, 0), Panic)
})

test('what never was is gone', () => {
  const queue = makeQueue()
  assert.equal(queue.stateOf(7), GONE)
  assert.equal(queue.settle(7), 0)
  assert.equal(queue.deliveriesOf(7), 0)
})

test('a page that is frozen is copied before it changes', async () => {
  const freezer = new Freezer()
  const queue = makeQueue(freezer)
  fill(queue, 2)
  const [page] = queue.kept().pages
  freezer.freeze()
  await expectMark('queue/copied-on-write', () => queue.settle(1))
  assert.equal((page?.states[0] ?? GONE) & STATE_BITS, READY)
  assert.equal(queue.stateOf(1), GONE)
  freezer.thaw()
  queue.settle(2)
  assert.equal((page?.states[1] ?? GONE) & STATE_BITS, READY, 'the copy is the one that is used')
})

test('a page that a snapshot reads is not used again while it does', () => {
  const freezer = new Freezer()
  const queue = makeQueue(freezer)
  fill(queue, 1)
  const [page] = queue.kept().pages
  freezer.freeze()
  queue.settle(1)
  fill(queue, 1)
  assert.equal(page?.ticket(0), 1001)
  assert.equal(page?.ticket(1), 0)
})

test('what a snapshot keeps begins and ends with a page that keeps something', () => {
  const queue = makeQueue()
  queue.add(1, 1, 1, TRANSIENT)
  queue.add(PAGE_MESSAGES + 1, 2, 1, 0)
  queue.add(2 * PAGE_MESSAGES + 1, 3, 1, TRANSIENT)
  const { firstSequence, nextSequence, pages } = queue.kept()
  assert.equal(firstSequence, PAGE_MESSAGES + 1)
  assert.equal(pages.length, 1)
  assert.equal(nextSequence, PAGE_MESSAGES + 2, 'transient messages leave no trace')
})

test('after an unclean end what was marked is redelivered, and nothing that comes later', async () => {
  const queue = makeQueue()
  queue.add(1, 1, 1, MARKED)
  queue.add(2, 2, 1, 0)
  queue.mark = 9 // it reached over transient messages, which a restart takes away
  await expectMark('queue/mark-beyond-the-end', () => queue.restarted())
  fill(queue, 1)
  assert.deepEqual(
    [1, 2, 3].map((sequence) => queue.isRedelivered(sequence)),
    [true, true, false],
  )
})

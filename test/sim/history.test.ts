/** Each way to break a promise is found by its name in a history made by hand; a good history has none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Panic } from '../../src/base/assert.ts'
import { below, SeededRandom } from '../../src/base/random.ts'
import {
  assertHonest,
  type Delivery,
  History,
  type HistoryMessage,
  type Violation,
} from './history.ts'

function message(counter: number, queue = 'q', producer = 'p'): HistoryMessage {
  return { queue, producer, counter }
}

function delivery(counter: number, over: Partial<Delivery> = {}): Delivery {
  const { queue = 'q', producer = 'p', consumer = 'c', redelivered = 'new' } = over
  return { queue, producer, counter, consumer, redelivered, told: over.told ?? 'at-once' }
}

/** Sent and acknowledged, 0 to `count` - 1. */
function acked(count: number): History {
  const history = new History()
  for (let counter = 0; counter < count; counter++) {
    history.attempted(message(counter))
    history.acked(message(counter))
  }
  return history
}

/** Delivered and settled for good. */
function consume(history: History, counters: readonly number[]): void {
  for (const counter of counters) {
    history.delivered(delivery(counter))
    history.settling(message(counter))
    history.settled(message(counter))
  }
}

function violations(history: History): Record<string, number> {
  return Object.fromEntries(history.judge().violations)
}

test('a history in which all goes well is honest, and its figures are right', () => {
  const history = acked(100)
  history.attempted(message(100))
  consume(
    history,
    Array.from({ length: 101 }, (_, counter) => counter),
  )
  history.drained('q', 0)
  const verdict = history.judge()
  assertHonest(verdict)
  assert.deepEqual(Object.fromEntries(verdict.notices), {
    delivered: 101,
    attempted: 101,
    acked: 100,
    recovered: 1,
  })
})

test('what was acknowledged and never delivered is lost: at the front, in the middle, at the end', () => {
  const history = acked(10)
  consume(history, [2, 3, 6, 7])
  const verdict = history.judge()
  assert.equal(verdict.violations.get('lost'), 6)
  assert.deepEqual(verdict.lost, { prefix: 2, middle: 2, postfix: 2 })
})

test('when nothing at all was delivered, all is lost at the end', () => {
  assert.deepEqual(acked(3).judge().lost, { prefix: 0, middle: 0, postfix: 3 })
})

test('a loss in one queue is not made good by another queue or producer', () => {
  const history = new History()
  for (const queue of ['q', 'r']) {
    history.attempted(message(0, queue))
    history.acked(message(0, queue))
  }
  history.attempted(message(0, 'q', 'other'))
  history.acked(message(0, 'q', 'other'))
  history.delivered(delivery(0))
  assert.deepEqual(violations(history), { lost: 2 })
})

test('what nobody acknowledged may be lost, and may be delivered', () => {
  const history = new History()
  history.attempted(message(0))
  history.attempted(message(1))
  history.delivered(delivery(1))
  assert.deepEqual(violations(history), {})
  assert.equal(history.judge().notices.get('recovered'), 1)
})

test('each broken promise is called by its name', () => {
  const cases: readonly (readonly [Violation, (history: History) => void])[] = [
    ['lost', () => undefined],
    ['unexpected', (history) => consume(history, [0, 7])],
    [
      'unexpected',
      (history) => {
        consume(history, [0])
        history.delivered(delivery(0, { queue: 'elsewhere' }))
      },
    ],
    [
      'refused',
      (history) => {
        consume(history, [0])
        history.attempted(message(1))
        history.refused(message(1))
        history.delivered(delivery(1))
      },
    ],
    [
      'duplicated',
      (history) => {
        history.delivered(delivery(0))
        history.delivered(delivery(0, { consumer: 'other' }))
        history.settled(message(0))
      },
    ],
    [
      'resurrected',
      (history) => {
        consume(history, [0])
        history.delivered(delivery(0, { redelivered: 'redelivered' }))
      },
    ],
    [
      'abandoned',
      (history) => {
        consume(history, [0])
        history.attempted(message(1))
        history.acked(message(1))
        history.delivered(delivery(1))
      },
    ],
    [
      'left',
      (history) => {
        consume(history, [0])
        history.drained('q', 1)
      },
    ],
  ]
  for (const [kind, misbehave] of cases) {
    const history = acked(1)
    misbehave(history)
    const verdict = history.judge()
    assert.deepEqual([...verdict.violations], [[kind, 1]], kind)
    assert.throws(() => assertHonest(verdict), new RegExp(`1 ${kind}\n${kind}: `))
  }
})

test('new messages of one producer come in order to each consumer', () => {
  const history = acked(4)
  consume(history, [0, 2, 1, 3])
  assert.deepEqual(violations(history), { reordered: 1 })
})

test('consumers share a queue: only within each of them is there an order', () => {
  const history = acked(4)
  for (const [counter, consumer] of [
    [1, 'b'],
    [3, 'b'],
    [0, 'a'],
    [2, 'a'],
  ] as const) {
    history.delivered(delivery(counter, { consumer }))
  }
  assert.deepEqual(violations(history), {})
})

test('what is called redelivered may come again and out of order, as long as it is not settled', () => {
  const history = acked(3)
  for (const counter of [0, 1, 2]) history.delivered(delivery(counter))
  history.settling(message(0))
  for (const counter of [0, 1, 2]) {
    history.delivered(delivery(counter, { redelivered: 'redelivered' }))
    history.settled(message(counter))
  }
  const verdict = history.judge()
  assert.deepEqual([...verdict.violations], [])
  assert.equal(verdict.notices.get('redelivered'), 3)
})

test('what the broker may have forgotten comes once more as new, is settled once more, and was not lost', () => {
  const history = acked(4)
  consume(history, [0, 1, 2, 3])
  for (const counter of [0, 1, 2]) history.forgotten(message(counter))
  // 0 was not forgotten after all; 1 comes again and is settled; 2 comes and stays; 3 may not.
  consume(history, [1])
  history.delivered(delivery(2, { consumer: 'd' }))
  assert.deepEqual(violations(history), { abandoned: 1, reordered: 1 })
  history.delivered(delivery(1, { consumer: 'e' }))
  history.delivered(delivery(3, { consumer: 'e' }))
  assert.deepEqual(violations(history), {
    abandoned: 1,
    reordered: 1,
    duplicated: 2,
    resurrected: 2,
  })
})

test('a stream is never settled, and nothing in it is abandoned', () => {
  const history = acked(2)
  history.delivered(delivery(0))
  history.delivered(delivery(1))
  assert.deepEqual(violations(history), {})
})

test('of many violations the first few are named and all are counted', () => {
  const verdict = acked(1_000).judge()
  assert.equal(verdict.violations.get('lost'), 1_000)
  assert.equal(verdict.examples.length, 5)
  assert.equal(verdict.examples[0], 'lost: p 0 in q')
})

test('any single change to a good history is found', () => {
  const count = 50
  for (let seed = 0; seed < 200; seed++) {
    const random = new SeededRandom(seed)
    const at = below(random, count)
    const change = ['drop', 'double', 'swap', 'invent'][seed % 4]
    const order = Array.from({ length: count }, (_, counter) => counter)
    if (change === 'drop') order.splice(at, 1)
    if (change === 'double') order.splice(below(random, count), 0, at)
    if (change === 'invent') order.splice(at, 0, count + at)
    const other = (at + 1 + below(random, count - 1)) % count
    if (change === 'swap') [order[at], order[other]] = [order[other]!, order[at]!]
    const history = acked(count)
    for (const counter of order) history.delivered(delivery(counter))
    assert.ok(history.judge().violations.size > 0, `${change} ${at}`)
  }
})

test('a million messages are judged in one pass', () => {
  const history = acked(1_000_000)
  for (let counter = 0; counter < 1_000_000; counter++) history.delivered(delivery(counter))
  assert.deepEqual(violations(history), {})
})

test('a counter that is none is a mistake of the test', () => {
  assert.throws(() => new History().attempted(message(-1)), Panic)
  assert.throws(() => new History().acked(message(0.5)), Panic)
})

test('who hears late may hear of a first delivery after the second was heard of, and of one only', () => {
  const history = acked(1)
  history.delivered(delivery(0, { redelivered: 'redelivered' }))
  history.delivered(delivery(0, { consumer: 'far', told: 'late' }))
  history.settled(message(0))
  assert.deepEqual([...history.judge().violations], [])
  history.delivered(delivery(0, { consumer: 'farther', told: 'late' }))
  assert.equal(history.judge().violations.get('duplicated'), 1)
})

test('what expires may be gone once its time is over, delivered before or not, and not a moment sooner', () => {
  const history = acked(3)
  for (let counter = 0; counter < 3; counter++) history.expires(message(counter), 100 + counter)
  history.settled(message(9, 'q', 'other'))
  history.delivered(delivery(0)) // and given back
  history.passed(100)
  assert.deepEqual(violations(history), { lost: 2 })
  history.passed(102)
  assert.equal(history.judge().notices.get('expired'), 3)
  assert.equal(history.judge().violations.has('lost'), false)
})

/**
 * Brokers that are wrong on purpose: for each flaw some seed of the world notices. A flaw replaces one method of the
 * real broker for as long as its test runs.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Commits } from '../../src/broker/commits.ts'
import { Dispatcher } from '../../src/broker/dispatcher.ts'
import { PartitionDesks } from '../../src/broker/partitions.ts'
import { Group } from '../../src/machine/group.ts'
import { Machine } from '../../src/machine/machine.ts'
import { TRANSIENT } from '../../src/machine/page.ts'
import { Queue } from '../../src/machine/queue.ts'
import { withStrays } from './strays.ts'
import { runWorld } from './world.ts'

const SEEDS_MAX = 40 // each flaw below is found within a few

/** Replaces a method; answers what puts it back. */
function replace<T, K extends keyof T>(
  prototype: T,
  name: K,
  change: (real: T[K]) => T[K],
): () => void {
  const real = prototype[name]
  prototype[name] = change(real)
  return () => {
    prototype[name] = real
  }
}

type Flaw = {
  readonly what: string
  readonly plant: () => () => void
  readonly noticedAs: RegExp
}

const flaws: readonly Flaw[] = [
  {
    what: 'confirms what is not durable yet',
    plant: () =>
      replace(Commits.prototype, 'settle', (real) => {
        return function settle(this: Commits, through) {
          real.call(this, through + 20)
        }
      }),
    noticedAs: /lost|was a\d|settled later/,
  },
  {
    what: 'lets records be read before they are durable',
    plant: () =>
      replace(PartitionDesks.prototype, 'visibleOffset', () => (partition) => partition.nextOffset),
    noticedAs: /was a\d|offsets are dense|what is visible is there/,
  },
  {
    what: 'forgets at a restart what may have been delivered',
    plant: () => replace(Queue.prototype, 'restarted', () => () => undefined),
    noticedAs: /duplicated/,
  },
  {
    what: 'drops what is given back',
    plant: () =>
      replace(Queue.prototype, 'giveBack', () => {
        return function giveBack(this: Queue, sequence) {
          if (this.stateOf(sequence) !== 0) this.settle(sequence)
        }
      }),
    noticedAs: /lost|after the start|before the stop|released|reference|no such message/,
  },
  {
    what: 'gives messages back as if nobody had seen them',
    plant: () =>
      replace(Dispatcher.prototype, 'giveBack', (real) => {
        return function giveBack(this: Dispatcher, queue, from, count) {
          real.call(this, queue, from, count, 0)
        }
      }),
    noticedAs: /duplicated/,
  },
  {
    what: 'settles without writing it down',
    plant: () =>
      replace(Dispatcher.prototype, 'settle', (real) => {
        return function settle(this: Dispatcher, queue, from, count) {
          if (queue.durable && from % 7 === 0) queue.settle(from)
          else real.call(this, queue, from, count)
        }
      }),
    noticedAs: /after the start|before the stop|resurrected|duplicated/,
  },
  {
    what: 'keeps bodies that nobody refers to',
    plant: () =>
      replace(Machine.prototype, 'settle', () => {
        return function settle(this: Machine, queue, from, count) {
          for (let sequence = from; sequence < from + count; sequence++) {
            if ((queue.stateOf(sequence) & TRANSIENT) === 0) queue.settle(sequence)
          }
        }
      }),
    noticedAs: /after the start|before the stop/,
  },
  {
    what: 'forgets the offsets of groups at a restart',
    plant: () => replace(Group.prototype, 'apply', () => () => undefined),
    noticedAs: /came back at/,
  },
]

/** What the first seed that fails says; null when none does. */
async function noticed({ plant }: Flaw): Promise<string | null> {
  const heal = plant()
  try {
    for (let seed = 0; seed < SEEDS_MAX; seed++) {
      const [outcome] = await Promise.allSettled([withStrays(() => runWorld(seed))])
      if (outcome.status === 'rejected') return String(outcome.reason)
    }
    return null
  } finally {
    heal()
  }
}

// Before the first test: from there on node:test follows every promise, and a seed takes three times as long.
const findings = new Map<Flaw, string | null>()
for (const flaw of flaws) findings.set(flaw, await noticed(flaw))

for (const flaw of flaws) {
  test(`a broker that ${flaw.what} is found out`, () => {
    const finding = findings.get(flaw)
    assert(typeof finding === 'string', 'no seed noticed')
    assert.match(finding, flaw.noticedAs)
  })
}

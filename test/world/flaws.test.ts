/** Brokers that are wrong on purpose: for each flaw some seed of the world notices. */
import { Commits } from '../../src/broker/commits.ts'
import { Dispatcher } from '../../src/broker/dispatcher.ts'
import { Expiry } from '../../src/broker/expiry.ts'
import { PartitionDesks } from '../../src/broker/partitions.ts'
import { Group } from '../../src/machine/group.ts'
import { LargeBodies } from '../../src/machine/large-body.ts'
import { Machine } from '../../src/machine/machine.ts'
import { TRANSIENT } from '../../src/machine/page.ts'
import { Queue } from '../../src/machine/queue.ts'
import { type Flaw, flawTests, replace } from './flaw.ts'
import { runWorld } from './world.ts'

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
    what: 'keeps the fragments of large bodies that are gone',
    plant: () => replace(LargeBodies.prototype, 'release', () => () => undefined),
    noticedAs: /after the start|before the stop/,
  },
  {
    what: 'hands out messages whose time is over',
    plant: () => replace(Expiry.prototype, 'drops', () => () => false),
    noticedAs: /came \d+ ms after its time/,
  },
  {
    what: 'lets messages go before their time',
    plant: () =>
      replace(Queue.prototype, 'expiryOf', (real) => {
        return function expiryOf(this: Queue, sequence) {
          return Math.min(real.call(this, sequence), 1)
        }
      }),
    noticedAs: /before its time|lost|a limit is as asked for/,
  },
  {
    what: 'keeps for ever what came back after its time',
    plant: () =>
      replace(Queue.prototype, 'giveBack', (real) => {
        return function giveBack(this: Queue, sequence, counted) {
          real.call(this, sequence, counted)
          if (this.expiryOf(sequence) > 0) this.setExpiry(sequence, 2 ** 48, 0)
        }
      }),
    noticedAs: /after its time|before the stop/,
  },
  {
    what: 'forgets the offsets of groups at a restart',
    plant: () => replace(Group.prototype, 'apply', () => () => undefined),
    noticedAs: /came back at/,
  },
]

await flawTests(flaws, runWorld)

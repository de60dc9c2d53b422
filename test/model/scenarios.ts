/** The cases that are explored, small enough to be told in a line each. */
import type { RingWorldOptions } from './ring-model.ts'

export interface Scenario {
  readonly name: string
  readonly world: Partial<RingWorldOptions>
  /** Who dies, at every step of its own; `null`: nobody. */
  readonly mortal: string | null
}

/** Takes whatever comes, until the end. */
const all = Number.POSITIVE_INFINITY

/** The ring has 8 granules: two messages of 3 fill it, one of 4 must go in parts. */
export const ringScenarios: readonly Scenario[] = [
  {
    name: 'one to one, both find the other asleep',
    world: { producers: [[1, 1]], consumers: [2] },
    mortal: null,
  },
  {
    name: 'one to one, the ring wraps and fills',
    world: { producers: [[2, 3, 3]], consumers: [3] },
    mortal: null,
  },
  {
    name: 'one to one, one message at a time',
    world: { producers: [[1, 1]], consumers: [2], capacity: 1 },
    mortal: null,
  },
  {
    name: 'the end comes while the receiver falls asleep',
    world: { producers: [[1]], consumers: [all], closers: [0] },
    mortal: null,
  },
  {
    name: 'the end comes while another writes',
    world: { producers: [[1], []], consumers: [all, all], closers: [1] },
    mortal: null,
  },
  {
    name: 'two producers take turns',
    world: { producers: [[1], [1]], consumers: [2] },
    mortal: null,
  },
  {
    name: 'two producers wait for room',
    world: { producers: [[3, 3], [3]], consumers: [3] },
    mortal: null,
  },
  {
    name: 'two consumers want the same message',
    world: { producers: [[1, 1]], consumers: [1, 1] },
    mortal: null,
  },
  {
    name: 'the only producer dies',
    world: { producers: [[1]], consumers: [all], closers: [0] },
    mortal: 'producer 0',
  },
  {
    name: 'the only consumer dies while the ring is full',
    world: { producers: [[3, 3, 3]], consumers: [all], closers: [0] },
    mortal: 'consumer 0',
  },
  {
    name: 'one of two producers dies',
    world: { producers: [[1], [1]], consumers: [all], closers: [1] },
    mortal: 'producer 0',
  },
  {
    name: 'one of two consumers dies',
    world: { producers: [[1, 1]], consumers: [all, all], closers: [0] },
    mortal: 'consumer 0',
  },
  {
    name: 'a message in parts',
    world: { producers: [[4]], consumers: [1] },
    mortal: null,
  },
  {
    name: 'a message in parts and one behind it, for two consumers',
    world: { producers: [[4, 1]], consumers: [all, all], closers: [0] },
    mortal: null,
  },
  {
    name: 'the sender of parts dies, another goes on',
    world: { producers: [[4], [1]], consumers: [all], closers: [1] },
    mortal: 'producer 0',
  },
  {
    name: 'the receiver of parts dies, another goes on',
    world: { producers: [[4, 1]], consumers: [all, all], closers: [0] },
    mortal: 'consumer 0',
  },
]

/** Too large to explore; walked through at random. */
export const largeScenarios: readonly {
  readonly world: Partial<RingWorldOptions>
  readonly mortals: readonly string[]
}[] = [
  {
    world: {
      producers: [
        [1, 3, 2, 1],
        [2, 2, 1],
        [3, 1],
      ],
      consumers: [all, all, all],
      closers: [0],
    },
    mortals: ['producer 1', 'producer 2', 'consumer 0', 'consumer 1', 'nobody'],
  },
  {
    world: {
      producers: [
        [4, 1, 5, 2],
        [1, 4, 1],
      ],
      consumers: [all, all],
      closers: [0],
    },
    mortals: ['producer 1', 'consumer 0', 'consumer 1', 'nobody'],
  },
  {
    world: {
      producers: [
        [1, 1, 1],
        [1, 1, 1],
      ],
      consumers: [all, all],
      closers: [0],
      capacity: 2,
    },
    mortals: ['producer 1', 'consumer 0', 'nobody'],
  },
]

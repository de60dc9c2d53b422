/** The cases that are explored, small enough to be told in a line each. */
import type { BarrierWorldOptions, Deed } from './barrier-model.ts'
import type { HoldingsWorldOptions } from './holdings-model.ts'
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
  {
    // Once the pad is passed, its place comes to hold the beginning of another frame.
    name: 'a pad among the parts of a message, and a lap of messages behind it',
    world: {
      producers: [[8], [7, 2, 1]],
      consumers: [all, all],
      closers: [1],
      granules: 16,
      startsAt: 5,
    },
    mortal: null,
  },
  {
    name: 'the sender of parts gives up at any moment',
    world: { producers: [[4, 1]], consumers: [all], closers: [0], impatient: ['producer 0'] },
    mortal: null,
  },
  {
    name: 'the sender of parts gives up, and sends others in parts',
    world: { producers: [[4, 4]], consumers: [all, all], closers: [0], impatient: ['producer 0'] },
    mortal: null,
  },
  {
    name: 'who waits for room gives up at any moment',
    world: {
      producers: [[3, 3], [3]],
      consumers: [all],
      closers: [0],
      impatient: ['producer 1'],
    },
    mortal: null,
  },
  {
    name: 'who waits for a message gives up at any moment',
    world: { producers: [[1, 1]], consumers: [1, all], closers: [0], impatient: ['consumer 0'] },
    mortal: null,
  },
  {
    name: 'the receiver of parts gives up at any moment, another goes on',
    world: { producers: [[4, 1]], consumers: [1, all], closers: [0], impatient: ['consumer 0'] },
    mortal: null,
  },
  {
    name: 'the receiver of parts gives up at any moment, and asks again',
    world: { producers: [[4, 1]], consumers: [all, all], closers: [0], impatient: ['consumer 0'] },
    mortal: null,
  },
  {
    name: 'both sides of a message in parts give up',
    world: {
      producers: [[4, 4]],
      consumers: [1, all],
      closers: [0],
      impatient: ['producer 0', 'consumer 0'],
    },
    mortal: null,
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
  {
    world: {
      producers: [
        [4, 1, 4, 2],
        [1, 4, 1],
      ],
      consumers: [1, all, all],
      closers: [0],
      impatient: ['producer 0', 'producer 1', 'consumer 0', 'consumer 1'],
    },
    mortals: ['nobody'],
  },
]

export interface BarrierScenario {
  readonly name: string
  readonly world: BarrierWorldOptions
  readonly mortal: string | null
}

const twice: readonly Deed[] = ['wait', 'wait']

export const barrierScenarios: readonly BarrierScenario[] = [
  {
    name: 'two parties meet again and again',
    world: { parties: 2, actors: [twice, twice], acts: false },
    mortal: null,
  },
  {
    name: 'two parties with an action',
    world: { parties: 2, actors: [twice, twice], acts: true },
    mortal: null,
  },
  {
    name: 'three parties meet',
    world: { parties: 3, actors: [['wait'], ['wait'], ['wait']], acts: false },
    mortal: null,
  },
  {
    name: 'one arrives without waiting, and runs ahead of the action',
    world: { parties: 2, actors: [['arrive', 'arrive', 'close'], twice], acts: true },
    mortal: null,
  },
  {
    name: 'one gives up while the other arrives',
    world: { parties: 2, actors: [['give up'], ['wait']], acts: false },
    mortal: null,
  },
  {
    name: 'one gives up while the action of its round runs',
    world: { parties: 2, actors: [['give up'], ['wait']], acts: true },
    mortal: null,
  },
  {
    name: 'somebody breaks and resets it while others meet',
    world: { parties: 2, actors: [['wait'], ['wait'], ['break', 'reset', 'close']], acts: false },
    mortal: null,
  },
  {
    name: 'two reset it at once while one waits, who gives up then',
    world: { parties: 2, actors: [['wait'], ['reset', 'break'], ['reset', 'close']], acts: false },
    mortal: null,
  },
  {
    name: 'one joins, and completes the round by leaving',
    world: {
      parties: 2,
      actors: [['register', 'wait'], ['wait'], ['deregister', 'close']],
      acts: true,
    },
    mortal: null,
  },
  {
    name: 'one dies while the other waits',
    world: { parties: 2, actors: [twice, twice], acts: false },
    mortal: 'party 0',
  },
  {
    name: 'one dies in its action',
    world: { parties: 2, actors: [['wait'], ['wait']], acts: true },
    mortal: 'party 0',
  },
  {
    name: 'one dies while it resets',
    world: { parties: 2, actors: [['break', 'reset', 'close'], ['wait']], acts: false },
    mortal: 'party 0',
  },
]

export interface HoldingsScenario {
  readonly name: string
  readonly world: HoldingsWorldOptions
  readonly mortal: string | null
}

export const holdingsScenarios: readonly HoldingsScenario[] = [
  {
    name: 'two want the one permit twice',
    world: {
      permits: 1,
      actors: [
        [1, 1],
        [1, 1],
      ],
    },
    mortal: null,
  },
  {
    name: 'three want the one permit',
    world: { permits: 1, actors: [[1], [1], [1]] },
    mortal: null,
  },
  {
    name: 'one wants all permits, others one',
    world: { permits: 2, actors: [[2], [1], [1]] },
    mortal: null,
  },
  {
    name: 'the holder dies, or who waits, or who looks',
    world: { permits: 1, actors: [[1], [1]] },
    mortal: 'party 0',
  },
  {
    name: 'one of three dies',
    world: { permits: 1, actors: [[1], [1], [1]] },
    mortal: 'party 1',
  },
]

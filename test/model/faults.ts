/** Mistakes that the exploration must find, each in the code itself: else it proves nothing. */
import type { Sleeping } from './barrier-model.ts'
import type { Fault } from './stepwise.ts'

export interface PlantedFault extends Fault {
  readonly name: string
  /** The scenario, by name, that shows it. */
  readonly scenario: string
}

export interface PlantedBarrierFault extends PlantedFault {
  readonly sleeping: Sleeping
}

export const ringFaults: readonly PlantedFault[] = [
  {
    name: 'a sleeper does not look again after it has said that it sleeps',
    module: 'sleep',
    text: 'set = what.attempt(); // S3',
    instead: '// S3',
    scenario: 'one to one, both find the other asleep',
  },
  {
    name: 'a sleeper reads its epoch only after it has looked',
    module: 'sleep',
    text: 'const napMs =',
    instead: 'nap.epoch = Atomics.load(seat.roster.words, seat.epochAt); const napMs =',
    scenario: 'one to one, both find the other asleep',
  },
  {
    name: 'a reader does not ask whether another was faster',
    module: 'ring-read',
    text: 'if (Atomics.compareExchange(ring.words, ring.headAt, peeked, next) !== peeked)\n        return false;',
    instead: 'Atomics.store(ring.words, ring.headAt, next);',
    scenario: 'two consumers want the same message',
  },
  {
    name: 'a reader trusts a tail that it saw before another reader came',
    module: 'ring-read',
    text: 'head === ring.tailSeen || head !== ring.headMine',
    instead: 'head === ring.tailSeen',
    scenario: 'two consumers want the same message',
  },
  {
    name: 'the tail moves before the payload is there',
    module: 'ring-write',
    text: 'const size = message.fill(ring.bytes, place); // P3',
    instead:
      'publish(ring, message.room, frameOf(kind.whole, message.tag)); const size = message.fill(ring.bytes, place); return READY; // P3',
    scenario: 'one to one, both find the other asleep',
  },
  {
    name: 'a writer does not look where the readers are',
    module: 'ring-write',
    text: 'if (((tail - head) | 0) + pad + needed > granules)\n            return NOTHING;',
    instead: '',
    scenario: 'one to one, the ring wraps and fills',
  },
  {
    name: 'a writer that has finished wakes no other',
    module: 'ring-write',
    text: 'wakeOne(ring.roster, sets.turn);',
    instead: '',
    scenario: 'two producers take turns',
  },
  {
    name: 'the last writer of a closed ring tells nobody that it is through',
    module: 'ring-write',
    text: 'wakeAll(ring.roster, sets.items);',
    instead: '',
    scenario: 'the end comes while another writes',
  },
  {
    name: 'nobody takes the writer word from the dead',
    module: 'ring-write',
    text: 'if (before !== owner && ownerLives(ring.roster, before))',
    instead: 'if (before !== owner)',
    scenario: 'one of two producers dies',
  },
  {
    name: 'a burial wakes nobody',
    module: 'roster',
    text: 'spreadNews(roster);\n    wakeEverybody(roster);',
    instead: 'spreadNews(roster);',
    scenario: 'the only producer dies',
  },
  {
    name: 'whoever has put parts together wakes nobody',
    module: 'ring-parts',
    text: 'wakeAll(ring.roster, sets.reader);',
    instead: 'void 0;',
    scenario: 'a message in parts and one behind it, for two consumers',
  },
  {
    name: 'parts of a dead reader stay where they are',
    module: 'ring-parts',
    text: 'if (reader !== 0 && ownerLives(ring.roster, reader))',
    instead: 'if (reader !== 0)',
    scenario: 'the receiver of parts dies, another goes on',
  },
  {
    name: 'a reader of parts believes what it sees where a pad was',
    module: 'ring-parts',
    text: 'assembly.active && !isStillOldest(ring)',
    instead: 'false',
    scenario: 'a pad among the parts of a message, and a lap of messages behind it',
  },
  {
    name: 'a sender of parts that gives up stays the writer',
    module: 'ring-parts',
    text: 'parcel.held = false;\n    unlockWriter(ring);',
    instead: 'parcel.held = false;',
    scenario: 'the sender of parts gives up at any moment',
  },
  {
    name: 'who brings in a message that was given up goes on with the next',
    module: 'ring-parts',
    text: 'kindFound(ring) === kind.first',
    instead: 'false',
    scenario: 'both sides of a message in parts give up',
  },
]

export const barrierFaults: readonly PlantedBarrierFault[] = [
  {
    name: 'the last to arrive wakes nobody',
    module: 'rounds',
    text: 'if (acts)\n            return ACTING;\n        wakeParties(rounds);\n        return PASSED;\n    }\n}\n/**\n * What',
    instead:
      'if (acts)\n            return ACTING;\n        return PASSED;\n    }\n}\n/**\n * What',
    scenario: 'two parties meet again and again',
    sleeping: 'all block',
  },
  {
    name: 'a release wakes nobody',
    module: 'rounds',
    text: 'state - (1 << shift.full)) !== state)\n            continue;\n        wakeParties(rounds);',
    instead: 'state - (1 << shift.full)) !== state)\n            continue;',
    scenario: 'two parties with an action',
    sleeping: 'all block',
  },
  {
    name: 'a round with an action counts as over before it has run',
    module: 'rounds',
    text: 'return (rounds.generation - fullOf(state)) | 0;',
    instead: 'return rounds.generation;',
    scenario: 'two parties with an action',
    sleeping: 'all block',
  },
  {
    name: 'the generation is read only after the state',
    module: 'rounds',
    text: 'const known = Atomics.load(words, generationAt);\n        const state = Atomics.load(words, stateAt);',
    instead:
      'const state = Atomics.load(words, stateAt);\n        const known = Atomics.load(words, generationAt);',
    scenario: 'two parties with an action',
    sleeping: 'all block',
  },
  {
    name: 'a reset is taken for a round that was passed',
    module: 'rounds',
    text: 'return wasReset(rounds, ticket) ? BROKEN : PASSED;',
    instead: 'return PASSED;',
    scenario: 'somebody breaks and resets it while others meet',
    sleeping: 'all block',
  },
  {
    name: 'a reset is counted only after it can be seen',
    module: 'rounds',
    text: 'Atomics.add(words, rounds.resetsAt, 1);',
    instead: '',
    scenario: 'somebody breaks and resets it while others meet',
    sleeping: 'all block',
  },
  {
    name: 'who gives up breaks a round that is over',
    module: 'rounds',
    text: 'if (isOver || reasonOf(state) !== 0)',
    instead: 'if (reasonOf(state) !== 0)',
    scenario: 'one gives up while the other arrives',
    sleeping: 'all block',
  },
  {
    name: 'a death breaks nothing',
    module: 'rounds',
    text: "breakRounds(rounds, 'lost');",
    instead: '',
    scenario: 'one dies while the other waits',
    sleeping: 'all block',
  },
  {
    name: 'only those who block are woken',
    module: 'rounds',
    text: 'wakeAll(roster, roundsSet);',
    instead: '',
    scenario: 'two parties meet again and again',
    sleeping: 'the second awaits',
  },
  {
    name: 'only those who await are woken',
    module: 'rounds',
    text: 'ringBell(roster);',
    instead: '',
    scenario: 'two parties meet again and again',
    sleeping: 'the second awaits',
  },
  {
    name: 'who sleeps on the bell does not say so',
    module: 'roster',
    text: 'if (Atomics.compareExchange(words, bellAt, bell, bell | 1) === bell)\n            return bell | 1;',
    instead: 'return bell;',
    scenario: 'two parties meet again and again',
    sleeping: 'all block',
  },
  {
    name: 'who sleeps on the bell does not look again',
    module: 'sleep',
    text: 'if (what.attempt() === READY)\n            return true; // S3',
    instead: '',
    scenario: 'two parties meet again and again',
    sleeping: 'all block',
  },
  {
    name: 'the bell wakes one of those who sleep on it',
    module: 'roster',
    text: 'continue;\n        Atomics.notify(words, bellAt);',
    instead: 'continue;\n        Atomics.notify(words, bellAt, 1);',
    scenario: 'three parties meet',
    sleeping: 'all block',
  },
  {
    name: 'a death does not ring the bell',
    module: 'roster',
    text: 'Atomics.add(roster.words, roster.bellAt, 2);\n    Atomics.notify(roster.words, roster.bellAt);',
    instead: '',
    scenario: 'one dies while the other waits',
    sleeping: 'all block',
  },
]

export const holdingsFaults: readonly PlantedFault[] = [
  {
    name: 'whoever looks through the holdings does not lock them',
    module: 'holdings',
    text: 'if (before !== seat.owner && ownerLives(roster, before))\n            continue;\n        if (Atomics.compareExchange(words, lockAt, before, seat.owner) === before)\n            return true;',
    instead: 'return true;',
    scenario: 'two want the one permit twice',
  },
  {
    name: 'the lock of the dead is never taken',
    module: 'holdings',
    text: 'if (before !== seat.owner && ownerLives(roster, before))',
    instead: 'if (before !== seat.owner)',
    scenario: 'the holder dies, or who waits, or who looks',
  },
  {
    name: 'what the dead held stays held',
    module: 'holdings',
    text: 'words[heldAt + seat] = 0;',
    instead: '',
    scenario: 'the holder dies, or who waits, or who looks',
  },
  {
    name: 'nobody is woken when the lock is given back',
    module: 'holdings',
    text: 'wakeOne(holdings.roster, holdingSets.turn);',
    instead: '',
    scenario: 'two want the one permit twice',
  },
  {
    name: 'nobody is woken when a permit comes free',
    module: 'holdings',
    text: 'wakeOne(roster, holdingSets.held);',
    instead: 'void 0;',
    scenario: 'two want the one permit twice',
  },
]

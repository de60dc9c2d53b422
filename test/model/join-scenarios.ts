/** The cases of joining that are explored, and the mistakes that the exploration must find. */
import type { PlantedFault } from './faults.ts'
import type { JoinDeed } from './join-model.ts'

export interface JoinScenario {
  readonly name: string
  readonly actors: readonly (readonly JoinDeed[])[]
  /** Who dies, at every step of its own; `null`: nobody. */
  readonly mortal: string | null
}

export const joinScenarios: readonly JoinScenario[] = [
  {
    name: 'who puts joins, another works',
    actors: [['put', 'put', 'join', 'close'], ['take all']],
    mortal: null,
  },
  {
    name: 'two work, and one of them was last',
    actors: [['put', 'put', 'join'], ['take one'], ['take one']],
    mortal: null,
  },
  {
    name: 'one joins while two put',
    actors: [['put', 'join'], ['put'], ['take one'], ['take one']],
    mortal: null,
  },
  {
    name: 'two join',
    actors: [['put', 'join'], ['join'], ['take one', 'join']],
    mortal: null,
  },
  {
    name: 'a message in parts is done',
    actors: [['put large', 'join'], ['take one']],
    mortal: null,
  },
  {
    name: 'who puts dies: what came in can be done',
    actors: [
      ['put', 'put', 'close'],
      ['take all', 'join'],
    ],
    mortal: 'party 0',
  },
  {
    name: 'who puts parts dies: what did not come in is not missed',
    actors: [
      ['put', 'put large', 'close'],
      ['take all', 'join'],
    ],
    mortal: 'party 0',
  },
  {
    name: 'the only one who works dies',
    actors: [['put', 'put', 'join', 'close'], ['take all']],
    mortal: 'party 1',
  },
  {
    name: 'one of two who work dies',
    actors: [['put', 'put', 'join', 'close'], ['take all'], ['take all']],
    mortal: 'party 1',
  },
  {
    name: 'one who takes parts dies, another works',
    actors: [['put large', 'join', 'close'], ['take all'], ['take all']],
    mortal: 'party 1',
  },
  {
    name: 'who works leaves without a word',
    actors: [['put', 'join'], ['take one to keep']],
    mortal: null,
  },
  {
    name: 'who works leaves without a word, and another takes its seat',
    actors: [['put', 'put', 'join'], ['take one to keep'], ['come late', 'take one', 'join']],
    mortal: null,
  },
  {
    name: 'the oldest is thrown away, unless somebody takes it',
    actors: [['put', 'put', 'drop one', 'join', 'close'], ['take all']],
    mortal: null,
  },
  {
    name: 'what is inside is thrown away',
    actors: [['put', 'put', 'close now', 'join'], ['take all']],
    mortal: null,
  },
  {
    name: 'what is inside is thrown away while another puts and another joins',
    actors: [['put', 'close now'], ['put', 'put'], ['join'], ['take all']],
    mortal: null,
  },
  {
    name: 'what is inside is thrown away while somebody adds up',
    actors: [['put', 'close now', 'join'], ['join']],
    mortal: null,
  },
  {
    name: 'a message in parts is thrown away',
    actors: [['put large', 'close now', 'join'], ['take all']],
    mortal: null,
  },
]

export const joinFaults: readonly PlantedFault[] = [
  {
    name: 'a done tells nobody',
    module: 'tally',
    text: 'if (!isAwaited(roster, sets.joined))\n        return;',
    instead: 'return;',
    scenario: 'who puts joins, another works',
  },
  {
    name: 'a done looks before it counts',
    module: 'tally',
    text: 'Atomics.store(words, at + tallied.done, words[at + tallied.done] + 1);\n    if (!isAwaited(roster, sets.joined))\n        return;',
    instead:
      'if (!isAwaited(roster, sets.joined)) { Atomics.store(words, at + tallied.done, words[at + tallied.done] + 1); return; } Atomics.store(words, at + tallied.done, words[at + tallied.done] + 1);',
    scenario: 'who puts joins, another works',
  },
  {
    name: 'puts are read before dones',
    module: 'tally',
    text: 'const done = doneInAll(ring);\n    return (messagesPut(ring) - done) | 0;',
    instead: 'const put = messagesPut(ring); return (put - doneInAll(ring)) | 0;',
    scenario: 'one joins while two put',
  },
  {
    name: 'a message counts as put before it is in',
    module: 'ring-write',
    text: 'words[next] =',
    instead: 'words[now] = words[next] =',
    scenario: 'who puts dies: what came in can be done',
  },
  {
    name: 'nobody says that it is about to take something',
    module: 'ring-read',
    text: 'words[tallyAt + tallied.begun] = taken + 1; // T1',
    instead: '',
    scenario: 'one of two who work dies',
  },
  {
    name: 'what a dead one was about to take is never missed',
    module: 'tally',
    text: 'if (!isAdrift(ring))\n        return sets.joined;',
    instead: 'return sets.joined;',
    scenario: 'one of two who work dies',
  },
  {
    name: 'who takes something in vain does not say so',
    module: 'ring-read',
    text: 'Atomics.store(words, tallyAt + tallied.begun, taken);',
    instead: '',
    scenario: 'one of two who work dies',
  },
  {
    name: 'who skips what a dead one had begun does not count it as lost',
    module: 'ring-parts',
    text: 'forgo(ring);',
    instead: 'void 0;',
    scenario: 'one who takes parts dies, another works',
  },
  {
    name: 'who leaves with something in hand tells nobody',
    module: 'tally',
    text: 'if (inHand !== 0)\n        wakeAll(roster, sets.joined);',
    instead: '',
    scenario: 'who works leaves without a word',
  },
  {
    name: 'who takes a seat forgets what was left there',
    module: 'tally',
    text: 'Atomics.store(words, at + tallied.lost, lost);',
    instead: '',
    scenario: 'who works leaves without a word, and another takes its seat',
  },
  {
    name: 'the last writer of a closed ring tells nobody who joins that it is through',
    module: 'ring-write',
    text: 'wakeAll(ring.roster, sets.joined);',
    instead: '',
    scenario: 'what is inside is thrown away while another puts and another joins',
  },
  {
    name: 'the oldest is thrown away and not said to be done',
    module: 'ring-read',
    text: 'countDone(ring);',
    instead: '',
    scenario: 'the oldest is thrown away, unless somebody takes it',
  },
  {
    name: 'what has just been thrown away counts as lost',
    module: 'tally',
    text: 'if (!isAdrift(ring))\n        return sets.joined;',
    instead: 'return isAdrift(ring) ? LOST : sets.joined;',
    scenario: 'what is inside is thrown away while somebody adds up',
  },
  {
    name: 'what is thrown away can still be taken',
    module: 'tally',
    text: 'const swept = sweep(ring);',
    instead: 'const swept = READY;',
    scenario: 'what is inside is thrown away',
  },
]

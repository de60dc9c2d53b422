/**
 * The long runs, as a table: what each proves and the command that proves it. A proof is added by
 * adding a line here; how lines are run and told is proof.ts's work.
 */

export interface Proof {
  readonly name: string
  /** What it proves, in a few words. */
  readonly about: string
  /** Outside tools that it cannot do without; where one is missing the proof is `not run`. */
  readonly needs: readonly string[]
  /**
   * What to start, from the root, after a build. `node` is the Node that runs the proofs. Exit code
   * 0 is proved, 3 is not run, with the reason as the last line of output; all else is a failure.
   */
  readonly command: readonly string[]
  /** After this long it is killed and has failed. */
  readonly limitMs: number
}

const MINUTE_MS = 60_000

export const proofs: readonly Proof[] = [
  {
    name: 'nodes',
    about: 'all tests on Node 22, 24 and 26',
    needs: ['npm'],
    command: ['node', 'build/scripts/proof-nodes.js'],
    limitMs: 40 * MINUTE_MS,
  },
  {
    name: 'fresh',
    about: 'a clean clone starts and passes with only Node and npm',
    needs: ['git', 'npm'],
    command: ['node', 'build/scripts/fresh.js'],
    limitMs: 60 * MINUTE_MS,
  },
  {
    name: 'sync',
    about: 'no acknowledgement leaves before the sync of what it acknowledges',
    needs: ['strace'],
    command: ['node', 'build/scripts/audit-sync.js'],
    limitMs: 10 * MINUTE_MS,
  },
  {
    name: 'stress',
    about: 'ten minutes of threads and processes that are killed while they pass messages',
    needs: [],
    command: ['node', 'build/test/stress/main.js', '--minutes', '10', '--seed', '1'],
    limitMs: 20 * MINUTE_MS,
  },
  {
    name: 'kill',
    about: '200 kills of a process that appends, nothing acknowledged lost',
    needs: [],
    command: ['node', 'build/test/kill/main.js', '--kill', '200'],
    limitMs: 30 * MINUTE_MS,
  },
  {
    name: 'crash',
    about: 'every crash state of all sequences of up to three operations of the journal',
    needs: [],
    command: ['node', 'build/test/crash/main.js'],
    limitMs: 120 * MINUTE_MS,
  },
  {
    name: 'faults',
    about:
      'every failure of every disk call of all sequences of up to two operations of the journal',
    needs: [],
    command: ['node', 'build/test/faults/main.js'],
    limitMs: 120 * MINUTE_MS,
  },
  {
    name: 'bits',
    about: 'every single bit of a journal and of a snapshot of 64 KiB',
    needs: [],
    command: ['node', 'build/test/bits/main.js'],
    limitMs: 120 * MINUTE_MS,
  },
  {
    name: 'world',
    about: '20,000 seeds of the world, and 5,000 in which clients speak AMQP and Kafka',
    needs: [],
    command: ['node', 'build/test/world/main.js'],
    limitMs: 120 * MINUTE_MS,
  },
  {
    name: 'planted',
    about: 'every bug that is planted on purpose is noticed by a test',
    needs: [],
    command: ['node', 'build/scripts/planted.js'],
    limitMs: 120 * MINUTE_MS,
  },
  {
    name: 'model',
    about: 'ten minutes of interleavings of the ring in shared memory',
    needs: [],
    command: ['node', 'build/test/model/deep.js', '10'],
    limitMs: 30 * MINUTE_MS,
  },
]

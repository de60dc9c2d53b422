/**
 * Seeds by the ten thousand: `node build/test/world/main.js`, one process for each core. They are none of those that
 * `npm test` plays.
 */
import { proveInShares, shareOf } from '../crash/shares.ts'
import { playProtocols } from './protocol-seeds.ts'
import { runRange, type WorldRun } from './seed-range.ts'
import { runWorld } from './world.ts'

const FIRST = 10_000
const CHUNK = 50 // seeds: a few seconds, then the figures are told
const AGAIN_EVERY = 100

type Part = WorldRun & { readonly name: string; readonly count: number }

const parts: readonly Part[] = [
  { name: 'embedded', count: 20_000, play: runWorld, command: 'npm run sim -- --seed' },
  {
    ...{ name: 'AMQP and Kafka', count: 5_000, play: playProtocols },
    command: 'npm run sim -- --world protocols --seed',
  },
]

type Chunk = { readonly part: Part; readonly first: number }

function* chunks(): Generator<Chunk> {
  for (const part of parts) {
    for (let at = 0; at < part.count; at += CHUNK) yield { part, first: FIRST + at }
  }
}

/** Sums by name: seeds of each part, and what they came to. */
type Counts = Record<string, number>

function add(counts: Counts, more: Readonly<Counts>): void {
  for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count
}

function sum(all: readonly Counts[]): Counts {
  const counts: Counts = {}
  for (const one of all) add(counts, one)
  return counts
}

await proveInShares<Counts>({
  program: import.meta.filename,
  async work(share, tell) {
    const counts: Counts = {}
    for (const { part, first } of shareOf(chunks(), share)) {
      const range = { first, count: CHUNK, againEvery: AGAIN_EVERY }
      const { failures, sums } = await runRange(range, part)
      if (failures.length > 0) throw new Error(failures.join('\n'))
      add(counts, { [`seeds ${part.name}`]: CHUNK, ...sums })
      tell(counts)
    }
  },
  describe: (all) =>
    Object.entries(sum(all))
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  judge(all) {
    const counts = sum(all)
    for (const { name, count } of parts) {
      const played = counts[`seeds ${name}`] ?? 0
      if (played !== count) throw new Error(`only ${played} seeds ${name}`)
    }
  },
})

/** Twins by seed: the same program through the embedded API and through the protocols, compared at every restart. */
import assert from 'node:assert/strict'
import { SeededRandom } from '../../src/base/random.ts'
import { drawProgram, type Operation } from './program.ts'
import { runTwin } from './twin-run.ts'

/** Answers how often each operation found something to do. */
export async function compareTwins(seeds: {
  readonly from: number
  readonly count: number
}): Promise<ReadonlyMap<Operation['kind'], number>> {
  const done = new Map<Operation['kind'], number>()
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed++) {
    const program = drawProgram(new SeededRandom(seed))
    const api = await runTwin(seed, program, 'api')
    const protocols = await runTwin(seed, program, 'protocols')
    assert.deepEqual(protocols.seen, api.seen, `seed ${seed}: what clients saw`)
    assert.deepEqual(protocols.states, api.states, `seed ${seed}: what the restarts found`)
    for (const [index, { kind }] of program.entries()) {
      if (/missing|nothing|differs/.test(api.seen[index]!)) continue
      done.set(kind, (done.get(kind) ?? 0) + 1)
    }
  }
  return done
}

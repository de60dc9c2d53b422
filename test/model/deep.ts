/**
 * Explores as far as it is given time: `node build/test/model/deep.js [minutes]`. Fails with the steps that led to
 * a broken law. Says of each case whether it was explored completely.
 */
import { argv } from 'node:process'
import { SeededRandom } from '../../src/base/random.ts'
import { type Explored, explore, exploreDeaths, wander } from './explorer.ts'
import { ringWorld } from './ring-model.ts'
import { largeScenarios, ringScenarios } from './scenarios.ts'
import { sharedCode } from './shared-code.ts'

/** Some two thousand runs a second. */
const runsPerMinute = 100_000

/** Explores everything, for about so many minutes; prints a line for each case. */
function deep(minutes: number, print: (line: string) => void): void {
  const code = sharedCode()
  const runs = Math.ceil((minutes * runsPerMinute) / (ringScenarios.length + largeScenarios.length))
  for (const { name, world, mortal } of ringScenarios) {
    const start = ringWorld(code, world)
    const explored =
      mortal === null
        ? explore({ start, death: null, runsMax: runs })
        : exploreDeaths({ start, runsMax: Math.ceil(runs / 40) }, mortal)
    print(`${describe(explored)}  ${name}`)
  }
  for (const [index, { world, mortals }] of largeScenarios.entries()) {
    const seed = index + 1
    wander({ start: ringWorld(code, world), random: new SeededRandom(seed), runs, mortals })
    print(`${runs} random runs  seed ${seed}  ${JSON.stringify(world)}`)
  }
}

function describe({ runs, complete }: Explored): string {
  return `${String(runs).padStart(8)} orders, ${complete ? 'all there are' : 'not all      '}`
}

if (argv[1]?.endsWith('deep.js') === true) {
  deep(Number(argv[2] ?? 5), (line) => process.stdout.write(`${line}\n`))
}

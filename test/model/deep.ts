/**
 * Explores as far as it is given time: `node build/test/model/deep.js [minutes]`. Fails with the steps that led to
 * a broken law. Says of each case whether it was explored completely.
 */
import { argv } from 'node:process'
import { SeededRandom } from '../../src/base/random.ts'
import { barrierWorld, sleepings } from './barrier-model.ts'
import { type Explored, explore, exploreDeaths, stall, type World, wander } from './explorer.ts'
import { holdingsWorld } from './holdings-model.ts'
import { joinWorld } from './join-model.ts'
import { joinScenarios } from './join-scenarios.ts'
import { ringWorld } from './ring-model.ts'
import { barrierScenarios, holdingsScenarios, largeScenarios, ringScenarios } from './scenarios.ts'
import { sharedCode } from './shared-code.ts'

/** Some two thousand runs a second. */
const runsPerMinute = 100_000

/** Orders of precedence in which somebody stands still: all of four actors, some of more. */
const ordersMax = 24

/** Explores everything, for about so many minutes; prints a line for each case. */
function deep(minutes: number, print: (line: string) => void): void {
  const code = sharedCode()
  const cases =
    ringScenarios.length +
    joinScenarios.length +
    barrierScenarios.length * sleepings.length +
    holdingsScenarios.length +
    largeScenarios.length
  const runs = Math.ceil((minutes * runsPerMinute) / cases)
  for (const { name, world, mortal } of ringScenarios) {
    const start = ringWorld(code, world)
    print(`${describe(exploreAll(start, mortal, runs))}  ${name}`)
  }
  for (const { name, actors, mortal } of joinScenarios) {
    const start = joinWorld(code, { actors })
    print(`${describe(exploreAll(start, mortal, runs))}  ${name}`)
  }
  for (const { name, world, mortal } of barrierScenarios) {
    for (const sleeping of sleepings) {
      const start = barrierWorld(code, world, sleeping)
      print(`${describe(exploreAll(start, mortal, runs))}  ${name}, ${sleeping}`)
    }
  }
  for (const { name, world, mortal } of holdingsScenarios) {
    const start = holdingsWorld(code, world)
    print(`${describe(exploreAll(start, mortal, runs))}  ${name}`)
  }
  for (const [index, { world, mortals }] of largeScenarios.entries()) {
    const seed = index + 1
    wander({ start: ringWorld(code, world), random: new SeededRandom(seed), runs, mortals })
    print(`${runs} random runs  seed ${seed}  ${JSON.stringify(world)}`)
  }
}

/** A death comes at some forty different steps. */
function exploreAll(start: () => World, mortal: string | null, runs: number): Explored {
  if (mortal !== null) return exploreDeaths({ start, runsMax: Math.ceil(runs / 40) }, mortal)
  stall(start, ordersMax)
  return explore({ start, death: null, runsMax: runs })
}

function describe({ runs, complete }: Explored): string {
  return `${String(runs).padStart(8)} orders, ${complete ? 'all there are' : 'not all      '}`
}

if (argv[1]?.endsWith('deep.js') === true) {
  deep(Number(argv[2] ?? 5), (line) => process.stdout.write(`${line}\n`))
}

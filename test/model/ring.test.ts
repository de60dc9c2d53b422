/** The ring's code, in every order of its steps that a short test has time for; `deep.ts` has more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../src/base/random.ts'
import { explore, exploreDeaths, stall, wander } from './explorer.ts'
import { ringFaults } from './faults.ts'
import { ringWorld } from './ring-model.ts'
import { largeScenarios, ringScenarios } from './scenarios.ts'
import { sharedCode } from './shared-code.ts'

const code = sharedCode()

/** Orders of precedence in which somebody stands still: all of three actors, some of more. */
const ordersMax = 8

for (const { name, world, mortal } of ringScenarios) {
  test(`in any order nothing is lost, doubled, torn or waited for in vain: ${name}`, () => {
    const start = ringWorld(code, world)
    const explored =
      mortal === null
        ? explore({ start, death: null, runsMax: 400 })
        : exploreDeaths({ start, runsMax: 12 }, mortal)
    assert.ok(explored.runs > 0)
    assert.ok(mortal !== null || stall(start, ordersMax) > 0)
  })
}

test('larger worlds keep the law in random orders, with deaths', () => {
  for (const [index, { world, mortals }] of largeScenarios.entries()) {
    const start = ringWorld(code, world)
    wander({ start, random: new SeededRandom(index + 1), runs: 100, mortals })
  }
})

for (const { name, scenario, ...fault } of ringFaults) {
  test(`the exploration notices when ${name}`, () => {
    const chosen = ringScenarios.find((known) => known.name === scenario)
    assert.ok(chosen !== undefined)
    const start = ringWorld(sharedCode(fault), chosen.world)
    assert.throws(() => {
      // Exploring begins with small changes at the end of a run; at random the beginnings have their turn too.
      if (chosen.mortal === null) {
        stall(start, ordersMax)
        explore({ start, death: null, runsMax: 1_000 })
      } else exploreDeaths({ start, runsMax: 100 }, chosen.mortal)
      wander({ start, random: new SeededRandom(1), runs: 10_000, mortals: [] })
    })
  })
}

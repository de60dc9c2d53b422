/** The locks' code, in every order of its steps that a short test has time for; `deep.ts` has more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../src/base/random.ts'
import { explore, exploreDeaths, wander } from './explorer.ts'
import { holdingsFaults } from './faults.ts'
import { holdingsWorld } from './holdings-model.ts'
import { holdingsScenarios } from './scenarios.ts'
import { sharedCode } from './shared-code.ts'

const code = sharedCode()

for (const { name, world, mortal } of holdingsScenarios) {
  test(`in any order no more is held than there is, and all get their turn: ${name}`, () => {
    const start = holdingsWorld(code, world)
    const explored =
      mortal === null
        ? explore({ start, death: null, runsMax: 400 })
        : exploreDeaths({ start, runsMax: 12 }, mortal)
    assert.ok(explored.runs > 0)
    const mortals = mortal === null ? [] : [mortal]
    wander({ start, random: new SeededRandom(1), runs: 200, mortals })
  })
}

for (const { name, scenario, ...fault } of holdingsFaults) {
  test(`the exploration notices when ${name}`, () => {
    const chosen = holdingsScenarios.find((known) => known.name === scenario)
    assert.ok(chosen !== undefined)
    const start = holdingsWorld(sharedCode(fault), chosen.world)
    assert.throws(() => {
      if (chosen.mortal === null) explore({ start, death: null, runsMax: 2_000 })
      else exploreDeaths({ start, runsMax: 100 }, chosen.mortal)
      const mortals = chosen.mortal === null ? [] : [chosen.mortal]
      wander({ start, random: new SeededRandom(1), runs: 10_000, mortals })
    })
  })
}

/** The tally's code, in every order of its steps that a short test has time for; `deep.ts` has more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../src/base/random.ts'
import { explore, exploreDeaths, stall, wander } from './explorer.ts'
import { joinWorld } from './join-model.ts'
import { joinFaults, joinScenarios } from './join-scenarios.ts'
import { sharedCode } from './shared-code.ts'

const code = sharedCode()

/** Orders of precedence in which somebody stands still: all of three actors, some of more. */
const ordersMax = 8

for (const { name, actors, mortal } of joinScenarios) {
  test(`in any order a join ends when all is done or something is lost: ${name}`, () => {
    const start = joinWorld(code, { actors })
    const explored =
      mortal === null
        ? explore({ start, death: null, runsMax: 300 })
        : exploreDeaths({ start, runsMax: 12 }, mortal)
    assert.ok(explored.runs > 0)
    assert.ok(mortal !== null || stall(start, ordersMax) > 0)
    const mortals = mortal === null ? [] : [mortal]
    wander({ start, random: new SeededRandom(1), runs: 200, mortals })
  })
}

for (const { name, scenario, ...fault } of joinFaults) {
  test(`the exploration notices when ${name}`, () => {
    const chosen = joinScenarios.find((known) => known.name === scenario)
    assert.ok(chosen !== undefined)
    const { actors, mortal } = chosen
    const start = joinWorld(sharedCode(fault), { actors })
    assert.throws(() => {
      if (mortal === null) {
        stall(start, ordersMax)
        explore({ start, death: null, runsMax: 1_000 })
      } else exploreDeaths({ start, runsMax: 100 }, mortal)
      const mortals = mortal === null ? [] : [mortal]
      wander({ start, random: new SeededRandom(1), runs: 10_000, mortals })
    })
  })
}

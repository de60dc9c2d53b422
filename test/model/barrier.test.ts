/** The barrier's code, in every order of its steps that a short test has time for; `deep.ts` has more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../src/base/random.ts'
import { barrierWorld, sleepings } from './barrier-model.ts'
import { explore, exploreDeaths, wander } from './explorer.ts'
import { barrierFaults } from './faults.ts'
import { barrierScenarios } from './scenarios.ts'
import { sharedCode } from './shared-code.ts'

const code = sharedCode()

const cases = barrierScenarios.flatMap((scenario) =>
  sleepings.map((sleeping) => ({ ...scenario, sleeping })),
)

for (const { name, world, mortal, sleeping } of cases) {
  test(`in any order all pass together, are told why not, and nobody waits in vain: ${name}, ${sleeping}`, () => {
    const start = barrierWorld(code, world, sleeping)
    const explored =
      mortal === null
        ? explore({ start, death: null, runsMax: 400 })
        : exploreDeaths({ start, runsMax: 12 }, mortal)
    assert.ok(explored.runs > 0)
    wander({
      start,
      random: new SeededRandom(1),
      runs: 200,
      mortals: mortal === null ? [] : [mortal],
    })
  })
}

for (const { name, scenario, sleeping, ...fault } of barrierFaults) {
  test(`the exploration notices when ${name}`, () => {
    const chosen = barrierScenarios.find((known) => known.name === scenario)
    assert.ok(chosen !== undefined)
    const start = barrierWorld(sharedCode(fault), chosen.world, sleeping)
    assert.throws(() => {
      if (chosen.mortal === null) explore({ start, death: null, runsMax: 2_000 })
      else exploreDeaths({ start, runsMax: 100 }, chosen.mortal)
      const mortals = chosen.mortal === null ? [] : [chosen.mortal]
      wander({ start, random: new SeededRandom(1), runs: 10_000, mortals })
    })
  })
}

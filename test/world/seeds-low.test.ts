/** The seeded world, seeds 0 to 749. */
import { seedsTest } from './seeds.ts'

await seedsTest('a broker keeps its promises in every world, first half', {
  first: 0,
  count: 750,
  againEvery: 100,
})

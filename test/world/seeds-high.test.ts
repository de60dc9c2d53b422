/** The seeded world, seeds 750 to 1499. */
import { seedsTest } from './seeds.ts'

seedsTest('a broker keeps its promises in every world, second half', {
  first: 750,
  count: 750,
  againEvery: 100,
})

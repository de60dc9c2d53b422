/** The seeded world, seeds 750 to 1,499. */
import { seedsTest } from './seeds.ts'

await seedsTest('a broker keeps its promises in every world, second half', {
  first: 750,
  count: 750,
  againEvery: 100,
})

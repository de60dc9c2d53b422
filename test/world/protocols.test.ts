/** The seeded world of AMQP and Kafka, seeds 0 to 299. */
import { protocolSeedsTest } from './protocol-seeds.ts'

await protocolSeedsTest('AMQP and Kafka keep their promises in every world', {
  first: 0,
  count: 300,
  againEvery: 50,
})

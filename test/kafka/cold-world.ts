/** A Kafka world on a simulated disk, with topics of which memory has nearly nothing any more. */

import { tinyLimits } from '../journal/journal-world.ts'
import { put } from './consuming.ts'
import { KafkaWorld } from './kafka-world.ts'

export const COLD_BATCHES = 30

/** Each topic has thirty batches of one record, `0 of t xxx...` and so on. */
export async function openColdWorld(topics: readonly string[]): Promise<KafkaWorld> {
  const world = await KafkaWorld.open({
    on: 'disk',
    journalLimits: tinyLimits,
    brokerLimits: { batchBytes: 1_000 },
  })
  for (const topic of topics) await world.topic(topic)
  const client = world.connect()
  for (let index = 0; index < COLD_BATCHES; index++) {
    for (const topic of topics)
      await put(client, [`${index} of ${topic} ${'x'.repeat(500)}`], { topic })
  }
  await world.pass(100)
  return world
}

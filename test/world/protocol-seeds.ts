/** A range of seeds of the world in which clients speak AMQP and Kafka, as one test. */
import { protocolCast, worldConditions } from './protocol-cast.ts'
import type { SeedRange } from './seed-range.ts'
import { rangeTest } from './seeds.ts'
import { playWorld, type WorldReport } from './world.ts'

/** Odd places of the gateways, each of which some seed of every range comes past. */
export const MARKS = [
  'amqp/choked',
  'amqp/gone-before-get',
  'amqp/large-piece-held',
  'amqp/last-piece-held',
  'amqp/publish-held',
  'amqp/publish-refused',
  'amqp/rests',
  'cleaner/more-than-expected',
  'dispatch/body-loaded',
  'kafka/commit-held',
  'kafka/commit-overtaken',
  'kafka/congested',
  'kafka/fetch-reads',
  'kafka/fetch-waits-on',
  'kafka/produce-held',
  'kafka/produce-refused',
  'kafka/rests',
  'recovery/older-snapshot',
  'room/disk-full',
  'runtime/failed',
] as const

export function playProtocols(seed: number): Promise<WorldReport> {
  return playWorld(seed, { casting: protocolCast, conditions: worldConditions })
}

export function protocolSeedsTest(title: string, range: SeedRange): Promise<void> {
  const world = { play: playProtocols, command: 'npm run sim -- --world protocols --seed' }
  return rangeTest(title, range, { ...world, marks: MARKS })
}

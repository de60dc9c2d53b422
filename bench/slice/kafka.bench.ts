/**
 * Kafka, one partition, acknowledged when synced: with librdkafka's own load program, as users would, and with
 * raw load, so that the broker is measured and not the client.
 */

import { Histogram } from '../histogram.ts'
import { fetchLoad, produceLoad, type Topic } from '../load/kafka-load.ts'
import type { Section, Stage } from '../stage.ts'
import { atLeastMegabytesPerSecond, atLeastPerSecond, ownAtLeast, type Target } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { type RunningBroker, startNaru } from './brokers.ts'
import {
  endedChildrenProbe,
  findRdkafka,
  type RdkafkaClaim,
  rdkafkaConsume,
  rdkafkaProduce,
} from './rdkafka.ts'

const TOPIC = 'bench'
const SMALL_BYTES = 100
const LARGE_BYTES = 1_024
const SMALL_COUNT = 10_000_000 // a gigabyte: six seconds at what is promised, so that the start is no share
const LARGE_COUNT = 1_500_000 // as many bytes and a half
const BATCHES_IN_FLIGHT = 5 // what a client of Kafka has, unless told otherwise
const FETCH_BYTES = 1024 * 1024 // of a partition: the default of clients
const OWN_RATE = 'records/s by its own clock' // without its start and its end, which are half a second
const MEGABYTE = 1e6
const QUICK_SHARE = 0.01 // of what there is to consume, as of operations

const SMALL: Topic = { name: TOPIC, bodyBytes: SMALL_BYTES, batchRecords: 5_000 } // half a megabyte
const LARGE: Topic = { name: TOPIC, bodyBytes: LARGE_BYTES, batchRecords: 500 } // the same

const start = (stage: Stage): Promise<RunningBroker> =>
  startNaru(stage, { protocol: 'kafka', streams: [TOPIC] })

function believe(stage: Stage, section: Section, { count, perSecond }: RdkafkaClaim): void {
  section.acknowledged = count
  stage.figure(OWN_RATE, perSecond) // of the warm-up first, of the section in the end
}

async function produceWithRdkafka(stage: Stage): Promise<void> {
  await using broker = await start(stage)
  stage.watch(endedChildrenProbe(), 'load')
  const place = { port: broker.address.port, topic: TOPIC }
  const bodyBytes = stage.payloadBytes
  await stage.drive(async (section) => {
    believe(stage, section, await rdkafkaProduce(place, { count: section.operations, bodyBytes }))
  })
}

/** Fills the partition; answers how many records it has. */
async function fill(stage: Stage, { address }: RunningBroker): Promise<number> {
  const operations = stage.effort === 'quick' ? SMALL_COUNT * QUICK_SHARE : SMALL_COUNT
  const until = { operations, over: (sent: number) => sent >= operations }
  const window = BATCHES_IN_FLIGHT * SMALL.batchRecords
  return await produceLoad(address, SMALL, { window, until, latency: new Histogram() })
}

async function consumeWithRdkafka(stage: Stage): Promise<void> {
  await using broker = await start(stage)
  stage.watch(endedChildrenProbe(), 'load')
  await fill(stage, broker)
  const place = { port: broker.address.port, topic: TOPIC }
  await stage.drive(async (section) => {
    believe(stage, section, await rdkafkaConsume(place, section.operations))
  })
}

async function produceRaw(stage: Stage, topic: Topic): Promise<void> {
  await using broker = await start(stage)
  await stage.drive(async (section) => {
    const { latency } = section
    const run = { window: stage.inFlight, until: section, latency }
    section.acknowledged = await produceLoad(broker.address, topic, run)
  })
}

async function fetchRaw(stage: Stage): Promise<void> {
  await using broker = await start(stage)
  const records = await fill(stage, broker)
  await stage.drive(async (section) => {
    const { latency } = section
    const run = { bytesMax: FETCH_BYTES, records, until: section, latency }
    section.acknowledged = await fetchLoad(broker.address, TOPIC, run)
  })
}

type Work = {
  readonly name: string
  readonly payloadBytes: number
  readonly inFlight: number
  readonly target: Target
  readonly settings: string
  readonly run: (stage: Stage) => Promise<void>
}

function raw(work: Work): Workload {
  const { settings, run, target, ...rest } = work
  return defineWorkload({
    ...rest,
    area: 'slice',
    durability: 'fsync',
    unit: 'records',
    length: { kind: 'seconds', warmUp: 2, measured: 5 },
    targets: [target],
    variants: [{ name: 'naru', role: 'ours', settings, run }],
  })
}

function withRdkafka(work: Omit<Work, 'inFlight'>, count: number): Workload {
  const { settings, run, target, ...rest } = work
  return defineWorkload({
    ...rest,
    area: 'slice',
    durability: 'fsync',
    unit: 'records',
    length: { kind: 'operations', warmUp: count / 10, measured: count },
    limitSeconds: 300, // filling a gigabyte first
    figures: [{ name: OWN_RATE, better: 'higher' }],
    targets: [target],
    variants: [{ name: 'naru', role: 'ours', settings, find: findRdkafka, run }],
  })
}

const produced = 'acks=all, linger.ms=5, its own defaults otherwise'
const rawProduced = `acks=all, requests of half a megabyte, ${BATCHES_IN_FLIGHT} in flight, latency of one`

export const workloads: readonly Workload[] = [
  withRdkafka(
    {
      name: 'Kafka, rdkafka_performance produces, 100 B',
      payloadBytes: SMALL_BYTES,
      target: ownAtLeast(OWN_RATE, 1_700_000),
      settings: produced,
      run: produceWithRdkafka,
    },
    SMALL_COUNT,
  ),
  withRdkafka(
    {
      name: 'Kafka, rdkafka_performance produces, 1 KiB',
      payloadBytes: LARGE_BYTES,
      target: ownAtLeast(OWN_RATE, (180 * MEGABYTE) / LARGE_BYTES),
      settings: produced,
      run: produceWithRdkafka,
    },
    LARGE_COUNT,
  ),
  withRdkafka(
    {
      name: 'Kafka, rdkafka_performance consumes, 100 B',
      payloadBytes: SMALL_BYTES,
      target: ownAtLeast(OWN_RATE, 3_000_000),
      settings: 'from the beginning of the partition',
      run: consumeWithRdkafka,
    },
    SMALL_COUNT,
  ),
  raw({
    name: 'Kafka, raw produce, 100 B',
    payloadBytes: SMALL_BYTES,
    inFlight: BATCHES_IN_FLIGHT * SMALL.batchRecords,
    target: atLeastPerSecond(1_700_000),
    settings: rawProduced,
    run: (stage) => produceRaw(stage, SMALL),
  }),
  raw({
    name: 'Kafka, raw produce, 1 KiB',
    payloadBytes: LARGE_BYTES,
    inFlight: BATCHES_IN_FLIGHT * LARGE.batchRecords,
    target: atLeastMegabytesPerSecond(180),
    settings: rawProduced,
    run: (stage) => produceRaw(stage, LARGE),
  }),
  raw({
    name: 'Kafka, raw fetch, 100 B',
    payloadBytes: SMALL_BYTES,
    inFlight: 0,
    target: atLeastPerSecond(3_000_000),
    settings: 'one request of 1 MiB at a time, a gigabyte again and again, latency of one',
    run: fetchRaw,
  }),
]

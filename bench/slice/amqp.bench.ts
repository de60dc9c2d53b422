/** AMQP with raw load, one connection each way, beside RabbitMQ: transient, acknowledged, persistent with confirms. */
import { AmqpLoad, type AmqpLoadKind } from '../load/amqp-load.ts'
import type { Stage } from '../stage.ts'
import { p99AtMostMs, ratioTo, type Target } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { findRabbitmq, type RunningBroker, startNaru, startRabbitmq } from './brokers.ts'

const BODY_BYTES = 100
const TRANSIENT_IN_FLIGHT = 50_000 // published and not delivered: enough for either, and no backlog
const ACK_EVERY = 500

type Start = (stage: Stage) => Promise<RunningBroker>

const naru: Start = (stage) => startNaru(stage, { protocol: 'amqp', streams: [] })

/** Warms up on connections of its own, because confirms are numbered by channel. */
async function run(stage: Stage, start: Start, kind: AmqpLoadKind): Promise<void> {
  await using broker = await start(stage)
  const window = stage.inFlight
  {
    await using load = await AmqpLoad.open(broker.address, kind)
    await stage.warmUp(async (until) => {
      await load.run({ window, until, latency: until.latency })
    })
  }
  await using load = await AmqpLoad.open(broker.address, kind)
  await stage.measure(async (section) => {
    const { latency } = section
    section.acknowledged = await load.run({ window, until: section, latency })
  })
}

const queue = 'bench'

function transient(name: string, ackEvery: number, target: Target): Workload {
  const kind: AmqpLoadKind = {
    queue,
    durability: 'transient',
    arguments: {},
    bodyBytes: BODY_BYTES,
    persistence: 'transient',
    acknowledgedBy: 'delivery',
    ackEvery,
  }
  const settings = 'latency from publish to delivery; transient queue and messages'
  return defineWorkload({
    name,
    area: 'slice',
    durability: 'memory',
    unit: 'msgs',
    payloadBytes: BODY_BYTES,
    inFlight: TRANSIENT_IN_FLIGHT,
    length: { kind: 'seconds', warmUp: 2, measured: 5 },
    targets: [target],
    variants: [
      { name: 'naru', role: 'ours', settings, run: (stage) => run(stage, naru, kind) },
      {
        name: 'rabbitmq',
        role: 'rival',
        settings: `${settings}, classic`,
        find: findRabbitmq,
        run: (stage) => run(stage, startRabbitmq, kind),
      },
    ],
  })
}

function persistent(window: number, targets: readonly Target[]): Workload {
  const kind: AmqpLoadKind = {
    queue,
    durability: 'durable',
    arguments: {},
    bodyBytes: BODY_BYTES,
    persistence: 'persistent',
    acknowledgedBy: 'confirm',
    ackEvery: ACK_EVERY,
  }
  const quorum: AmqpLoadKind = { ...kind, arguments: { 'x-queue-type': 'quorum' } }
  const settings = `latency of the confirm; consumed meanwhile, ack by ${ACK_EVERY}`
  return defineWorkload({
    name: `AMQP, persistent, confirms, window ${window}`,
    area: 'slice',
    durability: 'fsync',
    unit: 'msgs',
    payloadBytes: BODY_BYTES,
    inFlight: window,
    length: { kind: 'seconds', warmUp: 2, measured: 5 },
    targets,
    variants: [
      { name: 'naru', role: 'ours', settings, run: (stage) => run(stage, naru, kind) },
      {
        name: 'rabbitmq',
        role: 'rival',
        settings: `${settings}; quorum queue, one node`,
        find: findRabbitmq,
        run: (stage) => run(stage, startRabbitmq, quorum),
      },
    ],
  })
}

export const workloads: readonly Workload[] = [
  transient('AMQP, transient, no ack', 0, ratioTo('rabbitmq').atLeast(8)),
  transient(`AMQP, transient, ack by ${ACK_EVERY}`, ACK_EVERY, ratioTo('rabbitmq').atLeast(6)),
  persistent(1, [ratioTo('rabbitmq').atLeast(1.8)]),
  persistent(100, [ratioTo('rabbitmq').atLeast(4)]),
  persistent(10_000, [ratioTo('rabbitmq').atLeast(10), p99AtMostMs(50)]),
]

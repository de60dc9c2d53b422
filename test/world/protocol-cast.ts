/**
 * The cast of the world with protocols: clients that speak AMQP and Kafka over a simulated network that cuts, delays
 * and breaks, and beside them some that call the broker themselves and share its queues.
 */
import type { Random } from '../../src/base/ports.ts'
import { below, pick } from '../../src/base/random.ts'
import type { Runtime } from '../../src/broker/runtime.ts'
import { openAmqpListener } from '../../src/gateway/amqp/listener.ts'
import { openKafkaListener } from '../../src/gateway/kafka/listener.ts'
import { CALM, type SimNetwork } from '../sim/sim-net.ts'
import type { NetConditions } from '../sim/sim-wire.ts'
import { AmqpConsumer } from './amqp-consumer.ts'
import { AMQP_PORT } from './amqp-line.ts'
import { AmqpPublisher } from './amqp-publisher.ts'
import { AMQP_QUEUES } from './amqp-topology.ts'
import type { Cast, Casting, Doors } from './cast.ts'
import { ConsumerClient } from './consumer-client.ts'
import { KAFKA_PORT } from './kafka-line.ts'
import { KafkaMember } from './kafka-member.ts'
import { KafkaProducer } from './kafka-producer.ts'
import { type GroupView, TOPIC, TOPIC_PARTITIONS } from './kafka-topic.ts'
import { Publisher } from './publisher.ts'
import type { Client, Session } from './session.ts'
import { namespaceOf, QUEUES, ROUTES } from './topology.ts'

/** Between two breaks of some connection, in milliseconds at most. */
const PEACE_MS_MAX = 200
/** A session and a rebalance of the world's group are over after so long. */
const MEMBER_MS_MAX = 1_100

export const protocolCast: Casting = ({ random, witness, network }): Cast => {
  const views: GroupView[] = Array.from({ length: TOPIC_PARTITIONS }, () => ({
    ...{ unseen: 0, atLeast: 0, atMost: 0 },
  }))
  const finite: Client[] = [
    new AmqpPublisher('ap0', 40 + below(random, 40), witness),
    new AmqpPublisher('ap1', 40 + below(random, 40), witness),
    new KafkaProducer('kp0', 20 + below(random, 20), witness),
    new KafkaProducer('kp1', 20 + below(random, 20), witness),
    new Publisher('p0', { messages: 20 + below(random, 20), routes: ROUTES }, witness),
  ]
  const queues = [...QUEUES, ...AMQP_QUEUES]
  const endless: Client[] = [
    ...queues.map((queue) => new AmqpConsumer(`ac ${queue}`, queue, witness)),
    new AmqpConsumer('ac again', AMQP_QUEUES[0]!, witness),
    new ConsumerClient('c0', QUEUES[0]!, witness),
    new ConsumerClient('c1', QUEUES[1]!, witness),
    new KafkaMember('km0', views, witness),
    new KafkaMember('km1', views, witness),
    new Breaker(network),
  ]
  // Of the same seed, drawn once: each start has the same limits.
  const limits = drawLimits(random)
  return {
    finite,
    endless,
    queues,
    open: (runtime) => open(runtime, limits),
    behind: ({ runtime }) => {
      const stream = namespaceOf(runtime).streams.get(TOPIC)
      if (stream === undefined) return [TOPIC]
      const isBehind = stream.partitions.filter(
        ({ index, nextOffset }) => views[index]!.unseen < nextOffset,
      )
      return isBehind.map(({ index }) => `${TOPIC}/${index}`)
    },
  }
}

type Limits = {
  readonly amqp: Parameters<typeof openAmqpListener>[0]['limits']
  readonly kafka: Parameters<typeof openKafkaListener>[0]['limits']
}

/** So small that sockets rest, choke and wait. */
function drawLimits(random: Random): Limits {
  return {
    amqp: {
      readBytesPerTurn: pick(random, [100, 1_000, 100_000]),
      outboundBytes: pick(random, [200, 2_000, 100_000]),
      slabBytes: 4_096,
      drainMs: 200,
      lingerMs: 100,
    },
    kafka: {
      turnBytes: pick(random, [100, 1_000, 100_000]),
      waitingBytes: pick(random, [50, 1_000]),
      producesInFlight: pick(random, [1, 3, 64]),
      outboundBytes: pick(random, [100, 2_000, 100_000]),
      sessionMsMin: 100,
      gatherMs: 5,
    },
  }
}

async function open(broker: Runtime, limits: Limits): Promise<Doors> {
  const { log, world } = broker
  const at = (port: number) => ({ kind: 'tcp', host: '127.0.0.1', port }) as const
  const amqp = await openAmqpListener({
    broker,
    log,
    address: at(AMQP_PORT),
    limits: limits.amqp ?? {},
  })
  const kafka = await openKafkaListener({
    ...{ world, broker, log, address: at(KAFKA_PORT), limits: limits.kafka ?? {} },
  })
  return {
    close: async () => {
      await Promise.all([amqp.close(), kafka.close()])
      // A member that left without a word has a timer until its time is over.
      await new Promise<void>((resolve) => {
        world.scheduler.after(MEMBER_MS_MAX, resolve)
      })
    },
  }
}

/** Mostly quick; some connections bring a few bytes at a time, late, through a narrow window. */
export function worldConditions(random: Random): NetConditions {
  if (below(random, 3) > 0) return CALM
  return {
    latencyMsMin: 0.25,
    latencyMsMax: pick(random, [0.5, 2, 10]),
    bytesPerSecond: 10_000_000,
    segmentBytesMax: pick(random, [13, 100, 65_536]),
    readBytesMax: pick(random, [17, 300, 65_536]),
    windowBytes: pick(random, [300, 65_536]),
    sendBufferBytes: pick(random, [50, 65_536]),
  }
}

/** Not a client: it breaks connections, for both sides at once, or lets nothing through for a while. */
class Breaker implements Client {
  readonly name = 'breaker'
  readonly isDone = false
  readonly #network: SimNetwork

  constructor(network: SimNetwork) {
    this.#network = network
  }

  async serve(session: Session): Promise<void> {
    const { random, run } = session
    while (!session.isEnding && !run.isLast) {
      await session.sleep(below(random, PEACE_MS_MAX))
      const { links } = this.#network
      if (links.length === 0) continue
      const link = pick(random, links)
      if (below(random, 2) === 0) {
        link.reset()
        continue
      }
      link.stall()
      await session.sleep(below(random, PEACE_MS_MAX))
      link.unstall()
    }
  }
}

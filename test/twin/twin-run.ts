/**
 * Runs one program on a broker of its own in a simulated world, through one side, and answers what was seen and what
 * every restart found in the directory.
 */

import { Broker } from '../../src/api/broker.ts'
import type { World } from '../../src/base/ports.ts'
// Loaded before time is simulated: a module that is only being read would stand still for ever.
import '../../src/gateway/amqp/listener.ts'
import '../../src/gateway/kafka/listener.ts'
import { AmqpClient } from '../amqp/raw-client.ts'
import { KafkaClient } from '../kafka/raw-client.ts'
import { Simulation } from '../sim/simulation.ts'
import { AmqpQueues } from './amqp-side.ts'
import { ApiQueues, ApiStreams } from './api-side.ts'
import { type DurableState, durableState } from './durable-state.ts'
import { KafkaStreams } from './kafka-side.ts'
import type { Operation, Restart } from './program.ts'
import { isOfQueues, type Side } from './side.ts'

/** Which way operations come in: `protocols` is AMQP for queues and Kafka for streams, at one broker. */
export type Way = 'api' | 'protocols'

export type TwinRun = {
  /** One for each operation. */
  readonly seen: readonly string[]
  /** One for each restart. */
  readonly states: readonly DurableState[]
}

const DIRECTORY = 'data'
const PORTS = { amqp: 5672, kafka: 9092 }
const REST_MS = 20 // more than anything due at an idle broker takes

export function runTwin(seed: number, program: readonly Operation[], way: Way): Promise<TwinRun> {
  const simulation = new Simulation({ seed })
  return simulation.run(() => new Twin(simulation, way).play(program))
}

type Living = { readonly broker: Broker; readonly side: Side }

class Twin {
  readonly #simulation: Simulation
  readonly #way: Way
  readonly #machine: ReturnType<Simulation['machine']>
  readonly #seen: string[] = []
  readonly #states: DurableState[] = []

  constructor(simulation: Simulation, way: Way) {
    this.#simulation = simulation
    this.#way = way
    this.#machine = simulation.machine('broker')
  }

  async play(program: readonly Operation[]): Promise<TwinRun> {
    let living = await this.#open()
    for (const operation of program) {
      if (operation.kind === 'restart') {
        this.#seen.push(await this.#end(living, operation))
        this.#states.push(await this.#state())
        living = await this.#open()
      } else {
        const { queues, streams } = living.side
        const seen = isOfQueues(operation) ? queues.run(operation) : streams.run(operation)
        this.#seen.push(`${operation.kind}: ${await seen}`)
        await this.#rest()
      }
    }
    await living.side.leave()
    await living.broker.close()
    this.#machine.stopped()
    return { seen: this.#seen, states: this.#states }
  }

  readonly #rest = (): Promise<void> => this.#simulation.sleep(REST_MS)

  async #open(): Promise<Living> {
    const world = this.#machine.start()
    const listen = this.#way === 'api' ? {} : PORTS
    const broker = await Broker.open({ dir: DIRECTORY, listen }, world)
    const side = this.#way === 'api' ? this.#apiSide(broker) : await this.#protocolSide()
    return { broker, side }
  }

  #apiSide(broker: Broker): Side {
    const queues = new ApiQueues(broker, this.#rest)
    const streams = new ApiStreams(broker, this.#rest)
    return { queues, streams, leave: () => Promise.resolve() }
  }

  async #protocolSide(): Promise<Side> {
    // Named as whoever logs in as guest has to be.
    const net: World['net'] = this.#simulation.network.host('127.0.0.1')
    const at = (port: number) => ({ kind: 'tcp', host: '127.0.0.1', port }) as const
    const amqp = await AmqpClient.connect(net, at(PORTS.amqp))
    const kafka = await KafkaClient.connect(net, at(PORTS.kafka))
    const leave = async (): Promise<void> => {
      kafka.drop()
      await amqp.close()
    }
    const queues = new AmqpQueues(amqp, this.#rest)
    return { queues, streams: new KafkaStreams(kafka), leave }
  }

  async #end({ broker, side }: Living, { manner, queue, holding }: Restart): Promise<string> {
    const held = await side.queues.hold(queue, holding)
    await this.#rest()
    if (manner === 'kill') this.#machine.kill()
    else {
      // Who holds something is still there, and the broker takes it back.
      if (holding === 0) await side.leave()
      await broker.close()
      await this.#rest()
      this.#machine.stopped()
    }
    return `${manner}: ${held}`
  }

  async #state(): Promise<DurableState> {
    const world = this.#machine.start()
    const state = await durableState(world, DIRECTORY)
    this.#machine.stopped()
    return state
  }
}

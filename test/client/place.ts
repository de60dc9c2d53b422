/** A broker in memory with channels over its queues, in a time that stands still unless a test moves it. */
import assert from 'node:assert/strict'
import type { World } from '../../src/base/ports.ts'
import type { Sendable } from '../../src/channels/contract.ts'
import { QueueChannel, type QueueChannelOptions } from '../../src/client/queue-channel.ts'
import { Broker } from '../../src/mod.ts'
import { Clockwork } from '../channels/clockwork.ts'

export class Place {
  readonly ports: Clockwork
  readonly broker: Broker

  private constructor(ports: Clockwork, broker: Broker) {
    this.ports = ports
    this.broker = broker
  }

  static async run(body: (place: Place) => Promise<void>): Promise<void> {
    const ports = new Clockwork()
    const { clock, random, scheduler } = ports
    const disk = { close: () => Promise.resolve() } as World['disk']
    const world: World = { clock, random, scheduler, disk, net: null as never }
    const broker = await ports.until(Broker.open({}, world))
    await body(new Place(ports, broker))
    await ports.until(broker.close())
    assert.deepEqual(ports.errors, [])
  }

  async channel<T extends Sendable = Sendable>(
    name: string,
    options: QueueChannelOptions<T> = {},
  ): Promise<QueueChannel<T>> {
    const queue = await this.drive(this.broker.queue(name, {}))
    return new QueueChannel<T>(queue, options, this.ports)
  }

  drive<T>(promise: Promise<T>): Promise<T> {
    return this.ports.until(promise)
  }

  /** Puts all of them, one after the other. */
  async put(channel: QueueChannel<Sendable>, ...values: readonly Sendable[]): Promise<void> {
    for (const value of values) await this.drive(channel.put(value))
  }
}

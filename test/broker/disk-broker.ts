/**
 * A broker on a simulated disk with tiny files, and consumers that keep what they get. Every message says its name in
 * its body, so that the disk can be asked whether it has it.
 */
import assert from 'node:assert/strict'
import type { World } from '../../src/base/ports.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { Consumer } from '../../src/broker/consumer.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import type { BrokerLimits } from '../../src/broker/limits.ts'
import { DEFAULT_NAMESPACE, Runtime } from '../../src/broker/runtime.ts'
import { Batch } from '../../src/machine/batch.ts'
import { Content } from '../../src/machine/message.ts'
import type { Namespace } from '../../src/machine/namespace.ts'
import type { Partition } from '../../src/machine/partition.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { isRefusal } from '../../src/machine/refusal.ts'
import { microtasks, tinyLimits } from '../journal/journal-world.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { SyncWitness } from '../sim/sync-witness.ts'
import { settled } from '../sim/turn.ts'

const NO_NOTES = new Uint8Array(0)

/** A message as a consumer got it. */
export type Taken = {
  readonly name: string
  readonly sequence: number
  readonly redelivered: boolean
  readonly deliveries: number
}

export class DiskBroker {
  readonly runtime: Runtime
  readonly witness: SyncWitness
  /** What was told or handed out before the disk had it. */
  readonly early: string[] = []

  private constructor(runtime: Runtime, witness: SyncWitness) {
    this.runtime = runtime
    this.witness = witness
  }

  static async open(disk: CrashDisk, limits: Partial<BrokerLimits> = {}): Promise<DiskBroker> {
    const witness = new SyncWitness((path, bytes) =>
      path.includes('journal-') ? namesIn(bytes) : [],
    )
    witness.watch(disk)
    const clock = { wallMs: () => 0, monotonicMs: () => 0 }
    const random = new SeededRandom(1)
    const world: World = { clock, random, disk, scheduler: microtasks, net: null as never }
    const options = { world, directory: 'data', durability: 'fsync', limits } as const
    const log = { info: () => {}, warn: () => {}, error: assert.fail }
    const opening = Runtime.open({ ...options, log, journalLimits: tinyLimits })
    return new DiskBroker(await settled(opening, 'the broker'), witness)
  }

  get #namespace(): Namespace {
    return this.runtime.machine.namespace(DEFAULT_NAMESPACE)
  }

  /** The durable queue of this name. */
  async queue(name: string): Promise<Queue> {
    const options = { durable: true, autoDelete: false, notes: NO_NOTES }
    const queue = await this.runtime.declare.queue(this.#namespace, { name, options, owner: null })
    assert(!isRefusal(queue))
    return queue
  }

  /** The one partition of a new stream. */
  async partition(name: string): Promise<Partition> {
    const request = { name, partitions: 1, identity: new Uint8Array(16), notes: NO_NOTES }
    const stream = await this.runtime.declare.stream(this.#namespace, request)
    assert(!isRefusal(stream))
    return stream.partitions[0]!
  }

  /** Publishes a message of this name; answers its ticket. */
  publish(queue: Queue, name: string): number {
    const route = this.runtime.route(this.#namespace, '', queue.name)
    assert(!isRefusal(route))
    const content = new Content()
    content.body = bodyOf(name)
    content.bodySize = content.body.length
    const ticket = this.runtime.publish(route, content, 'persistent')
    assert(ticket > 0, 'no room')
    return ticket
  }

  /** Appends one record of this name. */
  append(partition: Partition, name: string): void {
    const batch = new Batch()
    batch.count = 1
    batch.bytes = bodyOf(name)
    batch.size = batch.bytes.length
    assert(this.runtime.append(partition, batch) > 0, 'no room')
  }

  /** A consumer of the queue; what it gets is added to what it answers, and stays held. */
  take(queue: Queue): Taken[] {
    const taken: Taken[] = []
    const deliver = (delivery: Delivery): void => {
      const { bytes, bodyAt, bodySize, sequence, redelivered, deliveries } = delivery
      const [name = ''] = namesIn(bytes.subarray(bodyAt, bodyAt + bodySize))
      this.assertDurable(name)
      taken.push({ name, sequence, redelivered, deliveries })
    }
    const receiver = { deliver, cancelled: () => undefined }
    this.runtime.join(queue, new Consumer(receiver, 'by-consumer'))
    return taken
  }

  /** Notes it in `early` if the disk does not have it, unless it was there before. */
  assertDurable(name: string): void {
    if (name.startsWith('new') && !this.witness.isDurable(name)) this.early.push(name)
  }
}

function bodyOf(name: string): Uint8Array {
  return Buffer.from(`<${name}>`)
}

function namesIn(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('latin1')
  return [...text.matchAll(/<([a-z]+ \d+)>/g)].map(([, name = '']) => name)
}

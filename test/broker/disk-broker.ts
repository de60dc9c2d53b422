/**
 * A broker on a simulated disk with tiny files, and consumers that keep what they get. Every message says its name in
 * its body, so that the disk can be asked whether it has it.
 */
import assert from 'node:assert/strict'
import type { World } from '../../src/base/ports.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Arrival } from '../../src/broker/arrival.ts'
import { Consumer } from '../../src/broker/consumer.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import type { BrokerLimits } from '../../src/broker/limits.ts'
import type { Persistence } from '../../src/broker/publisher.ts'
import type { Reading } from '../../src/broker/reading.ts'
import { HELD } from '../../src/broker/room.ts'
import { DEFAULT_NAMESPACE, Runtime } from '../../src/broker/runtime.ts'
import type { JournalLimits } from '../../src/journal/limits.ts'
import { Batch } from '../../src/machine/batch.ts'
import { Content } from '../../src/machine/message.ts'
import type { Namespace } from '../../src/machine/namespace.ts'
import type { Partition } from '../../src/machine/partition.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { isRefusal } from '../../src/machine/refusal.ts'
import { microtasks, tinyLimits } from '../journal/journal-world.ts'
import { countReferences } from '../machine/full-mark.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { SyncWitness } from '../sim/sync-witness.ts'
import { settled } from '../sim/turn.ts'

const NO_NOTES = new Uint8Array(0)

export type LargeOptions = {
  readonly size: number
  readonly persistence?: 'persistent' | 'transient'
  readonly exchange?: string
}

export type DiskBrokerOptions = {
  readonly limits: Partial<BrokerLimits>
  readonly journalLimits: Partial<JournalLimits>
  readonly failed: (text: string) => void
}

/** A message as a consumer got it. */
export type Taken = {
  readonly name: string
  readonly sequence: number
  readonly redelivered: boolean
  readonly deliveries: number
  /** Of the body. */
  readonly size: number
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

  static async open(
    disk: CrashDisk,
    limits: Partial<BrokerLimits> = {},
    journalLimits: Partial<JournalLimits> = {},
  ): Promise<DiskBroker> {
    return DiskBroker.openWith(disk, { limits, journalLimits, failed: assert.fail })
  }

  /** The same; `failed` hears what the broker tells its operator that somebody has to do something about. */
  static async openWith(
    disk: CrashDisk,
    { limits, journalLimits, failed }: DiskBrokerOptions,
  ): Promise<DiskBroker> {
    const witness = new SyncWitness((path, bytes) =>
      path.includes('journal-') ? namesIn(bytes) : [],
    )
    witness.watch(disk)
    const clock = { wallMs: () => 0, monotonicMs: () => 0 }
    const random = new SeededRandom(1)
    const world: World = { clock, random, disk, scheduler: microtasks, net: null as never }
    const options = { world, directory: 'data', durability: 'fsync', limits } as const
    const log = { info: () => {}, warn: () => {}, error: failed }
    const tiny = { ...tinyLimits, ...journalLimits }
    const opening = Runtime.open({ ...options, log, journalLimits: tiny })
    return new DiskBroker(await settled(opening, 'the broker'), witness)
  }

  get #namespace(): Namespace {
    return this.runtime.machine.namespace(DEFAULT_NAMESPACE)
  }

  /** The queue of this name, durable unless told otherwise. */
  async queue(name: string, life: 'durable' | 'session' = 'durable'): Promise<Queue> {
    const options = { durable: life === 'durable', autoDelete: false, notes: NO_NOTES }
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

  /** A durable exchange that passes everything with its own name as the key to these queues. */
  async fan(name: string, queues: readonly Queue[]): Promise<void> {
    const { declare } = this.runtime
    const kind = { kind: 'direct', durable: true, autoDelete: false, internal: false }
    const exchange = await declare.exchange(this.#namespace, name, kind)
    assert(!isRefusal(exchange))
    for (const queue of queues) {
      const refusal = await declare.bind(this.#namespace, exchange, {
        ...{ queue, key: name, notes: NO_NOTES },
      })
      assert.equal(refusal, null)
    }
  }

  /** Publishes a message of this name; answers its ticket, 0 for one that is only in memory. */
  publish(queue: Queue, name: string, persistence: Persistence = 'persistent'): number {
    const route = this.runtime.route(this.#namespace, '', queue.name)
    assert(!isRefusal(route))
    const content = new Content()
    content.body = bodyOf(name)
    content.bodySize = content.body.length
    const ticket = this.runtime.publish(route, content, persistence)
    assert(persistence === 'persistent' ? ticket > 0 : ticket === 0, 'no room')
    return ticket
  }

  /** Publishes a message with a large body of this name; answers its ticket. */
  publishLarge(key: { readonly name: string }, name: string, options: LargeOptions): number {
    const { size, persistence = 'persistent', exchange = '' } = options
    const arrival = this.arriving(size, persistence)
    assert.equal(arrival.put(bodyOf(name, size), 0, size), size, 'no room')
    const route = this.runtime.route(this.#namespace, exchange, key.name)
    assert(!isRefusal(route))
    const ticket = this.runtime.arrivals.publish(route, new Content(), arrival)
    assert(ticket !== HELD, 'no room')
    return ticket
  }

  /** A body of this size begins to come. */
  arriving(sizeBytes: number, persistence: Persistence = 'persistent'): Arrival {
    const arrival = this.runtime.arrivals.open({ sizeBytes, persistence, bringer: null })
    assert(arrival.isLetIn, 'too much is on its way')
    return arrival
  }

  /** Nothing is kept but what queues and streams refer to. */
  assertNoLeak(): void {
    assert.equal(this.runtime.references, countReferences(this.runtime.machine))
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
      const { bytes, bodyAt, bodySize, reading, sequence, redelivered, deliveries } = delivery
      const take = (body: Uint8Array): void => {
        const [name = ''] = namesIn(body)
        assert.deepEqual(Buffer.from(body), bodyOf(name, bodySize), 'a body that is not as it was')
        this.assertDurable(name)
        taken.push({ name, sequence, redelivered, deliveries, size: bodySize })
      }
      if (reading === null) take(bytes.subarray(bodyAt, bodyAt + bodySize))
      else void readAll(reading).then(take)
    }
    const receiver = { deliver, cancelled: () => undefined }
    this.runtime.join(queue, new Consumer(receiver, 'by-consumer'))
    return taken
  }

  /** A consumer of large bodies that has its own way with them, one message at a time. */
  readWith(queue: Queue, read: (reading: Reading) => void): void {
    const deliver = ({ reading }: Delivery): void => {
      assert(reading !== null, 'a small body')
      read(reading)
    }
    const receiver = { deliver, cancelled: () => undefined }
    this.runtime.join(queue, new Consumer(receiver, 'by-consumer', 1))
  }

  /** Notes it in `early` if the disk does not have it, unless it was there before. */
  assertDurable(name: string): void {
    if (name.startsWith('new') && !this.witness.isDurable(name)) this.early.push(name)
  }
}

/** Every stretch of a body differs from every other. */
function bodyOf(name: string, size = 0): Buffer {
  const head = Buffer.from(`<${name}>`)
  const rest = Buffer.alloc(Math.max(0, size - head.length))
  for (let at = 0; at + 4 <= rest.length; at += 4)
    rest.writeUInt32LE(Math.imul(at, 77_377) >>> 0, at)
  return Buffer.concat([head, rest])
}

/** All of a large body; its reading is closed. */
export async function readAll(reading: Reading): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for (; !reading.isDone; reading.advance()) {
    while (reading.peek() === null) await reading.load()
    const { bytes, bodyAt, bodySize } = reading.peek()!
    pieces.push(bytes.slice(bodyAt, bodyAt + bodySize))
  }
  reading.close()
  return Buffer.concat(pieces)
}

function namesIn(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('latin1')
  return [...text.matchAll(/<([a-z]+ \d+)>/g)].map(([, name = '']) => name)
}

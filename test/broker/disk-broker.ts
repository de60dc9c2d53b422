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
import type { DeclaredDurability, DurabilityMode } from '../../src/machine/durability.ts'
import { Content, NO_TTL } from '../../src/machine/message.ts'
import type { Namespace } from '../../src/machine/namespace.ts'
import type { Partition } from '../../src/machine/partition.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { PLAIN_QUEUE, type QueueOptions } from '../../src/machine/queue-options.ts'
import { isRefusal, type Refusal } from '../../src/machine/refusal.ts'
import type { Stream } from '../../src/machine/stream.ts'
import { microtasks, tinyLimits } from '../journal/journal-world.ts'
import { countReferences } from '../machine/full-mark.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { SyncWitness } from '../sim/sync-witness.ts'
import { settled } from '../sim/turn.ts'

const NO_NOTES = new Uint8Array(0)
const STOPPED = { wallMs: () => 0, monotonicMs: () => 0 }

export type LargeOptions = {
  readonly size: number
  readonly persistence?: 'persistent' | 'transient'
  readonly exchange?: string
  readonly ttlMs?: number
}

export type DiskBrokerOptions = {
  readonly limits?: Partial<BrokerLimits>
  readonly journal?: Partial<JournalLimits> & { readonly durability?: DurabilityMode }
  /** Null for time that stands still and turns that take none. */
  readonly ports?: Pick<World, 'clock' | 'scheduler'> | null
  /** Hears what the broker tells its operator that somebody has to do something about. */
  readonly failed?: (text: string) => void
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

  static open(
    disk: CrashDisk,
    limits: Partial<BrokerLimits> = {},
    journal: NonNullable<DiskBrokerOptions['journal']> = {},
    ports: NonNullable<DiskBrokerOptions['ports']> | null = null,
  ): Promise<DiskBroker> {
    return DiskBroker.openWith(disk, { limits, journal, ports })
  }

  static async openWith(
    disk: CrashDisk,
    { limits = {}, journal = {}, ports = null, failed = assert.fail }: DiskBrokerOptions,
  ): Promise<DiskBroker> {
    const witness = new SyncWitness((path, bytes) =>
      path.includes('journal-') ? namesIn(bytes) : [],
    )
    witness.watch(disk)
    const { clock, scheduler } = ports ?? { clock: STOPPED, scheduler: microtasks }
    const random = new SeededRandom(1)
    const world: World = { clock, random, disk, scheduler, net: null as never }
    const { durability = 'fsync', ...journalLimits } = journal
    const options = { world, directory: 'data', durability, limits } as const
    const log = { info: () => {}, warn: () => {}, error: failed }
    const tiny = { ...tinyLimits, ...journalLimits }
    const opening = Runtime.open({ ...options, log, journalLimits: tiny })
    // Whoever has a scheduler lets it run.
    const runtime = await (ports === null ? settled(opening, 'the broker') : opening)
    return new DiskBroker(runtime, witness)
  }

  get #namespace(): Namespace {
    return this.runtime.machine.namespace(DEFAULT_NAMESPACE)
  }

  /** The queue of this name, durable unless told otherwise. */
  async queue(
    name: string,
    life: 'durable' | 'session' = 'durable',
    durability: DeclaredDurability = null,
  ): Promise<Queue> {
    const queue = await this.declare(name, { durable: life === 'durable', durability })
    assert(!isRefusal(queue))
    return queue
  }

  /** Declares a queue; answers it, or why not. */
  declare(name: string, asked: Partial<QueueOptions>): Promise<Queue | Refusal> {
    const options = { ...PLAIN_QUEUE, ...asked }
    return this.runtime.declare.queue(this.#namespace, { name, options, owner: null })
  }

  /** The queue of this name if there is one. */
  find(name: string): Queue | undefined {
    return this.#namespace.queues.get(name)
  }

  /** Resolves when the group goes on there, in each of the partitions. */
  async commit(group: string, places: readonly (readonly [Partition, number])[]): Promise<void> {
    const commitments = places.map(([{ id }, offset]) => {
      return { partition: id, committed: { offset, note: '' } }
    })
    const ticket = this.runtime.commitOffsets(this.#namespace, group, commitments)
    assert(ticket !== HELD, 'no room')
    await this.runtime.commits.settled(ticket)
  }

  /** Where the group goes on. */
  committed(group: string, partition: Partition): number {
    return this.runtime.committed(this.#namespace, group, partition)?.offset ?? 0
  }

  /** The one partition of a new stream. */
  async partition(name: string, durability: DeclaredDurability = null): Promise<Partition> {
    assert(!isRefusal(await this.declareStream(name, durability)))
    return this.partitionOf(name)
  }

  /** Declares a stream with one partition; answers it, or why not. */
  declareStream(name: string, durability: DeclaredDurability): Promise<Stream | Refusal> {
    const place = { name, partitions: 1, identity: new Uint8Array(16), notes: NO_NOTES }
    return this.runtime.declare.stream(this.#namespace, { ...place, durability })
  }

  /** The one partition of a stream that is there. */
  partitionOf(name: string): Partition {
    return this.#namespace.streams.get(name)!.partitions[0]!
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
  publish(
    queue: Queue,
    name: string,
    persistence: Persistence = 'persistent',
    ttlMs: number = NO_TTL,
  ): number {
    const ticket = this.#publish(['', queue.name], name, persistence, ttlMs)
    const isKept = persistence === 'persistent' && queue.keepsMessages
    assert(isKept ? ticket > 0 : ticket === 0, 'no room')
    return ticket
  }

  /** Publishes a persistent message to all queues of a fan; answers its ticket. */
  publishAll(fan: string, name: string): number {
    const ticket = this.#publish([fan, fan], name, 'persistent')
    assert(ticket !== HELD, 'no room')
    return ticket
  }

  #publish(
    [exchange, key]: readonly [exchange: string, key: string],
    name: string,
    persistence: Persistence,
    ttlMs: number = NO_TTL,
  ): number {
    const route = this.runtime.route(this.#namespace, exchange, key)
    assert(!isRefusal(route))
    const content = new Content()
    content.body = bodyOf(name)
    content.bodySize = content.body.length
    content.ttlMs = ttlMs
    return this.runtime.publish(route, content, persistence)
  }

  /** Publishes a message with a large body of this name; answers its ticket. */
  publishLarge(key: { readonly name: string }, name: string, options: LargeOptions): number {
    const { size, persistence = 'persistent', exchange = '', ttlMs = NO_TTL } = options
    const arrival = this.arriving(size, persistence)
    assert.equal(arrival.put(bodyOf(name, size), 0, size), size, 'no room')
    const route = this.runtime.route(this.#namespace, exchange, key.name)
    assert(!isRefusal(route))
    const content = new Content()
    content.ttlMs = ttlMs
    const ticket = this.runtime.arrivals.publish(route, content, arrival)
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
  append(partition: Partition, name: string): number {
    const batch = new Batch()
    batch.count = 1
    batch.bytes = bodyOf(name)
    batch.size = batch.bytes.length
    const ticket = this.runtime.append(partition, batch)
    assert(ticket > 0, 'no room')
    return ticket
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

/**
 * What happens in the broker whose directory is frozen: something of everything that a journal of a broker can hold, in
 * snapshots and behind them, ended by a crash while messages are held.
 */
import assert from 'node:assert/strict'
import { SeededRandom } from '../../src/base/random.ts'
import type { Arrival } from '../../src/broker/arrival.ts'
import { Consumer } from '../../src/broker/consumer.ts'
import { HELD } from '../../src/broker/room.ts'
import { Runtime } from '../../src/broker/runtime.ts'
import type { JournalLimits } from '../../src/journal/limits.ts'
import { Batch } from '../../src/machine/batch.ts'
import { KIND_CUT } from '../../src/machine/entry.ts'
import type { ExchangeOptions } from '../../src/machine/exchange.ts'
import {
  Content,
  FORMAT_AMQP,
  FORMAT_KAFKA,
  FORMAT_PLAIN,
  NO_TTL,
} from '../../src/machine/message.ts'
import type { Namespace } from '../../src/machine/namespace.ts'
import type { Partition } from '../../src/machine/partition.ts'
import type { StreamRequest } from '../../src/machine/plan.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { PLAIN_QUEUE } from '../../src/machine/queue-options.ts'
import { isRefusal, type Refusal } from '../../src/machine/refusal.ts'
import type { Route } from '../../src/machine/route.ts'
import { DIRECTORY, microtasks, tinyLimits } from '../journal/journal-world.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { drained, settled } from '../sim/turn.ts'
import { openedEngine } from './broker-content.ts'

const START_MS = 1_750_000_000_000
const NO_NOTES = new Uint8Array(0)
const HOUR_MS = 3_600_000
const FAN = { kind: 'direct', durable: true, autoDelete: false, internal: false } as const
/** More than a page of a queue holds. */
const MANY = 1_100
/** All that is written then stands behind the snapshots that there are. */
const NO_SNAPSHOT = { snapshotAfterBytes: 2 ** 30 }
const SILENT = { info: () => {}, warn: () => {}, error: () => {} }
const encoder = new TextEncoder()

/** Ends in a crash: what it answers is what the disk shows then. */
export async function playBrokerStory(disk: CrashDisk): Promise<CrashDisk> {
  const first = await Teller.open(disk, START_MS)
  await first.declareAll()
  await first.publishLarge()
  await first.appendAll()
  await first.fillPages()
  await settled(first.runtime.close(), 'the close')
  const second = await Teller.open(disk, START_MS + 60_000)
  await second.holdAndReturn()
  const left = disk.killProcess()
  const third = await Teller.open(left, START_MS + 120_000, NO_SNAPSHOT)
  await third.declareMore()
  await third.deleteSome()
  await third.publishLarge()
  await settled(third.runtime.close(), 'the close')
  await cutStream(left)
  const fourth = await Teller.open(left, START_MS + 180_000, NO_SNAPSHOT)
  await fourth.goOn()
  return left.killProcess()
}

/** No part of the broker takes the beginning of a stream away yet; its journal can say so all the same. */
async function cutStream(disk: CrashDisk): Promise<void> {
  const { engine, machine } = await openedEngine(disk)
  const partition = machine.namespace('/').streams.get('log')!.partitions[0]!
  assert.equal(engine.log.reserve(1, 0, 'relief'), 'ok')
  const head = { kind: KIND_CUT, flags: 0, log: partition.id, number: 2 }
  engine.log.write(head, NO_NOTES)
  machine.cut(partition, 2)
  await settled(engine.close(), 'the close')
}

/** One run of the broker, in short words. */
class Teller {
  readonly disk: CrashDisk
  readonly runtime: Runtime

  private constructor(disk: CrashDisk, runtime: Runtime) {
    this.disk = disk
    this.runtime = runtime
  }

  static async open(
    disk: CrashDisk,
    wallMs: number,
    changes: Partial<JournalLimits> = {},
  ): Promise<Teller> {
    const clock = { wallMs: () => wallMs, monotonicMs: () => 0 }
    const random = new SeededRandom(7)
    const world = { clock, random, disk, scheduler: microtasks, net: null as never }
    const limits = { bodyBytes: 300, bodyBytesMax: 1_000, arrivingBytes: 2_000, markAhead: 20 }
    const options = { world, directory: DIRECTORY, durability: 'fsync', log: SILENT } as const
    const journalLimits = { ...tinyLimits, ...changes }
    const opening = Runtime.open({ ...options, limits, journalLimits })
    return new Teller(disk, await settled(opening, 'the broker'))
  }

  async declareAll(): Promise<void> {
    await this.#done(this.runtime.declare.namespace('other'))
    for (const name of ['work', 'copies', 'doomed']) await this.#queue(name)
    await this.#queue('noted', { ...PLAIN_QUEUE, autoDelete: true, notes: Uint8Array.of(1, 2, 3) })
    await this.#queue('session', { ...PLAIN_QUEUE, durable: false })
    await this.#queue('work', PLAIN_QUEUE, this.#namespace('other'))
    await this.#exchange('fan', FAN)
    await this.#exchange('inner', { ...FAN, autoDelete: true, internal: true })
    await this.#exchange('doomed', FAN)
    for (const name of ['work', 'copies', 'session']) await this.#bind('fan', name, 'all')
    await this.#bind('fan', 'noted', 'some', Uint8Array.of(9, 8))
    await this.#bind('inner', 'work', 'key')
    await this.#bind('fan', 'doomed', 'all')
    await this.#stream('log', 2, { notes: Uint8Array.of(5, 5) })
    await this.#stream('doomed', 1)
    await this.#queue('synced', { ...PLAIN_QUEUE, durability: 'fsync' })
    await this.#queue('written', { ...PLAIN_QUEUE, durability: 'os' })
    await this.#queue('remembered', { ...PLAIN_QUEUE, durability: 'memory' })
    await this.#queue('passing', PLAIN_QUEUE)
    await this.#queue('timed', { ...PLAIN_QUEUE, durability: 'os', messageTtlMs: HOUR_MS })
    await this.#stream('synced', 1, { durability: 'fsync' })
    await this.#stream('written', 2, { durability: 'os' })
    for (const name of ['synced', 'written', 'remembered']) await this.#bind('fan', name, 'all')
  }

  /** Most of what fills two pages is settled again, in holes. */
  async fillPages(): Promise<void> {
    const queue = this.#find('work')
    for (let index = 0; index < MANY; index++) {
      this.#publish('', 'work', `small ${index}`)
      if (index % 50 < 49) continue
      await drained()
      const from = queue.nextSequence - 50
      for (let sequence = from; sequence < from + 50; sequence++) {
        if (sequence % 97 !== 0) this.runtime.settle(queue, sequence, 1)
      }
      await drained()
    }
    this.#publish('fan', 'all', 'to three', FORMAT_AMQP)
    this.#publish('fan', 'some', 'to one with notes', FORMAT_AMQP)
    this.#publish('', 'passing', 'for an hour', FORMAT_PLAIN, HOUR_MS)
    this.#publish('', 'timed', 'for an hour, too')
    await drained()
  }

  async appendAll(): Promise<void> {
    const [left, right] = this.#partitions('log')
    for (let index = 0; index < 3; index++) this.#append(left!, 2, `left ${index}`)
    this.#append(right!, 5, 'right', FORMAT_KAFKA)
    this.#append(this.#partitions('doomed')[0]!, 1, 'nobody reads this')
    const committed = { offset: 4, note: 'a note' }
    this.#commit('audit', [{ partition: left!.id, committed }])
    this.#commit('audit', [{ partition: right!.id, committed: { offset: 5, note: '' } }])
    this.#commit('doomed', [{ partition: left!.id, committed }])
    await drained()
  }

  async deleteSome(): Promise<void> {
    const { declare } = this.runtime
    const namespace = this.#namespace()
    await this.#done(declare.deleteQueue(this.#find('doomed')))
    await this.#done(declare.deleteExchange(namespace, 'doomed', 'even-used'))
    await this.#done(declare.deleteStream(namespace, 'doomed'))
    await this.#done(declare.deleteGroup(namespace, 'doomed'))
    const exchange = namespace.exchanges.get('inner')!
    const binding = { queue: this.#find('work'), key: 'other', notes: NO_NOTES }
    await this.#done(declare.bind(namespace, exchange, binding))
    await this.#done(declare.unbind(namespace, exchange, binding))
  }

  /** Of what one consumer takes some is settled, some comes back, and some stays held. */
  async holdAndReturn(): Promise<void> {
    const queue = this.#find('work')
    const sequences = await this.#take(queue, 8)
    assert.equal(sequences.length, 8)
    this.runtime.settle(queue, sequences[0]!, 1)
    this.runtime.giveBack(queue, sequences[1]!, 1, 1)
    await drained()
    this.runtime.giveBack(queue, sequences[2]!, 1, 1)
    await drained()
  }

  async publishLarge(): Promise<void> {
    for (const key of ['all', 'some']) {
      const arrival = this.#arriving(700)
      assert.notEqual(
        this.runtime.arrivals.publish(this.#route('fan', key), new Content(), arrival),
        HELD,
      )
      await drained()
    }
    this.#arriving(650) // nobody ever publishes it
    await drained()
  }

  async declareMore(): Promise<void> {
    await this.#done(this.runtime.declare.namespace('third'))
    await this.#queue('late', { ...PLAIN_QUEUE, notes: Uint8Array.of(7) }, this.#namespace('other'))
    await this.#queue('plain')
    await this.#exchange('late', { ...FAN, autoDelete: true })
    await this.#bind('late', 'plain', 'key', Uint8Array.of(1))
    await this.#stream('late', 3, { durability: 'os' })
    await this.#queue('late', { ...PLAIN_QUEUE, durability: 'os' })
    await this.#queue('late and timed', { ...PLAIN_QUEUE, messageTtlMs: 0 })
    await this.#queue('late and in memory', { ...PLAIN_QUEUE, durability: 'memory' })
  }

  /** Ends while some are held. */
  async goOn(): Promise<void> {
    const queue = this.#find('noted')
    this.#publish('fan', 'all', 'the last to all')
    this.#publish('fan', 'some', 'behind the snapshots', FORMAT_AMQP)
    this.#publish('', 'passing', 'for another hour', FORMAT_AMQP, HOUR_MS)
    await drained()
    const [first = 0] = await this.#take(queue, 3)
    this.runtime.giveBack(queue, first, 1, 1)
    this.#append(this.#partitions('log')[1]!, 1, 'the last record')
    this.#append(this.#partitions('written')[1]!, 1, 'the last one written')
    this.#commit('billing', [
      { partition: this.#partitions('log')[1]!.id, committed: { offset: 1, note: 'new' } },
    ])
    await drained()
  }

  #namespace(name = '/'): Namespace {
    return this.runtime.machine.namespace(name)
  }

  #find(name: string): Queue {
    return this.#namespace().queues.get(name)!
  }

  #partitions(stream: string): readonly Partition[] {
    return this.#namespace().streams.get(stream)!.partitions
  }

  async #done<T extends object | null>(promise: Promise<T | Refusal>): Promise<void> {
    const answer = await settled(promise, 'a declaration')
    assert(answer === null || !isRefusal(answer))
  }

  #queue(name: string, options = PLAIN_QUEUE, namespace = this.#namespace()): Promise<void> {
    return this.#done(this.runtime.declare.queue(namespace, { name, options, owner: null }))
  }

  #exchange(name: string, options: ExchangeOptions): Promise<void> {
    return this.#done(this.runtime.declare.exchange(this.#namespace(), name, options))
  }

  #bind(exchange: string, queue: string, key: string, notes = NO_NOTES): Promise<void> {
    const namespace = this.#namespace()
    const binding = { queue: this.#find(queue), key, notes }
    return this.#done(
      this.runtime.declare.bind(namespace, namespace.exchanges.get(exchange)!, binding),
    )
  }

  #stream(
    name: string,
    partitions: number,
    { notes = NO_NOTES, durability = null }: Partial<StreamRequest> = {},
  ): Promise<void> {
    const identity = new Uint8Array(16).fill(name.length)
    const request = { name, partitions, identity, notes, durability }
    return this.#done(this.runtime.declare.stream(this.#namespace(), request))
  }

  #route(exchange: string, key: string): Route {
    const route = this.runtime.route(this.#namespace(), exchange, key)
    assert(!isRefusal(route))
    return route
  }

  #publish(
    exchange: string,
    key: string,
    text: string,
    format: number = FORMAT_PLAIN,
    ttlMs: number = NO_TTL,
  ): void {
    const content = new Content()
    content.ttlMs = ttlMs
    content.format = format
    content.properties = format === FORMAT_PLAIN ? NO_NOTES : encoder.encode('properties')
    content.propertiesSize = content.properties.length
    content.body = encoder.encode(text)
    content.bodySize = content.body.length
    const ticket = this.runtime.publish(this.#route(exchange, key), content, 'persistent')
    assert.notEqual(ticket, HELD, 'no room')
  }

  #arriving(sizeBytes: number): Arrival {
    const announcement = { sizeBytes, persistence: 'persistent', bringer: null } as const
    const arrival = this.runtime.arrivals.open(announcement)
    const body = new Uint8Array(sizeBytes).map((_, at) => at * 31)
    assert.equal(arrival.put(body, 0, sizeBytes), sizeBytes)
    return arrival
  }

  #append(partition: Partition, count: number, text: string, format: number = FORMAT_PLAIN): void {
    const batch = new Batch()
    const bytes = encoder.encode(text)
    Object.assign(batch, { format, count, timeMs: START_MS - count, bytes, size: bytes.length })
    assert.notEqual(this.runtime.append(partition, batch), HELD)
  }

  #commit(group: string, commitments: Parameters<Runtime['commitOffsets']>[2]): void {
    assert.notEqual(this.runtime.commitOffsets(this.#namespace(), group, commitments), HELD)
  }

  /** What a consumer gets at once; it stays held. */
  async #take(queue: Queue, count: number): Promise<readonly number[]> {
    const taken: number[] = []
    const deliver = ({ sequence }: { readonly sequence: number }): void => void taken.push(sequence)
    const receiver = { deliver, cancelled: () => undefined }
    this.runtime.join(queue, new Consumer(receiver, 'by-consumer', count))
    await drained()
    return taken
  }
}

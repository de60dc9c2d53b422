/**
 * The durable state that a directory holds, found as a restart finds it and told in words that no protocol has to
 * itself, so that two brokers can be compared. What is left out or translated, and why:
 *
 *   tickets         places in the journal: how many entries told of the same thing is nobody's promise
 *   identities      chance, drawn anew by each broker and each stream
 *   the newest time each broker's own clock; a conversation over a network takes longer
 *   formats, sizes  who wrote it says in its own format what kind of body it is; the kind and the bytes are compared
 *   kinds of values a Kafka record has bytes and no kind, so of records the bytes are compared alone
 *   amq.direct      every client of RabbitMQ counts on it; the first that connects makes it
 */
import assert from 'node:assert/strict'
import type { World } from '../../src/base/ports.ts'
import { openEngine } from '../../src/broker/open-engine.ts'
import { Reading } from '../../src/broker/reading.ts'
import type { Engine } from '../../src/journal/engine.ts'
import { BatchView } from '../../src/machine/batch.ts'
import type { Machine } from '../../src/machine/machine.ts'
import { FORMAT_AMQP, FORMAT_KAFKA, FORMAT_PLAIN, MessageView } from '../../src/machine/message.ts'
import type { Namespace } from '../../src/machine/namespace.ts'
import { LARGE } from '../../src/machine/page.ts'
import type { Partition } from '../../src/machine/partition.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { decodeProperties } from '../../src/wire/amqp/properties.ts'
import { readStoredBatch } from '../../src/wire/kafka/batch.ts'
import { readRecords, recordBytesOf } from '../../src/wire/kafka/read-records.ts'
import { bodyKindOf } from '../../src/wire/plain/body.ts'
import { readPlainRecords } from '../../src/wire/plain/records.ts'
import { readAll } from '../broker/disk-broker.ts'

const MADE_FOR_AMQP = 'amq.direct'

/** Plain values, to be compared deeply. */
export type DurableState = Readonly<Record<string, unknown>>

export async function durableState(world: World, directory: string): Promise<DurableState> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const events = { settled: () => undefined, stopped: assert.fail }
  const options = { world, directory, durability: 'fsync', log } as const
  const { engine, machine } = await openEngine(options, events)
  try {
    // As the next broker would begin.
    if (!machine.stoppedCleanly) machine.restarted()
    const { stoppedCleanly, nextId } = machine
    const namespaces: Record<string, unknown> = {}
    for (const namespace of machine.namespaces.values()) {
      namespaces[namespace.name] = await stateOf(engine, machine, namespace)
    }
    return { stoppedCleanly, nextId, namespaces }
  } finally {
    await engine.close()
  }
}

async function stateOf(
  engine: Engine,
  machine: Machine,
  namespace: Namespace,
): Promise<DurableState> {
  const [queues, streams] = [new Map<string, unknown>(), new Map<string, unknown>()]
  for (const queue of namespace.queues.values())
    queues.set(queue.name, await queueState(engine, machine, queue))
  for (const { name, notes, partitions } of namespace.streams.values()) {
    const states: unknown[] = []
    for (const partition of partitions) states.push(await partitionState(engine, partition))
    streams.set(name, { notes, partitions: states })
  }
  const groups = [...namespace.groups.values()].map(({ id, name, offsets }) => {
    const places = [...offsets].map(([partition, committed]) => {
      return { ...committed, isThere: machine.partitions.has(partition), partition }
    })
    return { id, name, places: places.sort((left, right) => left.partition - right.partition) }
  })
  const exchanges = [...namespace.exchanges.values()]
    .filter(({ name }) => name !== MADE_FOR_AMQP)
    .map(({ name, options }) => ({ name, options }))
  return { queues, streams, groups, exchanges }
}

async function queueState(engine: Engine, machine: Machine, queue: Queue): Promise<DurableState> {
  const { id, options, nextSequence, mark, redeliveredThrough, readyCount, heldCount } = queue
  const messages: unknown[] = []
  for (const sequence of queue.living()) {
    messages.push({
      sequence,
      redelivered: queue.isRedelivered(sequence),
      deliveries: queue.deliveriesOf(sequence),
      ...(await messageState(engine, machine, { queue, sequence })),
    })
  }
  const numbers = { nextSequence, mark, redeliveredThrough, readyCount, heldCount }
  return { id, options, ...numbers, messages }
}

async function messageState(
  engine: Engine,
  machine: Machine,
  { queue, sequence }: { readonly queue: Queue; readonly sequence: number },
): Promise<DurableState> {
  const ticket = queue.ticketOf(sequence)
  await engine.store.load(ticket)
  const entry = engine.store.peek(ticket)
  assert(entry !== null, 'a body that was loaded')
  const view = new MessageView()
  view.enter(entry)
  const { bytes, headAt, headSize, propertiesAt, bodyAt, propertiesSize, bodySize } = view
  const properties = bytes.slice(propertiesAt, propertiesAt + propertiesSize)
  const head = Buffer.from(bytes.subarray(headAt, headAt + headSize)).toString()
  const isLarge = (queue.stateOf(sequence) & LARGE) !== 0
  const body = isLarge
    ? await readAll(new Reading(engine.store, machine.large.get(ticket)))
    : bytes.slice(bodyAt, bodyAt + bodySize)
  return {
    kind: kindOf(view.format, properties),
    head,
    body: Buffer.from(body).toString(),
    charged: queue.sizeOf(sequence) - propertiesSize,
  }
}

function kindOf(format: number, properties: Uint8Array): string {
  if (format === FORMAT_PLAIN) return bodyKindOf(properties[0]!)
  assert.equal(format, FORMAT_AMQP)
  const { contentType, deliveryMode } = decodeProperties(properties, 0, properties.length)
  assert.equal(deliveryMode, 2, 'only what is persistent is kept')
  if (contentType === null) return 'bytes'
  return contentType === 'text/plain' ? 'text' : 'json'
}

async function partitionState(engine: Engine, partition: Partition): Promise<DurableState> {
  const { id, firstOffset, nextOffset, nextRow, batchCount } = partition
  const batches: unknown[] = []
  for (let row = nextRow - batchCount; row < nextRow; row++) {
    const ticket = partition.ticketOf(row)
    await engine.store.load(ticket)
    const entry = engine.store.peek(ticket)
    assert(entry !== null, 'a batch that was loaded')
    const view = new BatchView()
    view.enter(entry)
    assert.deepEqual([view.offset, view.count], [partition.offsetOf(row), partition.countOf(row)])
    const { offset, count, timeMs } = view
    batches.push({ offset, count, timeMs, records: recordsOf(view) })
  }
  return { id, firstOffset, nextOffset, batches }
}

function recordsOf(view: BatchView): unknown[] {
  const bytes = view.bytes.slice(view.at, view.at + view.size)
  if (view.format === FORMAT_PLAIN) {
    const records = readPlainRecords(bytes, { at: 0, end: bytes.length }, view.count)
    return records.map(({ key, body, timeMs }) => record(key, body, timeMs))
  }
  assert.equal(view.format, FORMAT_KAFKA)
  const records = readRecords(recordBytesOf(bytes), readStoredBatch(bytes))
  return records.map(({ key, value, timestampMs }) => record(key, value!, timestampMs))
}

function record(key: Uint8Array | null, value: Uint8Array, timeMs: number): DurableState {
  const keyText = key === null ? null : Buffer.from(key).toString()
  return { key: keyText, value: Buffer.from(value).toString(), timeMs }
}

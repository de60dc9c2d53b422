/**
 * What a broker's directory holds, in plain words: read through what the broker itself opens it with, and compared with
 * what was written down when the directory was frozen. What nobody has set is left out, so that a list stays true when
 * there is more to be set.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { SeededRandom } from '../../src/base/random.ts'
import { openEngine } from '../../src/broker/open-engine.ts'
import type { Engine } from '../../src/journal/engine.ts'
import { BatchView } from '../../src/machine/batch.ts'
import type { EntryView } from '../../src/machine/entry.ts'
import type { Exchange } from '../../src/machine/exchange.ts'
import type { Machine } from '../../src/machine/machine.ts'
import { MessageView, NO_TTL } from '../../src/machine/message.ts'
import { LARGE } from '../../src/machine/page.ts'
import type { Partition } from '../../src/machine/partition.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { DIRECTORY, microtasks, tinyLimits } from '../journal/journal-world.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { settled } from '../sim/turn.ts'

const SILENT = { info: () => {}, warn: () => {}, error: () => {} }
const BODY_CHARS_MAX = 100 // longer ones are told by their digest

/** Plain data, as a file of expectations keeps it. */
export type BrokerContent = {
  readonly journal: unknown
  readonly broker: unknown
  readonly namespaces: unknown
  readonly queues: readonly { readonly id: number }[]
  readonly partitions: unknown
  readonly references: number
}

export type OpenedEngine = { readonly engine: Engine; readonly machine: Machine }

/** What the runtime stands on, without a runtime that would write its first words. */
export function openedEngine(disk: CrashDisk): Promise<OpenedEngine> {
  const clock = { wallMs: () => 0, monotonicMs: () => 0 }
  const random = new SeededRandom(1)
  const world = { clock, random, disk, scheduler: microtasks, net: null as never }
  const options = { world, directory: DIRECTORY, durability: 'fsync', log: SILENT } as const
  const events = { settled: () => undefined, stopped: assert.fail }
  return settled(openEngine({ ...options, journalLimits: tinyLimits }, events), 'the engine')
}

/** Everything in the directory; leaves it as it is but for what recovery does. */
export async function contentOfBroker(disk: CrashDisk): Promise<BrokerContent> {
  const { engine, machine } = await openedEngine(disk)
  const { identity, nextId, newestMs, stoppedCleanly } = machine
  const content = {
    journal: { epoch: engine.log.epoch, nextTicket: engine.log.nextTicket },
    broker: { identity: hexOf(identity), nextId, newestMs, stoppedCleanly },
    namespaces: [...machine.namespaces.values()].map(({ name, exchanges, streams, groups }) => ({
      name,
      exchanges: [...exchanges.values()].map(exchangeContent),
      streams: [...streams.values()].map((stream) => ({
        name: stream.name,
        identity: hexOf(stream.identity),
        notes: hexOf(stream.notes),
        durability: stream.durability,
        partitions: stream.partitions.map(({ id }) => id),
      })),
      groups: [...groups.values()].map(({ id, name: group, offsets }) => ({
        id,
        name: group,
        offsets: [...offsets].sort(([left], [right]) => left - right),
      })),
    })),
    queues: await eachOf(byId(machine.queues.values()), (queue) =>
      queueContent(queue, { engine, machine }),
    ),
    partitions: await eachOf(byId(machine.partitions.values()), (partition) =>
      partitionContent(partition, engine),
    ),
    references: engine.store.references,
  }
  await settled(engine.close(), 'the close')
  return JSON.parse(JSON.stringify(content, whatIsSet)) as BrokerContent
}

function whatIsSet(_name: string, value: unknown): unknown {
  return value === null ? undefined : value
}

function exchangeContent(exchange: Exchange): unknown {
  const bindings = [...exchange.bindings()].map(({ queue, key, notes }) => {
    return { queue: queue.id, key, notes: hexOf(notes) }
  })
  return { name: exchange.name, ...exchange.options, bindings }
}

async function queueContent(queue: Queue, { engine, machine }: OpenedEngine): Promise<unknown> {
  const { id, namespace, name, options, mark, redeliveredThrough, nextSequence } = queue
  const messages = await eachOf([...queue.living()], async (sequence) => {
    const ticket = queue.ticketOf(sequence)
    const isLarge = (queue.stateOf(sequence) & LARGE) !== 0
    const fragments = isLarge ? machine.large.get(ticket).fragments : []
    const expiresMs = queue.expiryOf(sequence)
    return {
      ...(expiresMs === 0 ? {} : { expiresMs }),
      sequence,
      size: queue.sizeOf(sequence),
      redelivered: queue.isRedelivered(sequence),
      deliveries: queue.deliveriesOf(sequence),
      ...(await messageContent(engine, ticket, fragments)),
    }
  })
  const { messageTtlMs, ...declared } = options
  const time = messageTtlMs === NO_TTL ? {} : { messageTtlMs }
  const place = { id, namespace, name, ...declared, ...time, notes: hexOf(options.notes) }
  return { ...place, mark, redeliveredThrough, nextSequence, messages }
}

async function messageContent(
  engine: Engine,
  ticket: number,
  fragments: readonly number[],
): Promise<object> {
  const view = new MessageView()
  view.enter(entryOf(await settled(engine.store.read(ticket), 'a message')))
  const part = (at: number, size: number): Uint8Array => view.bytes.subarray(at, at + size)
  const pieces = await eachOf(fragments, (fragment) =>
    settled(engine.store.read(fragment), 'a fragment'),
  )
  const body = fragments.length > 0 ? Buffer.concat(pieces) : part(view.bodyAt, view.bodySize)
  return {
    format: view.format,
    head: textOf(part(view.headAt, view.headSize)),
    properties: hexOf(part(view.propertiesAt, view.propertiesSize)),
    fragments: fragments.length,
    body: textOf(body),
  }
}

async function partitionContent(partition: Partition, engine: Engine): Promise<unknown> {
  const { id, stream, index, firstOffset, nextOffset, firstRow, nextRow } = partition
  const rows = Array.from({ length: nextRow - firstRow }, (_, row) => firstRow + row)
  const batches = await eachOf(rows, async (row) => {
    const bytes = await settled(engine.store.read(partition.ticketOf(row)), 'a batch')
    const view = new BatchView()
    view.enter(entryOf(bytes))
    const { format, count, timeMs, appendedMs, at, size } = view
    const body = textOf(view.bytes.subarray(at, at + size))
    const stored = { count: partition.countOf(row), timeMs: partition.timeOf(row) }
    assert.deepEqual(stored, { count, timeMs })
    return { offset: partition.offsetOf(row), format, count, timeMs, appendedMs, body }
  })
  return { id, stream, index, firstOffset, nextOffset, batches }
}

function entryOf(bytes: Uint8Array): EntryView {
  return { ticket: 0, kind: 0, log: 0, number: 0, bytes, bodyAt: 0, bodySize: bytes.length }
}

function byId<T extends { readonly id: number }>(items: Iterable<T>): T[] {
  return [...items].sort((left, right) => left.id - right.id)
}

/** One after the other: one reader has the disk at a time. */
async function eachOf<T, U>(
  items: readonly T[],
  read: (item: T) => Promise<U>,
): Promise<readonly U[]> {
  const answers: U[] = []
  for (const item of items) answers.push(await read(item))
  return answers
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1')
  if (text.length <= BODY_CHARS_MAX) return text
  return `${bytes.length} bytes, SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`
}

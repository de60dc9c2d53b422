/**
 * All that a machine must find again after a restart, in plain words, read through what the broker reads: a snapshot is
 * compared with it, because bytes that leave something out are equal to other bytes that leave it out.
 */
import type { Exchange } from '../../src/machine/exchange.ts'
import type { Machine } from '../../src/machine/machine.ts'
import { LARGE, TRANSIENT } from '../../src/machine/page.ts'
import type { Partition } from '../../src/machine/partition.ts'
import type { Queue } from '../../src/machine/queue.ts'
import type { Stream } from '../../src/machine/stream.ts'

export function portraitOf(machine: Machine): unknown {
  const { identity, nextId, newestMs } = machine
  return {
    broker: { identity: [...identity], nextId, newestMs },
    namespaces: [...machine.namespaces.values()].map((namespace) => ({
      name: namespace.name,
      exchanges: [...namespace.exchanges.values()].filter(isKept).map(exchangePortrait),
      streams: [...namespace.streams.values()].map(streamPortrait),
      groups: [...namespace.groups.values()].map(({ id, name, offsets }) => ({
        id,
        name,
        offsets: [...offsets].sort(([left], [right]) => left - right),
      })),
    })),
    queues: byId(machine.queues.values())
      .filter(isDurable)
      .map((queue) => queuePortrait(queue, machine)),
    partitions: byId(machine.partitions.values()).map(partitionPortrait),
  }
}

function isKept({ options }: Exchange): boolean {
  return options.durable
}

/** Bindings in no order: who gets a message does not depend on it. */
function exchangePortrait(exchange: Exchange): unknown {
  const bindings = [...exchange.bindings()]
    .filter(({ queue }) => queue.durable)
    .map(({ queue, key, notes }) => `${queue.id} ${key} ${notes.join()}`)
  return { name: exchange.name, options: exchange.options, bindings: bindings.sort() }
}

function streamPortrait({ name, identity, notes, partitions, durability }: Stream): unknown {
  const ids = partitions.map(({ id }) => id)
  return { name, identity: [...identity], notes: [...notes], partitions: ids, durability }
}

function isDurable(queue: Queue): boolean {
  return queue.durable
}

function byId<T extends { readonly id: number }>(items: Iterable<T>): T[] {
  return [...items].sort((left, right) => left.id - right.id)
}

function queuePortrait(queue: Queue, { large }: Machine): unknown {
  const { id, namespace, name, options, mark, redeliveredThrough, nextSequence } = queue
  const kept = [...queue.living()].filter((each) => (queue.stateOf(each) & TRANSIENT) === 0)
  const messages = kept.map((sequence) => ({
    sequence,
    ticket: queue.ticketOf(sequence),
    size: queue.sizeOf(sequence),
    redelivered: queue.isRedelivered(sequence),
    deliveries: queue.deliveriesOf(sequence),
    expiresMs: queue.expiryOf(sequence),
    large: isLarge(queue, sequence) ? large.get(queue.ticketOf(sequence)) : null,
  }))
  const place = { id, namespace, name, options: { ...options, notes: [...options.notes] } }
  return { ...place, mark, redeliveredThrough, nextSequence, messages }
}

function isLarge(queue: Queue, sequence: number): boolean {
  return (queue.stateOf(sequence) & LARGE) !== 0
}

function partitionPortrait(partition: Partition): unknown {
  const { id, stream, index, entryDurability } = partition
  const { firstOffset, nextOffset, sizeBytes, batchCount, nextRow } = partition
  const rows = Array.from({ length: batchCount }, (_, row) => nextRow - batchCount + row)
  const batches = rows.map((row) => ({
    offset: partition.offsetOf(row),
    count: partition.countOf(row),
    ticket: partition.ticketOf(row),
    sizeBytes: partition.sizeOf(row),
    timeMs: partition.timeOf(row),
  }))
  return { id, stream, index, entryDurability, firstOffset, nextOffset, sizeBytes, batches }
}

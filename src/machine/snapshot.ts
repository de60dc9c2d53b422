/**
 * The machine's durable state as bytes, written bit by bit while it goes on changing: names from lists of what never
 * changes, the pages of queues and the rows of partitions from copies that later writes leave alone.
 *
 *   snapshot  = head section* end                  every section stands behind its type
 *   head      = version:u16 nextId:u32 newestMs:u53
 *   1 change    size:u32 change                    see change.ts; namespaces first, then what is in them
 *   2 queue     id:u32 next:u53 mark:u53 redelivered:u53 first:u53 pages:u32
 *   3 page      count:u16 (slot:u16 flags:u8 deliveries:u8 size:u32 ticket:u53)* expires:u53*
 *                                                  flags: 1 redelivered 2 large 4 expires: one of those behind the rows
 *   4 partition id:u32 first:u53 next:u53 blocks:u32
 *   5 rows      count:u16 (offset:u53 count:u32 ticket:u53 size:u32 time:u53)*
 *   6 group     id:u32 size:u32 offsets            see group.ts
 *   7 large     ticket:u53 size:u53 count:u32 fragment:u53*      before the queues that refer to it
 *   0 end
 *
 * Pages and rows follow their queue and partition at once, so that only the numbers of one are in memory.
 * Equal states have equal bytes, however they came about: nothing here depends on how memory is laid out.
 *
 * Version 2 is version 1 whose changes may carry settings and whose slots may expire. Both are read, and 2 is written.
 */
import { assert } from '../base/assert.ts'
import { Writer } from '../base/writer.ts'
import { type Change, writeChange } from './change.ts'
import type { Binding, Exchange } from './exchange.ts'
import { type Committed, type Group, writeCommitments } from './group.ts'
import type { LargeBody } from './large-body.ts'
import type { Machine } from './machine.ts'
import { GONE, LARGE, PAGE_MESSAGES, type Page, REDELIVERED, TRANSIENT } from './page.ts'
import { type FrozenPartition, PAGE_ROWS } from './partition.ts'
import type { Queue } from './queue.ts'
import type { Stream } from './stream.ts'

export const SNAPSHOT_VERSION = 2
export const SECTION_END = 0
export const SECTION_CHANGE = 1
export const SECTION_QUEUE = 2
export const SECTION_PAGE = 3
export const SECTION_PARTITION = 4
export const SECTION_ROWS = 5
export const SECTION_GROUP = 6
export const SECTION_LARGE = 7

// Flags of a message's slot.
export const SLOT_REDELIVERED = 1
export const SLOT_LARGE = 2
export const SLOT_EXPIRES = 4

type FrozenQueue = {
  readonly id: number
  readonly nextSequence: number
  readonly mark: number
  readonly redeliveredThrough: number
  readonly firstSequence: number
  readonly pages: readonly (Page | null)[]
}

/** What has a name: references to what never changes, in lists of its own. */
type FrozenNamespace = {
  readonly name: string
  readonly exchanges: readonly { readonly exchange: Exchange; readonly bindings: Binding[] }[]
  readonly streams: readonly Stream[]
  readonly groups: readonly Group[]
}

type FrozenPlaces = { readonly id: number; readonly offsets: ReadonlyMap<number, Committed> }

type FrozenNames = {
  readonly identity: Uint8Array
  readonly queues: readonly Queue[]
  readonly namespaces: readonly FrozenNamespace[]
}

const PIECE_BYTES = 4 * 1_024 // of names: some fifty of them, so that whoever writes a snapshot may stop in between

/**
 * Freezes the machine and answers its bytes piece by piece; each piece costs microseconds. To freeze takes
 * references, and encodes nothing: it happens in one turn, however much there is. The caller thaws the machine
 * when it is done or gives up.
 */
export function freeze(machine: Machine): () => Generator<Uint8Array> {
  const { nextId, newestMs } = machine
  const names = freezeNames(machine)
  const places = byId(machine.groups.values()).map((group): FrozenPlaces => {
    return { id: group.id, offsets: group.freeze() }
  })
  const queues = names.queues.map(freezeQueue)
  const partitions = byId(machine.partitions.values()).map((partition) => partition.freeze())
  const large = machine.large.freeze()
  machine.freezer.freeze()
  return function* pieces() {
    const writer = new Writer()
    writer.u16(SNAPSHOT_VERSION)
    writer.u32(nextId)
    writer.u53(newestMs)
    for (const change of changesOf(names)) {
      writer.u8(SECTION_CHANGE)
      writeSized(writer, () => writeChange(writer, change))
      if (writer.size >= PIECE_BYTES) yield writer.take()
    }
    for (const frozen of places) {
      writePlaces(writer, frozen)
      if (writer.size >= PIECE_BYTES) yield writer.take()
    }
    yield writer.take()
    for (const [ticket, body] of large) yield largePiece(ticket, body, writer)
    for (const queue of queues) yield* queuePieces(queue, writer)
    for (const frozen of partitions) yield* partitionPieces(frozen, writer)
    writer.u8(SECTION_END)
    yield writer.take()
  }
}

function freezeNames(machine: Machine): FrozenNames {
  const namespaces = [...machine.namespaces.values()].map((namespace) => ({
    name: namespace.name,
    exchanges: [...namespace.exchanges.values()]
      .filter(({ options }) => options.durable)
      .map((exchange) => ({ exchange, bindings: exchange.bindings() })),
    streams: [...namespace.streams.values()],
    groups: [...namespace.groups.values()],
  }))
  const queues = [...machine.queues.values()].filter((queue) => queue.durable)
  return { identity: machine.identity, queues, namespaces }
}

/** What would make the same names again. */
function* changesOf({ identity, queues, namespaces }: FrozenNames): Generator<Change> {
  if (identity.length > 0) yield { kind: 'broker-made', identity }
  for (const { name } of namespaces) yield { kind: 'namespace-made', name }
  for (const { id, namespace, name, options } of queues) {
    const { durable: _, ...declared } = options
    yield { kind: 'queue-made', namespace, id, name, ...declared }
  }
  for (const frozen of namespaces) yield* changesIn(frozen)
}

function* changesIn(frozen: FrozenNamespace): Generator<Change> {
  const { name: namespace, exchanges, streams, groups } = frozen
  for (const { exchange } of exchanges) {
    const { kind: exchangeKind, autoDelete, internal } = exchange.options
    const { name } = exchange
    yield { kind: 'exchange-made', namespace, name, exchangeKind, autoDelete, internal }
  }
  for (const { exchange, bindings } of exchanges) {
    for (const { queue, key, notes } of bindings) {
      if (!queue.durable) continue
      yield { kind: 'bound', queue: queue.id, namespace, exchange: exchange.name, key, notes }
    }
  }
  for (const { name, identity, notes, partitions, durability } of streams) {
    const ids = partitions.map(({ id }) => id)
    const place = { namespace, name, identity }
    yield { kind: 'stream-made', ...place, notes, partitions: ids, durability }
  }
  for (const { id, name } of groups) yield { kind: 'group-made', namespace, id, name }
}

function writePlaces(writer: Writer, { id, offsets }: FrozenPlaces): void {
  const ascending = [...offsets].sort(([left], [right]) => left - right)
  const commitments = ascending.map(([partition, committed]) => ({ partition, committed }))
  writer.u8(SECTION_GROUP)
  writer.u32(id)
  writeSized(writer, () => writeCommitments(writer, commitments))
}

/** What `write` writes, and its size before it. */
function writeSized(writer: Writer, write: () => void): void {
  const at = writer.reserve(4)
  write()
  writer.patchU32(at, writer.size - at - 4)
}

function byId<T extends { readonly id: number }>(items: Iterable<T>): T[] {
  return [...items].sort((left, right) => left.id - right.id)
}

function largePiece(ticket: number, body: LargeBody, writer: Writer): Uint8Array {
  writer.u8(SECTION_LARGE)
  writer.u53(ticket)
  writer.u53(body.sizeBytes)
  writer.u32(body.fragments.length)
  for (const fragment of body.fragments) writer.u53(fragment)
  return writer.take()
}

function freezeQueue(queue: Queue): FrozenQueue {
  const { id, mark, redeliveredThrough } = queue
  const { nextSequence, firstSequence, pages } = queue.kept()
  return { id, mark, redeliveredThrough, nextSequence, firstSequence, pages }
}

function* queuePieces(queue: FrozenQueue, writer: Writer): Generator<Uint8Array> {
  writer.u8(SECTION_QUEUE)
  writer.u32(queue.id)
  writer.u53(queue.nextSequence)
  writer.u53(queue.mark)
  writer.u53(queue.redeliveredThrough)
  writer.u53(queue.firstSequence)
  writer.u32(queue.pages.length)
  for (const page of queue.pages) {
    writePage(page, writer)
    yield writer.take()
  }
  yield writer.take()
}

function writePage(page: Page | null, writer: Writer): void {
  writer.u8(SECTION_PAGE)
  const countAt = writer.reserve(2)
  if (page === null || page.kept === 0) return
  let count = 0
  for (let slot = 0; slot < PAGE_MESSAGES; slot++) {
    const state = page.states[slot]!
    if (state === GONE || (state & TRANSIENT) !== 0) continue
    writer.u16(slot)
    const redelivered = (state & REDELIVERED) === 0 ? 0 : SLOT_REDELIVERED
    const expires = page.expiry(slot) === 0 ? 0 : SLOT_EXPIRES
    writer.u8(redelivered | ((state & LARGE) === 0 ? 0 : SLOT_LARGE) | expires)
    writer.u8(page.deliveries === null ? 0 : page.deliveries[slot]!)
    writer.u32(page.size(slot))
    writer.u53(page.ticket(slot))
    count++
  }
  assert(count === page.kept, 'a page that counts wrongly')
  writer.patchU16(countAt, count)
  if (page.expiries !== null) writeExpiries(page, writer)
}

function writeExpiries(page: Page, writer: Writer): void {
  for (let slot = 0; slot < PAGE_MESSAGES; slot++) {
    const state = page.states[slot]!
    if (state === GONE || (state & TRANSIENT) !== 0) continue
    if (page.expiry(slot) > 0) writer.u53(page.expiry(slot))
  }
}

function* partitionPieces(frozen: FrozenPartition, writer: Writer): Generator<Uint8Array> {
  const { id, firstOffset, nextOffset, firstRow, nextRow, pages } = frozen
  writer.u8(SECTION_PARTITION)
  writer.u32(id)
  writer.u53(firstOffset)
  writer.u53(nextOffset)
  writer.u32(Math.ceil((nextRow - firstRow) / PAGE_ROWS))
  for (let from = firstRow; from < nextRow; from += PAGE_ROWS) {
    const end = Math.min(from + PAGE_ROWS, nextRow)
    writer.u8(SECTION_ROWS)
    writer.u16(end - from)
    for (let row = from; row < end; row++) {
      const page = pages[Math.floor(row / PAGE_ROWS)]!
      const slot = row % PAGE_ROWS
      writer.u53(page.offsets[slot]!)
      writer.u32(page.counts[slot]!)
      writer.u53(page.tickets[slot]!)
      writer.u32(page.sizes[slot]!)
      writer.u53(page.times[slot]!)
    }
    yield writer.take()
  }
  yield writer.take()
}

/** Restoring: a snapshot's bytes, in blocks of any size, become the machine that wrote them. */
import { assert } from '../base/assert.ts'
import { EMPTY } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { Reader } from '../base/reader.ts'
import { decodeChange } from './change.ts'
import { decodeCommitments } from './group.ts'
import type { Machine } from './machine.ts'
import { LARGE, PAGE_MESSAGES, REDELIVERED } from './page.ts'
import type { Partition } from './partition.ts'
import type { Queue } from './queue.ts'
import {
  SECTION_CHANGE,
  SECTION_END,
  SECTION_GROUP,
  SECTION_LARGE,
  SECTION_PAGE,
  SECTION_PARTITION,
  SECTION_QUEUE,
  SECTION_ROWS,
  SLOT_EXPIRES,
  SLOT_LARGE,
  SLOT_REDELIVERED,
  SNAPSHOT_VERSION,
} from './snapshot.ts'

const HEAD_SIZE = 2 + 4 + 8
const QUEUE_SIZE = 4 + 4 * 8 + 4
const MESSAGE_SIZE = 16
const EXPIRY_SIZE = 8
const PARTITION_SIZE = 4 + 8 + 8 + 4
const ROW_SIZE = 32
const LARGE_SIZE = 8 + 8 + 4
const FRAGMENT_SIZE = 8

export async function restore(machine: Machine, blocks: AsyncIterable<Uint8Array>): Promise<void> {
  assert(machine.namespaces.size === 0, 'the machine is not new')
  const input = new Input(blocks)
  try {
    await restoreAll(machine, input)
    await input.end()
  } finally {
    await input.close()
  }
  machine.stoppedCleanly = false
}

async function restoreAll(machine: Machine, input: Input): Promise<void> {
  const head = await input.take(HEAD_SIZE)
  const version = head.u16()
  if (version < 1 || version > SNAPSHOT_VERSION) {
    throw new Fault('snapshot-version', `a snapshot of version ${version}`)
  }
  const nextId = head.u32()
  machine.newestMs = head.u53()
  for (;;) {
    const section = (await input.take(1)).u8()
    if (section === SECTION_END) break
    await restoreSection(machine, section, input)
  }
  machine.nextId = nextId
}

async function restoreSection(machine: Machine, section: number, input: Input): Promise<void> {
  switch (section) {
    case SECTION_CHANGE: {
      const size = (await input.take(4)).u32()
      const bytes = (await input.take(size)).bytes(size)
      return machine.change(decodeChange(bytes, 0, size))
    }
    case SECTION_GROUP: {
      const head = await input.take(8)
      const group = machine.groups.get(head.u32())
      assert(group !== undefined, 'places of a group that is not there')
      const size = head.u32()
      const bytes = (await input.take(size)).bytes(size)
      return group.apply(decodeCommitments(bytes, 0, size))
    }
    case SECTION_LARGE: {
      const head = await input.take(LARGE_SIZE)
      const [ticket, sizeBytes, count] = [head.u53(), head.u53(), head.u32()]
      const tickets = await input.take(count * FRAGMENT_SIZE)
      const fragments = Array.from({ length: count }, () => tickets.u53())
      return machine.large.restore(ticket, { sizeBytes, fragments })
    }
    case SECTION_QUEUE: {
      const head = await input.take(QUEUE_SIZE)
      const queue = machine.queues.get(head.u32())
      assert(queue !== undefined, 'messages of a queue that is not there')
      const [nextSequence, mark, redeliveredThrough] = [head.u53(), head.u53(), head.u53()]
      queue.restoreEnds({ nextSequence, mark, redeliveredThrough })
      const firstSequence = head.u53()
      const pages = head.u32()
      for (let index = 0; index < pages; index++) {
        const first = firstSequence + index * PAGE_MESSAGES
        await restorePage(machine, { queue, first }, input)
      }
      return
    }
    case SECTION_PARTITION: {
      const head = await input.take(PARTITION_SIZE)
      const partition = machine.partitions.get(head.u32())
      assert(partition !== undefined, 'rows of a partition that is not there')
      const [firstOffset, nextOffset, pages] = [head.u53(), head.u53(), head.u32()]
      for (let index = 0; index < pages; index++) await restoreRows(partition, input)
      return partition.restoreEnds(firstOffset, nextOffset)
    }
    default:
      throw new Fault('snapshot-section', `a snapshot section of type ${section}`)
  }
}

async function restorePage(
  machine: Machine,
  { queue, first }: { readonly queue: Queue; readonly first: number },
  input: Input,
): Promise<void> {
  const head = await input.take(3)
  assert(head.u8() === SECTION_PAGE, 'a queue goes on with its pages')
  const count = head.u16()
  const rows = await input.take(count * MESSAGE_SIZE)
  const expiring: number[] = []
  for (let index = 0; index < count; index++) {
    const sequence = first + rows.u16()
    const slot = rows.u8()
    const isLarge = (slot & SLOT_LARGE) !== 0
    const flags = ((slot & SLOT_REDELIVERED) === 0 ? 0 : REDELIVERED) | (isLarge ? LARGE : 0)
    const deliveries = rows.u8()
    const size = rows.u32()
    const ticket = rows.u53()
    queue.restore({ sequence, flags, deliveries, size, ticket })
    if (isLarge) machine.large.refer(ticket)
    if ((slot & SLOT_EXPIRES) !== 0) expiring.push(sequence)
  }
  if (expiring.length === 0) return
  const expiries = await input.take(expiring.length * EXPIRY_SIZE)
  for (const sequence of expiring) queue.setExpiry(sequence, expiries.u53(), 0)
}

async function restoreRows(partition: Partition, input: Input): Promise<void> {
  const head = await input.take(3)
  assert(head.u8() === SECTION_ROWS, 'a partition goes on with its rows')
  const count = head.u16()
  const rows = await input.take(count * ROW_SIZE)
  for (let index = 0; index < count; index++) {
    const [offset, records, ticket] = [rows.u53(), rows.u32(), rows.u53()]
    const sizeBytes = rows.u32()
    partition.add({ offset, count: records, ticket, sizeBytes, timeMs: rows.u53() })
  }
}

/** Bytes that come in blocks, asked for in pieces of known size. */
class Input {
  readonly #blocks: AsyncIterator<Uint8Array>
  #bytes: Uint8Array = EMPTY
  #at = 0

  constructor(blocks: AsyncIterable<Uint8Array>) {
    this.#blocks = blocks[Symbol.asyncIterator]()
  }

  /** Nothing may be left. */
  async end(): Promise<void> {
    while (this.#at === this.#bytes.length) {
      const { value, done } = await this.#blocks.next()
      if (done === true) return
      this.#bytes = value
      this.#at = 0
    }
    throw new Fault('snapshot-long', 'a snapshot that goes on behind its end')
  }

  /** Whoever reads the blocks has a file open. */
  async close(): Promise<void> {
    await this.#blocks.return?.()
  }

  /** A reader of exactly the next `size` bytes, valid until the next call. */
  async take(size: number): Promise<Reader> {
    while (this.#bytes.length - this.#at < size) {
      const { value, done } = await this.#blocks.next()
      if (done === true) throw new Fault('snapshot-short', 'a snapshot that ends too early')
      const rest = this.#bytes.length - this.#at
      const joined = new Uint8Array(rest + value.length)
      joined.set(this.#bytes.subarray(this.#at))
      joined.set(value, rest)
      this.#bytes = joined
      this.#at = 0
    }
    const reader = new Reader(this.#bytes, this.#at, this.#at + size)
    this.#at += size
    return reader
  }
}

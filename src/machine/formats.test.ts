/** What the machine writes, it reads back; what is broken, it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Panic } from '../base/assert.ts'
import { Fault } from '../base/fault.ts'
import { BATCH_HEADER_SIZE, Batch, BatchView, writeBatch } from './batch.ts'
import { type Change, decodeChange, encodeChange } from './change.ts'
import { durabilityModes } from './durability.ts'
import { type EntryView, KIND_BATCH, KIND_MESSAGE, setU48At, u48At } from './entry.ts'
import { type Commitment, decodeCommitments, encodeCommitments } from './group.ts'
import {
  Content,
  encodeHead,
  expiryAt,
  MESSAGE_EXPIRES,
  MessageView,
  messageSize,
  moreTargets,
  NO_TTL,
  publishedMsOf,
  targetAt,
  timesSize,
  writeMessage,
  writeTimes,
} from './message.ts'
import { Freezer } from './page.ts'
import { Queue } from './queue.ts'
import { PLAIN_QUEUE } from './queue-options.ts'

/** Records with the usual prototype, as decoders make them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true })

const name = fc.string({ maxLength: 40, unit: 'grapheme' })
const u32 = fc.nat(2 ** 32 - 1)
const notes = fc.uint8Array({ maxLength: 20 })
const durability = fc.constantFrom(null, ...durabilityModes)
const identity = fc.uint8Array({ minLength: 16, maxLength: 16 })
const binding = { namespace: name, exchange: name, queue: u32, key: name, notes }

const change: fc.Arbitrary<Change> = fc.oneof(
  record({ kind: fc.constant('namespace-made' as const), name }),
  record({
    kind: fc.constant('queue-made' as const),
    ...{ namespace: name, id: u32, name, autoDelete: fc.boolean(), notes, durability },
    messageTtlMs: fc.oneof(fc.constant(NO_TTL), fc.nat(), fc.maxSafeNat()),
  }),
  record({ kind: fc.constant('queue-deleted' as const), id: u32 }),
  record({
    kind: fc.constant('exchange-made' as const),
    ...{ namespace: name, name, exchangeKind: name },
    ...{ autoDelete: fc.boolean(), internal: fc.boolean() },
  }),
  record({ kind: fc.constant('exchange-deleted' as const), namespace: name, name }),
  record({ kind: fc.constant('bound' as const), ...binding }),
  record({ kind: fc.constant('unbound' as const), ...binding }),
  record({
    kind: fc.constant('stream-made' as const),
    ...{ namespace: name, name, identity, notes, durability },
    partitions: fc.array(u32, { maxLength: 9 }),
  }),
  record({ kind: fc.constant('stream-deleted' as const), namespace: name, name }),
  record({ kind: fc.constant('group-made' as const), namespace: name, id: u32, name }),
  record({ kind: fc.constant('group-deleted' as const), namespace: name, name }),
  record({ kind: fc.constant('broker-made' as const), identity }),
)

/** Refuses with a fault or an assertion, and in no other way; or answers something. */
function readsOrRefuses(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof Fault || error instanceof Panic, String(error))
  }
}

test('a change is read back as it was written, wherever it lies', () => {
  fc.assert(
    fc.property(change, fc.nat(9), (written, before) => {
      const bytes = encodeChange(written)
      const around = new Uint8Array(bytes.length + before + 5).fill(0xee)
      around.set(bytes, before)
      assert.deepEqual(decodeChange(around, before, bytes.length), written)
    }),
    { numRuns: 500 },
  )
})

test('a change that is cut short or goes on is refused', () => {
  fc.assert(
    fc.property(change, (written) => {
      const bytes = encodeChange(written)
      for (let size = 0; size < bytes.length; size++) {
        assert.throws(() => decodeChange(bytes, 0, size), Fault)
      }
      const longer = new Uint8Array([...bytes, 0])
      assert.throws(() => decodeChange(longer, 0, longer.length), Fault)
    }),
  )
})

test('a change with broken bytes is refused or read as another, and nothing else happens', () => {
  fc.assert(
    fc.property(change, fc.nat(), fc.nat(255), (written, place, byte) => {
      const bytes = encodeChange(written)
      bytes[place % bytes.length] = byte
      readsOrRefuses(() => decodeChange(bytes, 0, bytes.length))
    }),
    { numRuns: 500 },
  )
  assert.throws(() => decodeChange(Uint8Array.of(0), 0, 1), { code: 'change-unknown' })
  assert.throws(() => decodeChange(Uint8Array.of(15), 0, 1), { code: 'change-unknown' })
})

test('a setting that nobody here knows is refused, and one that is not there is as it was before', () => {
  const place = { namespace: '/', id: 1, name: 'q', autoDelete: true, notes: Uint8Array.of(7) }
  const made = { kind: 'queue-made', ...place } as const
  const bytes = encodeChange({ ...made, durability: 'os', messageTtlMs: NO_TTL })
  const [tagAt, sizeAt, valueAt] = [bytes.length - 3, bytes.length - 2, bytes.length - 1]
  for (const [at, value] of [
    [tagAt, 2],
    [tagAt, 3],
    [tagAt, 0],
    [sizeAt, 0],
    [valueAt, 0],
    [valueAt, 4],
  ] as const) {
    const odd = bytes.slice()
    odd[at] = value
    assert.throws(() => decodeChange(odd, 0, odd.length), Fault)
  }
  const twice = new Uint8Array([...bytes, ...bytes.subarray(tagAt)])
  twice[tagAt - 1] = 2
  assert.throws(() => decodeChange(twice, 0, twice.length), { code: 'setting-unknown' })
  // The first form, which had none.
  const bare = bytes.slice(0, tagAt - 1)
  bare[0] = 2
  const unset = { durability: null, messageTtlMs: NO_TTL }
  assert.deepEqual(decodeChange(bare, 0, bare.length), { ...made, ...unset })
})

test('settings come in their order, and a stream has no time to live', () => {
  const place = { namespace: '/', name: 'x', notes: Uint8Array.of(7) }
  const queue = { kind: 'queue-made', ...place, id: 1, autoDelete: true } as const
  const both = encodeChange({ ...queue, durability: 'os', messageTtlMs: 0 })
  const end = both.length
  const [durability, timeToLive] = [both.subarray(end - 13, end - 10), both.subarray(end - 10)]
  const turned = new Uint8Array([...both.subarray(0, end - 13), ...timeToLive, ...durability])
  assert.throws(() => decodeChange(turned, 0, end), { code: 'setting-unknown' })

  const made = { kind: 'stream-made', ...place, identity: new Uint8Array(16) } as const
  const stream = encodeChange({ ...made, partitions: [1], durability: null })
  const timed = new Uint8Array([...stream, ...timeToLive])
  timed[stream.length - 1] = 1
  assert.throws(() => decodeChange(timed, 0, timed.length), { code: 'setting-unknown' })
})

const commitment: fc.Arbitrary<Commitment> = record({
  partition: u32,
  committed: fc.option(record({ offset: fc.nat(2 ** 47), note: name })),
})

test('offsets of a group are read back as they were written', () => {
  fc.assert(
    fc.property(fc.array(commitment, { maxLength: 9 }), (written) => {
      const bytes = encodeCommitments(written)
      assert.deepEqual(decodeCommitments(bytes, 0, bytes.length), written)
      for (let size = 0; size < bytes.length; size++) {
        readsOrRefuses(() => decodeCommitments(bytes, 0, size))
      }
    }),
  )
})

test('an offset that six bytes do not hold is never written', () => {
  for (const offset of [-1, 0.5, 2 ** 48 - 1, 2 ** 60, Number.NaN]) {
    const committed = { offset, note: '' }
    assert.throws(() => encodeCommitments([{ partition: 1, committed }]), Panic)
  }
})

test('48-bit numbers are read back', () => {
  const bytes = new Uint8Array(8)
  fc.assert(
    fc.property(fc.nat(2 ** 48 - 1), (value) => {
      setU48At(bytes, 1, value)
      assert.equal(u48At(bytes, 1), value)
    }),
  )
})

function entryOf(kind: number, bytes: Uint8Array, bodyAt: number): EntryView {
  return { ticket: 1, kind, log: 1, number: 1, bytes, bodyAt, bodySize: bytes.length - bodyAt }
}

function queueWith(id: number, nextSequence: number): Queue {
  const identity = { id, namespace: '/', name: `q${id}`, options: PLAIN_QUEUE }
  const queue = new Queue(identity, new Freezer())
  queue.nextSequence = nextSequence
  return queue
}

const part = fc.uint8Array({ maxLength: 200 })

test('a message is read back as it was written: address, properties, body and targets', () => {
  fc.assert(
    fc.property(
      record({ exchange: name, key: name, properties: part, body: part, format: fc.nat(2) }),
      fc.array(fc.tuple(u32, fc.integer({ min: 1, max: 2 ** 48 - 1 })), { maxLength: 5 }),
      fc.nat(9),
      (message, places, before) => {
        const content = new Content()
        // Views into the middle of somebody's memory, as they come from a socket.
        content.properties = new Uint8Array([7, ...message.properties, 7])
        Object.assign(content, { propertiesAt: 1, propertiesSize: message.properties.length })
        content.body = new Uint8Array([8, 8, ...message.body])
        Object.assign(content, { bodyAt: 2, bodySize: message.body.length })
        content.format = message.format
        const head = encodeHead(message.exchange, message.key)
        const targets = places.map(([id, sequence]) => queueWith(id, sequence))
        const size = messageSize(head, content, targets.length)
        const bytes = new Uint8Array(before + size).fill(0xee)
        writeMessage(bytes, before, { flags: 1, head, targets }, content)
        const entry = entryOf(KIND_MESSAGE, bytes, before)
        const view = new MessageView()
        view.enter(entry)
        const slice = (at: number, count: number): Uint8Array => bytes.slice(at, at + count)
        assert.deepEqual(slice(view.headAt, view.headSize), head)
        assert.deepEqual(slice(view.propertiesAt, view.propertiesSize), message.properties)
        assert.deepEqual(slice(view.bodyAt, view.bodySize), message.body)
        assert.equal(view.format, message.format)
        assert.equal(view.flags, 1)
        const more = Array.from({ length: moreTargets(entry) }, (_, index) =>
          targetAt(entry, index),
        )
        const rest = places.slice(1).map(([queue, sequence]) => ({ queue, sequence }))
        assert.deepEqual(more, rest)
      },
    ),
    { numRuns: 300 },
  )
})

const u48 = fc.nat(2 ** 48 - 1)

test('the times of a message are read back, one for each target, and are no part of its body', () => {
  fc.assert(
    fc.property(
      part,
      u48,
      fc.array(u48, { minLength: 1, maxLength: 5 }),
      (sent, time, expiries) => {
        const content = new Content()
        content.body = sent
        content.bodySize = sent.length
        const head = encodeHead('x', 'k')
        const targets = expiries.map((_, index) => queueWith(index, 1))
        const size = messageSize(head, content, targets.length)
        const bytes = new Uint8Array(3 + size + timesSize(targets.length)).fill(0xee)
        writeMessage(bytes, 3, { flags: MESSAGE_EXPIRES, head, targets }, content)
        writeTimes(bytes, 3 + size, { publishedMs: time, expiries })
        const entry = entryOf(KIND_MESSAGE, bytes, 3)
        const view = new MessageView()
        view.enter(entry)
        assert.deepEqual(bytes.slice(view.bodyAt, view.bodyAt + view.bodySize), sent)
        assert.equal(publishedMsOf(entry), time)
        assert.deepEqual(
          targets.map((_, index) => expiryAt(entry, index)),
          expiries,
        )
      },
    ),
  )
})

test('a batch is read back as it was written', () => {
  fc.assert(
    fc.property(part, fc.nat(2), u32, fc.nat(2 ** 48 - 1), (sent, format, count, timeMs) => {
      const batch = new Batch()
      const bytes = new Uint8Array([1, 2, 3, ...sent])
      Object.assign(batch, { format, count, timeMs, bytes, at: 3, size: sent.length })
      const stored = new Uint8Array(4 + BATCH_HEADER_SIZE + sent.length).fill(0xee)
      writeBatch(stored, 4, batch, 77)
      const view = new BatchView()
      view.enter(entryOf(KIND_BATCH, stored, 4))
      assert.deepEqual(view.bytes.slice(view.at, view.at + view.size), sent)
      const fields = [view.format, view.count, view.timeMs, view.appendedMs, view.offset]
      assert.deepEqual(fields, [format, count, timeMs, 77, 1])
    }),
  )
})

/** Every value arrives as a structured clone would bring it over, in memory of its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import type { Sendable } from '../contract.ts'
import { copyOut, finish, fromParts, Outgoing, tag } from './codec.ts'
import { threadLimits } from './limits.ts'

/** Some place in the middle of other bytes, as a frame has it. */
const place = 64

function roundTrip(value: Sendable): Sendable {
  const outgoing = new Outgoing()
  outgoing.load(value)
  let memory = Buffer.from(new SharedArrayBuffer(place + outgoing.room + 64))
  memory.fill(0xee)
  let size = outgoing.fill(memory, place)
  if (size < 0) {
    memory = Buffer.from(new SharedArrayBuffer(place + outgoing.room + 64))
    size = outgoing.fill(memory, place)
  }
  assert.ok(size >= 0 && size <= outgoing.room)
  const plain = new Uint8Array(memory.buffer)
  const words = new Int32Array(memory.buffer, 0, plain.length >> 2)
  const copy = copyOut({ bytes: memory, plain, words, dataAt: 0, place, size, tag: outgoing.tag })
  memory.fill(0xdd)
  return finish(copy, outgoing.tag)
}

function inParts(value: Sendable): Sendable {
  const outgoing = new Outgoing()
  outgoing.load(value)
  const bytes = outgoing.toBytes()
  return fromParts(new Uint8Array(bytes), outgoing.tag)
}

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc.array(fc.nat(0xff), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
)
const sendable = fc
  .anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    maxDepth: 4,
  })
  .filter((value): value is Sendable => value !== undefined)
  // `deepEqual` holds two of them for different, as it does not for not-a-number; they have a test of their own.
  .filter((value) => !inspect(value, { depth: null }).includes('Invalid Date'))

test('a text arrives as it was, with lone surrogates and of any width', () => {
  fc.assert(
    fc.property(text, (value) => {
      assert.equal(roundTrip(value), value)
      assert.equal(inParts(value), value)
    }),
  )
})

test('a number arrives as it was, minus zero and not-a-number included', () => {
  const number = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(-0, 2 ** 31, -(2 ** 31), 2 ** 53),
  )
  fc.assert(fc.property(number, (value) => assert.ok(Object.is(roundTrip(value), value))))
})

test('any other value arrives as its structured clone', () => {
  fc.assert(
    fc.property(sendable, (value) => {
      assert.deepEqual(roundTrip(value), structuredClone(value))
    }),
    { numRuns: 500 },
  )
})

test('a date that is none arrives as a date that is none', () => {
  for (const value of [new Date(Number.NaN), [new Date(Number.NaN)]]) {
    const arrived = [roundTrip(value)].flat()[0]
    assert.ok(arrived instanceof Date)
    assert.equal(arrived.getTime(), Number.NaN)
  }
})

test('what goes as JSON is worth as much as its structured clone', () => {
  const shared = { deep: true }
  const circle: { self: unknown } = { self: null }
  circle.self = circle
  const match = /(?<word>b)/.exec('abc')
  const special: Sendable[] = [
    { a: shared, b: shared },
    [shared, shared],
    circle,
    { gone: undefined },
    [undefined],
    { minus: -0 },
    { nan: Number.NaN },
    match ?? '',
    JSON.parse('{"__proto__": 1}') as Sendable,
    new Error('boom'),
    { at: new Date(7) },
    Object.create(null) as Sendable,
    [[[[[[[[[[[[[[[[[[[['deep']]]]]]]]]]]]]]]]]]]],
    Array.from({ length: 500 }, (_none, index) => ({ index })),
  ]
  for (const value of special) {
    const arrived = roundTrip(value)
    assert.deepEqual(arrived, structuredClone(value))
  }
  const twice = roundTrip({ a: shared, b: shared }) as { a: unknown; b: unknown }
  assert.equal(twice.a, twice.b, 'two paths to one object stay so')
})

test('bytes arrive as the same kind of bytes, in memory that nobody else writes', () => {
  for (const size of [0, 1, 7, 64, 65, 1024, 100_000]) {
    const bytes = new Uint8Array(size).fill(7)
    const arrived = roundTrip(bytes)
    assert.deepEqual(arrived, bytes)
    assert.ok(arrived instanceof Uint8Array && !(arrived.buffer instanceof SharedArrayBuffer))
    const next = roundTrip(new Uint8Array(size).fill(8))
    assert.deepEqual(arrived, bytes, 'what comes later leaves it alone')
    assert.deepEqual(next, new Uint8Array(size).fill(8))
    assert.equal(arrived.byteOffset % 8, 0)
    const buffer = roundTrip(Buffer.alloc(size, 7))
    assert.ok(Buffer.isBuffer(buffer))
    assert.deepEqual(buffer, Buffer.alloc(size, 7))
    assert.deepEqual(inParts(bytes), bytes)
    assert.deepEqual(inParts(buffer), buffer)
  }
})

test('the memory that small values share cannot be transferred away from under the others', () => {
  const arrived = roundTrip(new Uint8Array(100)) as Uint8Array<ArrayBuffer>
  const transfer = [arrived.buffer]
  try {
    structuredClone(arrived, { transfer })
  } catch (error) {
    assert.equal((error as Error).name, 'DataCloneError')
  }
  assert.equal(arrived.length, 100)
})

test('a view sends what it shows, not the memory behind it', () => {
  const view = new Uint8Array(1000).fill(9).subarray(10, 20)
  assert.deepEqual(roundTrip(view), new Uint8Array(10).fill(9))
})

test('what waits to be sent does not change with its original', () => {
  const bytes = new Uint8Array([1, 2, 3])
  const outgoing = new Outgoing()
  outgoing.load(bytes)
  const kept = outgoing.keep()
  bytes.fill(9)
  assert.deepEqual([...kept.bytes], [1, 2, 3])
  assert.equal(kept.tag, tag.bytes)
})

test('what cannot be cloned is refused, and so are undefined and the too large', () => {
  const outgoing = new Outgoing()
  assert.throws(() => outgoing.load((() => 1) as unknown as Sendable), { code: 'CHANNEL_MISUSE' })
  assert.throws(() => outgoing.load(Symbol('s') as unknown as Sendable), { code: 'CHANNEL_MISUSE' })
  assert.throws(() => outgoing.load(undefined as unknown as Sendable), { code: 'CHANNEL_MISUSE' })
  const large = new Uint8Array(threadLimits.messageBytes + 1)
  assert.throws(() => outgoing.load(large), { code: 'CHANNEL_MISUSE', message: /messageBytes/ })
  const long = 'é'.repeat(threadLimits.messageBytes / 2 + 1)
  assert.throws(() => outgoing.load(long), { code: 'CHANNEL_MISUSE', message: /messageBytes/ })
})

test('a torn payload can be copied without harm', () => {
  const memory = Buffer.from(new SharedArrayBuffer(128))
  const plain = new Uint8Array(memory.buffer)
  const words = new Int32Array(memory.buffer)
  for (const kind of Object.values(tag)) {
    for (const [at, size] of [
      [0, 0],
      [120, 8],
      [128, 0],
      [8, 120],
      [121, 7],
    ] as const) {
      copyOut({ bytes: memory, plain, words, dataAt: 0, place: at, size, tag: kind })
    }
  }
})

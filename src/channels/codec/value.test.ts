/** What the codec promises: values come back as structuredClone gives them, whatever they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { ChannelMisuse, type Sendable } from '../contract.ts'
import { ValueMalformed, ValueReader, ValueWriter } from './value.ts'

function roundTrip(value: Sendable): Sendable {
  const writer = new ValueWriter()
  const bound = writer.measure(value)
  const room = Buffer.alloc(bound + 7)
  const end = writer.write(room, 7)
  assert.ok(end <= bound + 7, 'a value took more than its measure')
  return new ValueReader().read(room, 7, end)
}

const strings = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
)

test('a string comes back as it was, lone surrogates included', () => {
  fc.assert(fc.property(strings, (text) => assert.equal(roundTrip(text), text)))
  const long = '한글 and \ud800 '.repeat(2000)
  assert.equal(roundTrip(long), long)
  assert.equal(roundTrip('가'.repeat(5000)), '가'.repeat(5000))
})

test('a number comes back as it was, -0 and NaN included', () => {
  const numbers = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger())
  fc.assert(fc.property(numbers, (n) => assert.ok(Object.is(roundTrip(n), n))))
})

test('bytes come back equal and in memory of their own', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      const writer = new ValueWriter()
      const room = Buffer.alloc(writer.measure(bytes))
      const end = writer.write(room, 0)
      const back = new ValueReader().read(room, 0, end)
      room.fill(0xee)
      assert.deepEqual(back, bytes)
    }),
  )
  assert.deepEqual(roundTrip(Buffer.from('abc')), new Uint8Array([97, 98, 99]))
})

test('bytes inside a cloned value have memory of their own', () => {
  const writer = new ValueWriter()
  const room = Buffer.alloc(
    writer.measure({ a: new Uint8Array([1, 2, 3]), b: new Float64Array([4]) }),
  )
  const end = writer.write(room, 0)
  const back = new ValueReader().read(room, 0, end)
  room.fill(0)
  assert.deepEqual(back, { a: new Uint8Array([1, 2, 3]), b: new Float64Array([4]) })
})

test('values read one after the other never share a byte', () => {
  const writer = new ValueWriter()
  const reader = new ValueReader()
  const kept = Array.from({ length: 400 }, (_, index) => {
    const room = Buffer.alloc(writer.measure(new Uint8Array(index % 90).fill(index % 251)))
    return reader.read(room, 0, writer.write(room, 0)) as Uint8Array
  })
  kept.forEach((bytes, index) => {
    assert.deepEqual(bytes, new Uint8Array(index % 90).fill(index % 251))
  })
})

test('whatever can be cloned comes back as structuredClone gives it', () => {
  const values: Sendable[] = [
    null,
    true,
    false,
    12345678901234567890n,
    { a: 1, b: [null, undefined, 'x'], c: new Uint8Array([1]) },
    new Map([['k', new Set([1, 2])]]),
    new Date(0),
    /a+b/giu,
    new Float64Array([1.5, -0]),
    new Array(3),
  ]
  for (const value of values) assert.deepEqual(roundTrip(value), structuredClone(value))
  const ring: { self: unknown } = { self: null }
  ring.self = ring
  const back = roundTrip(ring) as { self: unknown }
  assert.equal(back.self, back)
})

const shared = { x: 1 }
const inherited = Object.create({ hidden: 1 }) as object

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined, shared, 1n, new Date(1), /x/g.exec('x')),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), { maxKeys: 5 }),
  ),
}))

test('objects come back as structuredClone gives them, whatever is in them', () => {
  fc.assert(
    fc.property(fc.array(plain.value), (value) => {
      assert.deepEqual(roundTrip(value), structuredClone(value))
    }),
  )
  for (const value of [inherited, Object.create(null) as object, [[]], {}, new Array(2)]) {
    assert.deepEqual(roundTrip(value), structuredClone(value))
  }
})

test('an object that is in a value twice comes back as one', () => {
  const back = roundTrip({ left: shared, right: shared }) as { left: object; right: object }
  assert.equal(back.left, back.right)
})

test('a class is lost and a function refused, in plain objects as in any other', () => {
  class Point {
    x = 1
  }
  assert.deepEqual(roundTrip({ at: new Point() }), { at: { x: 1 } })
  assert.throws(() => roundTrip({ toJSON: () => 1 }), ChannelMisuse)
})

test('what cannot be cloned is refused before anything is written', () => {
  assert.throws(
    () => new ValueWriter().measure(() => 1),
    (error) => error instanceof ChannelMisuse && /could not be cloned/.test(error.message),
  )
})

test('bytes that are no value are malformed and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const buffer = Buffer.from(bytes)
      try {
        assert.notEqual(new ValueReader().read(buffer, 0, buffer.length), undefined)
      } catch (error) {
        assert.ok(error instanceof ValueMalformed, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})

test('a cloned undefined is malformed: a receiver could not tell it from nothing', () => {
  const cloned = Buffer.from([9, 0xff, 0x0f, 0x5f])
  assert.throws(() => new ValueReader().read(cloned, 0, cloned.length), ValueMalformed)
})

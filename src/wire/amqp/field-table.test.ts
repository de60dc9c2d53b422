/** What a field table keeps: every type, every bit, every name; and what it does with broken ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { spoilt, tables } from '../../../test/wire/amqp-arbitraries.ts'
import { Panic } from '../../base/assert.ts'
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import { Writer } from '../../base/writer.ts'
import {
  type FieldTable,
  type FieldValue,
  fieldOf,
  longString,
  readTable,
  readTableToEnd,
  scanTable,
  textOf,
  writeTable,
} from './field-table.ts'
import { tableDepthMax } from './limits.ts'
import { SHORT_STRING_BYTES_MAX } from './short-string.ts'

const VOID: FieldValue = { type: 'V', value: null }

function encode(table: FieldTable): Uint8Array {
  const writer = new Writer()
  writeTable(writer, table)
  return writer.take()
}

function decode(bytes: Uint8Array): FieldTable {
  const reader = new Reader(bytes)
  const table = readTable(reader)
  reader.end()
  return table
}

/** The fault that it throws, or `null`; anything else that is thrown goes on. */
function faultOf(action: () => unknown): Fault | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

test('a table comes back as it went', () => {
  fc.assert(fc.property(tables, (table) => assert.deepEqual(decode(encode(table)), table)))
})

test('scanning a table ends where reading it ends', () => {
  fc.assert(
    fc.property(tables, fc.nat({ max: 9 }), (table, before) => {
      const encoded = encode(table)
      const bytes = new Uint8Array(before + encoded.length + 3)
      bytes.set(encoded, before)
      assert.equal(scanTable(bytes, before, bytes.length), before + encoded.length)
    }),
  )
})

test('a broken table is a fault to whoever reads it and to whoever scans it', () => {
  fc.assert(
    fc.property(spoilt(tables.map(encode)), (bytes) => {
      const read = faultOf(() => decode(bytes))
      const scan = faultOf(() => {
        if (scanTable(bytes, 0, bytes.length) !== bytes.length) throw new Fault('rest', 'too long')
      })
      // A name that is not UTF-8 passes a scan: the broker hands on what it does not look at.
      if (read?.message === 'Malformed UTF-8 in shortstr') return
      assert.equal(scan === null, read === null, `${String(read)} but ${String(scan)}`)
    }),
    { numRuns: 3_000 },
  )
})

test('types are those of RabbitMQ, byte for byte', () => {
  const table: FieldTable = [
    { name: 's', value: { type: 's', value: -2 } },
    { name: 'l', value: { type: 'l', value: -1n } },
    { name: 'T', value: { type: 'T', value: 2n ** 63n } },
    { name: 'D', value: { type: 'D', scale: 2, value: -314 } },
    { name: 'S', value: longString('é') },
    { name: 'A', value: { type: 'A', value: [{ type: 't', value: true }] } },
    { name: 'V', value: { type: 'V', value: null } },
  ]
  const expected = Buffer.concat([
    Buffer.from([0, 0, 0, 60]),
    Buffer.from([1, 0x73, 0x73, 0xff, 0xfe]),
    Buffer.from([1, 0x6c, 0x6c, ...new Array<number>(8).fill(0xff)]),
    Buffer.from([1, 0x54, 0x54, 0x80, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from([1, 0x44, 0x44, 2, 0xff, 0xff, 0xfe, 0xc6]),
    Buffer.from([1, 0x53, 0x53, 0, 0, 0, 2, 0xc3, 0xa9]),
    Buffer.from([1, 0x41, 0x41, 0, 0, 0, 2, 0x74, 1]),
    Buffer.from([1, 0x56, 0x56]),
  ])
  expected.writeUInt32BE(expected.length - 4, 0)
  assert.deepEqual(Buffer.from(encode(table)), expected)
})

test('names are data, and the first of two counts', () => {
  const table = decode(
    encode([
      { name: '__proto__', value: longString('a') },
      { name: '__proto__', value: longString('b') },
    ]),
  )
  assert.equal(textOf(fieldOf(table, '__proto__')), 'a')
  assert.equal(table.length, 2)
  assert.equal(fieldOf(table, 'constructor'), null)
  assert.equal(Object.getPrototypeOf({}), Object.prototype)
})

test('a table that nests too deep is a fault, however deep', () => {
  for (const depth of [tableDepthMax, 10_000]) {
    let bytes: Buffer = Buffer.from([0, 0, 0, 0])
    const level = (inner: Buffer): Buffer => {
      const head = Buffer.from([0, 0, 0, 0, 1, 0x61, 0x46])
      head.writeUInt32BE(inner.length + 3, 0)
      return Buffer.concat([head, inner])
    }
    for (let count = 0; count < depth; count++) bytes = level(bytes)
    assert.equal(faultOf(() => decode(bytes))?.code, 'frame-error')
    assert.equal(faultOf(() => scanTable(bytes, 0, bytes.length))?.code, 'frame-error')
  }
})

test('a table without its size, as in a login, is read to the end', () => {
  const bytes = encode([{ name: 'LOGIN', value: longString('guest') }])
  const table = readTableToEnd(new Reader(bytes, 4))
  assert.equal(textOf(fieldOf(table, 'LOGIN')), 'guest')
})

test('a short string holds 255 bytes, and one more is a mistake of ours', () => {
  const name = (size: number) =>
    encode([{ name: 'é'.repeat(size / 2) + 'e'.repeat(size % 2), value: VOID }])
  assert.equal(name(SHORT_STRING_BYTES_MAX).length, 4 + 1 + 255 + 1)
  assert.throws(() => name(SHORT_STRING_BYTES_MAX + 1), Panic)
})

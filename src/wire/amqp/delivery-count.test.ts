/** A count among the headers of any message: it is the last of them, and nothing else of the message is another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyProperties, record, tables } from '../../../test/wire/amqp-arbitraries.ts'
import { Writer } from '../../base/writer.ts'
import {
  type ContentView,
  contentHeaderSize,
  HEADER_PROPERTIES_AT,
  headerBodySize,
  writeContentHeader,
} from './content.ts'
import { countedHeaderSize, UNCOUNTED, withoutCount, writeCountedHeader } from './delivery-count.ts'
import { type Field, type FieldTable, longString } from './field-table.ts'
import { FRAME_END, FRAME_HEADER_SIZE } from './frame.ts'
import { decodeProperties, type Properties, writeProperties } from './properties.ts'

const CHANNEL = 7
const count = fc.oneof(fc.nat(255), fc.nat())
/** Names that look like ours among others. */
const lookalikes: fc.Arbitrary<FieldTable> = fc.array(
  fc
    .constantFrom(
      'x-delivery-count',
      'x-delivery-counts',
      'x-delivery-coun',
      'x-death-by-count',
      'a',
    )
    .map((name): Field => ({ name, value: longString('theirs') })),
)
const withHeaders = fc
  .tuple(anyProperties, fc.oneof(tables, lookalikes, fc.constant(null)))
  .map(([properties, headers]): Properties => ({ ...properties, headers }))

/** A content between other bytes, as it lies in an entry. */
function contentOf(properties: Properties, body: Uint8Array): ContentView {
  const [head, gap] = [Uint8Array.of(1, 0x78, 0), Uint8Array.of(0xff)]
  const writer = new Writer()
  writer.bytes(gap)
  const headAt = writer.size
  writer.bytes(head)
  writer.bytes(gap)
  const propertiesAt = writer.size
  writeProperties(writer, properties)
  const propertiesSize = writer.size - propertiesAt
  writer.bytes(gap)
  const bodyAt = writer.size
  writer.bytes(body)
  const bytes = writer.take()
  const bodySize = body.length
  return { bytes, headAt, headSize: head.length, propertiesAt, propertiesSize, bodyAt, bodySize }
}

function propertiesIn(content: ContentView): Properties {
  const { bytes, propertiesAt, propertiesSize } = content
  return decodeProperties(bytes, propertiesAt, propertiesAt + propertiesSize)
}

const isOurs = ({ name }: Field): boolean => name === 'x-delivery-count'

test('the count comes behind the headers that are there, or alone', () => {
  fc.assert(
    fc.property(record({ properties: withHeaders, count }), ({ properties, count: times }) => {
      const content = contentOf(properties, Uint8Array.of(1, 2, 3))
      const size = countedHeaderSize(content, times)
      const frame = new Uint8Array(size + 2)
      assert.equal(writeCountedHeader(frame, 1, CHANNEL, content, times), size + 1)
      assert.deepEqual([frame[0], frame[size], frame[size + 1]], [0, FRAME_END, 0])
      const at = 1 + FRAME_HEADER_SIZE
      assert.equal(headerBodySize(frame, at, size), 3)
      const added: Field = { name: 'x-delivery-count', value: { type: 'l', value: BigInt(times) } }
      const headers = [...(properties.headers ?? []), added]
      const written = decodeProperties(frame, at + HEADER_PROPERTIES_AT, size)
      assert.deepEqual(written, { ...properties, headers })
    }),
  )
})

test('without a count the frame is as any other', () => {
  fc.assert(
    fc.property(withHeaders, (properties) => {
      const content = contentOf(properties, Uint8Array.of(1))
      const size = contentHeaderSize(content)
      assert.equal(countedHeaderSize(content, UNCOUNTED), size)
      const [plain, uncounted] = [new Uint8Array(size), new Uint8Array(size)]
      writeContentHeader(plain, 0, CHANNEL, content)
      writeCountedHeader(uncounted, 0, CHANNEL, content, UNCOUNTED)
      assert.deepEqual(uncounted, plain)
    }),
  )
})

test('texts need not be UTF-8, which nobody has checked', () => {
  const odd = Uint8Array.of(0xff, 0xfe, 0x10, 0x78, 0x00, 0x64)
  const table = new Writer()
  for (const name of ['x-delivery-count', 'x']) {
    table.u8(name.length)
    table.bytes(new TextEncoder().encode(name))
    table.bytes(Uint8Array.of(0x53, 0, 0, 0, odd.length, ...odd))
  }
  const fields = table.take()
  const kept = fields.subarray(fields.length - 2 - 5 - odd.length)
  const properties = (headers: Uint8Array): Uint8Array => {
    const idFlag = 0x04
    const size = [0, 0, 0, headers.length]
    return Uint8Array.of(0x20 | idFlag, 0, ...size, ...headers, odd.length, ...odd)
  }
  const place = { headAt: 0, headSize: 0, propertiesAt: 0, bodySize: 0 }
  const [before, after] = [properties(fields), properties(kept)]
  const [size, bodyAt] = [before.length, before.length]
  const content = { ...place, bytes: before, propertiesSize: size, bodyAt }
  const cleared = withoutCount(content, 0)
  assert.deepEqual([...cleared.bytes], [...after])
  assert.equal(withoutCount(cleared, 0), cleared)
})

test('what a publisher wrote in its place goes, and nothing else does', () => {
  fc.assert(
    fc.property(withHeaders, fc.constantFrom(0, 3), (properties, bodyHere) => {
      const content = contentOf(properties, Uint8Array.of(1, 2, 3))
      const cleared = withoutCount(content, bodyHere)
      if (properties.headers?.some(isOurs) !== true) return assert.equal(cleared, content)
      const headers = properties.headers.filter((field) => !isOurs(field))
      assert.deepEqual(propertiesIn(cleared), { ...properties, headers })
      const { bytes, headAt, headSize, bodyAt, bodySize } = cleared
      assert.deepEqual([...bytes.subarray(headAt, headAt + headSize)], [1, 0x78, 0])
      assert.equal(bodySize, 3)
      assert.deepEqual([...bytes.subarray(bodyAt)], [1, 2, 3].slice(0, bodyHere))
    }),
  )
})

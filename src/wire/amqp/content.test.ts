/** What the hot paths write is what the table of methods would have written, and what they read is what came. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { shortStrings } from '../../../test/wire/amqp-arbitraries.ts'
import { Fault } from '../../base/fault.ts'
import { Writer } from '../../base/writer.ts'
import {
  BASIC_ACK,
  BASIC_NACK,
  BASIC_PUBLISH,
  BASIC_REJECT,
  BIT_IMMEDIATE,
  BIT_MANDATORY,
  BIT_MULTIPLE,
  BIT_NACK_REQUEUE,
  BIT_REJECT_REQUEUE,
  CLASS_BASIC,
  type ContentView,
  contentHeaderSize,
  deliverPrefix,
  deliverSize,
  HEADER_PROPERTIES_AT,
  headerBodySize,
  headerClass,
  methodNumber,
  PUBLISH_HEAD_AT,
  publishHeadEnd,
  SETTLE_FRAME_SIZE,
  SETTLE_SIZE,
  settleBits,
  settleTag,
  writeBodyFrame,
  writeConfirm,
  writeContentHeader,
  writeDeliver,
} from './content.ts'
import { writeMethod } from './method-codec.ts'
import { writeShortString } from './short-string.ts'

const channels = fc.integer({ min: 1, max: 65535 })
const tags = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

function contentOf(parts: {
  readonly exchange: string
  readonly key: string
  readonly properties: Uint8Array
  readonly body: Uint8Array
}): ContentView {
  const writer = new Writer()
  writer.bytes(Uint8Array.of(1, 2, 3))
  const headAt = writer.size
  writeShortString(writer, parts.exchange)
  writeShortString(writer, parts.key)
  const propertiesAt = writer.size
  writer.bytes(parts.properties)
  const bodyAt = writer.size
  writer.bytes(parts.body)
  return {
    bytes: writer.take(),
    headAt,
    headSize: propertiesAt - headAt,
    propertiesAt,
    propertiesSize: parts.properties.length,
    bodyAt,
    bodySize: parts.body.length,
  }
}

const contents = fc.record({
  exchange: shortStrings,
  key: shortStrings,
  properties: fc.uint8Array({ minLength: 2, maxLength: 60 }),
  body: fc.uint8Array({ maxLength: 200 }),
})

test('a delivery is what the table of methods would have written', () => {
  fc.assert(
    fc.property(
      fc.record({ parts: contents, channel: channels, tag: tags, consumerTag: shortStrings }),
      fc.boolean(),
      ({ parts, channel, tag, consumerTag }, redelivered) => {
        const content = contentOf(parts)
        const prefix = deliverPrefix(channel, consumerTag)
        const bytes = new Uint8Array(deliverSize(prefix, content) + 2)
        const end = writeDeliver(bytes, 1, prefix, tag, redelivered ? 1 : 0, content)
        const expected = new Writer()
        const { exchange, key: routingKey } = parts
        const deliveryTag = BigInt(tag)
        writeMethod(expected, channel, {
          name: 'basic.deliver',
          fields: { consumerTag, deliveryTag, redelivered, exchange, routingKey },
        })
        assert.deepEqual(bytes.slice(1, end), expected.take())
        assert.equal(end - 1, deliverSize(prefix, content))
      },
    ),
  )
})

test('a content header says what the body is and brings the properties unchanged', () => {
  fc.assert(
    fc.property(contents, channels, (parts, channel) => {
      const content = contentOf(parts)
      const bytes = new Uint8Array(contentHeaderSize(content))
      assert.equal(writeContentHeader(bytes, 0, channel, content), bytes.length)
      assert.deepEqual([bytes[0], bytes[1]! * 256 + bytes[2]!, bytes.at(-1)], [2, channel, 0xce])
      assert.equal(headerClass(bytes, 7), CLASS_BASIC)
      assert.equal(headerBodySize(bytes, 7, bytes.length - 1), parts.body.length)
      assert.deepEqual(bytes.slice(7 + HEADER_PROPERTIES_AT, -1), parts.properties)
    }),
  )
})

test('a body may go out in pieces', () => {
  const body = Uint8Array.from({ length: 100 }, (_, index) => index)
  const content = contentOf({ exchange: '', key: 'k', properties: Uint8Array.of(0, 0), body })
  const bytes = new Uint8Array(200)
  const middle = writeBodyFrame(bytes, 0, 1, content, 0, 60)
  const end = writeBodyFrame(bytes, middle, 1, content, 60, 40)
  assert.deepEqual([middle, end], [68, 116])
  assert.deepEqual(Buffer.concat([bytes.slice(7, 67), bytes.slice(75, 115)]), Buffer.from(body))
  assert.deepEqual([bytes[6], bytes[67], bytes[74], bytes[115]], [60, 0xce, 40, 0xce])
})

test('a confirm is what the table of methods would have written', () => {
  fc.assert(
    fc.property(channels, tags, fc.boolean(), (channel, tag, multiple) => {
      const bytes = new Uint8Array(2 * SETTLE_FRAME_SIZE)
      const bits = multiple ? BIT_MULTIPLE : 0
      const middle = writeConfirm(bytes, 0, channel, BASIC_ACK, tag, bits)
      writeConfirm(bytes, middle, channel, BASIC_NACK, tag, bits)
      const expected = new Writer()
      const deliveryTag = BigInt(tag)
      writeMethod(expected, channel, { name: 'basic.ack', fields: { deliveryTag, multiple } })
      const nack = { deliveryTag, multiple, requeue: false }
      writeMethod(expected, channel, { name: 'basic.nack', fields: nack })
      assert.deepEqual(bytes, expected.take())
      assert.equal(settleTag(bytes, 7), tag)
      assert.equal(settleBits(bytes, 7), bits)
    }),
  )
})

test('where the address of a publish ends is known without decoding it', () => {
  fc.assert(
    fc.property(shortStrings, shortStrings, fc.boolean(), (exchange, routingKey, mandatory) => {
      const writer = new Writer()
      const fields = { ticket: 0, exchange, routingKey, mandatory, immediate: true }
      writeMethod(writer, 1, { name: 'basic.publish', fields })
      const frame = writer.take()
      assert.equal(methodNumber(frame, 7), BASIC_PUBLISH)
      const headEnd = publishHeadEnd(frame, 7, frame.length - 1)
      const head = new Writer()
      writeShortString(head, exchange)
      writeShortString(head, routingKey)
      assert.deepEqual(frame.slice(7 + PUBLISH_HEAD_AT, headEnd), head.take())
      assert.equal(frame[headEnd], (mandatory ? BIT_MANDATORY : 0) | BIT_IMMEDIATE)
      for (let end = 7; end < frame.length - 1; end++) {
        assert.throws(() => publishHeadEnd(frame, 7, end), Fault)
      }
    }),
  )
})

test('a content header that is cut short is a fault', () => {
  for (let size = 0; size < HEADER_PROPERTIES_AT + 2; size++) {
    assert.throws(() => headerBodySize(new Uint8Array(20), 0, size), Fault)
  }
})

test('a body size of 64 bits is too large and never small', () => {
  const header = new Uint8Array(14).fill(0xff)
  assert.ok(headerBodySize(header, 0, 14) > Number.MAX_SAFE_INTEGER)
})

test('a reject and a nack are read where they lie', () => {
  for (const requeue of [false, true]) {
    const writer = new Writer()
    writeMethod(writer, 1, { name: 'basic.reject', fields: { deliveryTag: 7n, requeue } })
    writeMethod(writer, 1, {
      name: 'basic.nack',
      fields: { deliveryTag: 8n, multiple: true, requeue },
    })
    const frames = writer.take()
    assert.equal(frames.length, 2 * SETTLE_FRAME_SIZE)
    assert.deepEqual(
      [methodNumber(frames, 7), methodNumber(frames, 28)],
      [BASIC_REJECT, BASIC_NACK],
    )
    assert.equal(frames[6], SETTLE_SIZE)
    assert.deepEqual([settleTag(frames, 7), settleTag(frames, 28)], [7, 8])
    assert.equal(settleBits(frames, 7), requeue ? BIT_REJECT_REQUEUE : 0)
    assert.equal(settleBits(frames, 28), BIT_MULTIPLE | (requeue ? BIT_NACK_REQUEUE : 0))
  }
})

/** What an AMQP client is sent of a message that did not come by AMQP. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Delivery } from '../../broker/delivery.ts'
import {
  Content,
  encodeHead,
  FORMAT_AMQP,
  FORMAT_PLAIN,
  messageSize,
  writeMessage,
} from '../../machine/message.ts'
import { propertiesOfKind } from '../../wire/plain/body.ts'
import { amqpContent } from './foreign-content.ts'

/** A delivery of the message as it lies in the journal. */
function delivered(format: number, properties: Uint8Array, body: Uint8Array): Delivery {
  const content = new Content()
  content.format = format
  content.properties = properties
  content.propertiesSize = properties.length
  content.body = body
  content.bodySize = body.length
  const head = encodeHead('x', 'key')
  const bytes = new Uint8Array(messageSize(head, content, 1))
  writeMessage(bytes, 0, { flags: 0, head, targets: [] }, content)
  const delivery = new Delivery()
  const place = { ticket: 1, kind: 1, log: 1, number: 1 }
  delivery.enter({ ...place, bytes, bodyAt: 0, bodySize: bytes.length })
  return delivery
}

const body = new TextEncoder().encode('{"a":1}')

test('what came by AMQP goes out as it came', () => {
  const delivery = delivered(FORMAT_AMQP, Uint8Array.of(0x10, 0, 2), body)
  assert.equal(amqpContent(delivery), delivery)
})

test('a body of our own has the content type that AMQP knows it by, and the same address', () => {
  for (const [kind, type] of [
    ['json', 'application/json'],
    ['text', 'text/plain'],
    ['bytes', null],
  ] as const) {
    const content = amqpContent(delivered(FORMAT_PLAIN, propertiesOfKind[kind], body))
    const part = (at: number, size: number): Buffer =>
      Buffer.from(content.bytes).subarray(at, at + size)
    assert.equal(part(content.bodyAt, content.bodySize).toString(), '{"a":1}')
    assert.equal(part(content.headAt, content.headSize).toString('latin1'), '\x01x\x03key')
    const properties = part(content.propertiesAt, content.propertiesSize)
    assert.equal(properties.readUInt16BE(), type === null ? 0 : 0x8000)
    assert.equal(
      properties.subarray(2).toString(),
      type === null ? '' : `${String.fromCharCode(type.length)}${type}`,
    )
  }
})

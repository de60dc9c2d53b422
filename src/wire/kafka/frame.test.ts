/** Frames and headers: what a request begins with, what is refused, and bytes known from elsewhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../base/fault.ts'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  frameSize,
  openRequest,
  openResponse,
} from './frame.ts'
import { kafkaWireLimits } from './limits.ts'
import { encodeApiVersionsResponse } from './messages/api-versions.generated.ts'
import { decodeMetadataRequest } from './messages/metadata.generated.ts'
import { WireReader } from './reader.ts'
import { WireWriter } from './writer.ts'

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))
}

function sizeOf(bytes: Uint8Array): number {
  return frameSize(bytes, { at: 0, end: bytes.length, max: kafkaWireLimits.frameBytes })
}

test('a frame is as long as it says, and unknown before four bytes are there', () => {
  assert.equal(sizeOf(hex('')), -1)
  assert.equal(sizeOf(hex('00 00 00')), -1)
  assert.equal(sizeOf(hex('00 00 00 0a')), 14)
})

test('a frame of a negative, tiny or huge size is refused before anybody waits for it', () => {
  for (const size of ['ff ff ff ff', '80 00 00 00', '00 00 00 00', '00 00 00 09', '06 40 00 01']) {
    assert.throws(() => sizeOf(hex(size)), Fault)
  }
  assert.equal(sizeOf(hex('06 40 00 00')), 4 + kafkaWireLimits.frameBytes)
})

test('a plain request has a header without tags', () => {
  // Metadata version 1 by the client `me`, for the topic `t`.
  const r = new WireReader(hex('0003 0001 00000007 0002 6d65  00000001 0001 74'))
  const header = decodeRequestHeader(r)
  assert.deepEqual(header, { apiKey: 3, version: 1, correlationId: 7, clientId: 'me' })
  assert.deepEqual(
    decodeMetadataRequest(r, 1).topics?.map(({ name }) => name),
    ['t'],
  )
  r.end()
})

test('a flexible request has a client id of two length bytes, then tags', () => {
  // Metadata version 9: all topics, one unknown tag in the header.
  const r = new WireReader(hex('0003 0009 00000007 0002 6d65 01 05 02 abcd  00 01 00 00 00'))
  assert.equal(decodeRequestHeader(r).clientId, 'me')
  const { topics, allowAutoTopicCreation } = decodeMetadataRequest(r, 9)
  assert.equal(topics, null)
  assert.equal(allowAutoTopicCreation, true)
  r.end()
})

test('an absent client id is empty', () => {
  const header = decodeRequestHeader(new WireReader(hex('0003 0001 00000007 ffff')))
  assert.equal(header.clientId, '')
})

test('the response to ApiVersions has no tags in its header in any version', () => {
  const w = new WireWriter()
  const at = openResponse(w, { apiKey: 18, version: 3, correlationId: 9 })
  encodeApiVersionsResponse(w, 3, {
    errorCode: 0,
    apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  })
  w.closeFrame(at)
  assert.deepEqual(w.take(), hex('00000013 00000009 0000 02 0012 0000 0004 00 00000000 00'))
})

test('what is opened as a request or a response is read as one, in every dialect', () => {
  for (const version of [0, 4, 9, 13]) {
    const w = new WireWriter()
    const header = { apiKey: 3, version, correlationId: -5, clientId: 'someone' }
    w.closeFrame(openRequest(w, header))
    const request = w.take()
    assert.equal(sizeOf(request), request.length)
    const r = new WireReader(request, 4)
    assert.deepEqual(decodeRequestHeader(r), header)
    r.end()
    w.closeFrame(openResponse(w, header))
    const answer = new WireReader(w.take(), 4)
    assert.equal(decodeResponseHeader(answer, header), -5)
    answer.end()
  }
})

test('an array that claims more elements than it has bytes is refused before it is made', () => {
  const r = new WireReader(hex('7fffffff 0000'))
  assert.throws(() => decodeMetadataRequest(r, 1), { name: 'Fault', code: 'short-input' })
})

test('a message of more elements than the limit is refused', () => {
  const count = kafkaWireLimits.elements + 1
  const w = new WireWriter()
  w.i32(count)
  for (let index = 0; index < count; index++) w.i16(0)
  assert.throws(() => decodeMetadataRequest(new WireReader(w.take()), 1), { code: 'too-many' })
})

test('long text and long tags move over for their length', () => {
  for (const size of [0, 126, 127, 128, 16_382, 16_383, 70_000]) {
    const w = new WireWriter()
    w.dialect = 'flexible'
    const at = w.openTag(3)
    w.string('x'.repeat(size))
    w.closeTag(at)
    const r = new WireReader(w.take())
    r.dialect = 'flexible'
    assert.equal(r.uvarint(), 3)
    const end = r.tagEnd()
    assert.equal(r.string(), 'x'.repeat(size))
    r.closeTag(end)
    r.end()
  }
})

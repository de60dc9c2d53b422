/** What a frame is: its length is known from seven bytes, and nothing is awaited that will be refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../base/fault.ts'
import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEARTBEAT,
  frameLength,
  HEARTBEAT_FRAME,
  matchProtocolHeader,
  PROTOCOL_HEADER,
  PROTOCOL_HEADER_SIZE,
  writeFrameHeader,
} from './frame.ts'

const FRAME_MAX = 4096

function frameOf(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + 8)
  const at = writeFrameHeader(frame, 0, {
    type: FRAME_BODY,
    channel: 258,
    payloadSize: payload.length,
  })
  frame.set(payload, at)
  frame[at + payload.length] = FRAME_END
  return frame
}

test('a frame header is type, channel and size, big-endian', () => {
  assert.deepEqual([...frameOf(Uint8Array.of(7))], [3, 1, 2, 0, 0, 0, 1, 7, 0xce])
})

test('a frame is whole with its last byte and not one byte before', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 20 }), (payload, before) => {
      const frame = frameOf(payload)
      const bytes = new Uint8Array(before + frame.length + 5)
      bytes.set(frame, before)
      for (let size = 0; size < frame.length; size++) {
        assert.equal(frameLength(bytes, before, before + size, FRAME_MAX), -1)
      }
      assert.equal(frameLength(bytes, before, bytes.length, FRAME_MAX), frame.length)
    }),
  )
})

test('a frame that is too large is refused by its header alone', () => {
  for (const size of [FRAME_MAX + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const header = new Uint8Array(7)
    writeFrameHeader(header, 0, { type: FRAME_BODY, channel: 1, payloadSize: size })
    assert.throws(() => frameLength(header, 0, 7, FRAME_MAX), isFrameError)
  }
})

test('a payload may pass the frame-max by the eight bytes that some clients forget', () => {
  const frame = frameOf(new Uint8Array(FRAME_MAX))
  assert.equal(frameLength(frame, 0, frame.length, FRAME_MAX), FRAME_MAX + 8)
  assert.throws(
    () => frameLength(frameOf(new Uint8Array(FRAME_MAX + 1)), 0, 7, FRAME_MAX),
    isFrameError,
  )
})

test('a frame must end with its end', () => {
  const frame = frameOf(Uint8Array.of(1, 2, 3))
  frame[frame.length - 1] = 0xcd
  assert.throws(() => frameLength(frame, 0, frame.length, FRAME_MAX), isFrameError)
})

test('a heartbeat is a whole frame of its type without a payload', () => {
  assert.equal(frameLength(HEARTBEAT_FRAME, 0, HEARTBEAT_FRAME.length, FRAME_MAX), 8)
  assert.equal(HEARTBEAT_FRAME[0], FRAME_HEARTBEAT)
})

test('the protocol header that we send is one that we take', () => {
  assert.equal(PROTOCOL_HEADER.length, PROTOCOL_HEADER_SIZE)
  assert.equal(matchProtocolHeader(PROTOCOL_HEADER, 0, PROTOCOL_HEADER_SIZE), 'ours')
})

test('a protocol header is known by its first wrong byte', () => {
  const match = (text: string) =>
    matchProtocolHeader(Buffer.from(text, 'latin1'), 0, Buffer.byteLength(text, 'latin1'))
  assert.equal(match('AMQP\0\0\x09\x01'), 'ours')
  assert.equal(match('AMQP\x01\x01\0\x09'), 'ours')
  assert.equal(match('AMQP\0\0\x09\x01more'), 'ours')
  for (const begun of ['', 'A', 'AMQP', 'AMQP\0\0\x09', 'AMQP\x01\x01'])
    assert.equal(match(begun), 'more')
  for (const other of ['G', 'GET / HTTP/1.1', 'AMQP\x03', 'AMQP\0\x01\0\0', 'AMQP\0\0\x09\x02']) {
    assert.equal(match(other), 'foreign')
  }
})

function isFrameError(error: unknown): boolean {
  return error instanceof Fault && error.code === 'frame-error'
}

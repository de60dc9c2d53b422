/** Frames come out of the pipe as they went in, wherever the system cuts the stream. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { downKind, type Frame, FrameReader, FrameWriter, upKind } from './pipe-frames.ts'

const plain = fc.oneof(
  fc.constant(undefined),
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 2_000 }),
)
const values = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: plain },
    { weight: 1, arbitrary: fc.dictionary(fc.string(), plain, { noNullPrototype: true }) },
    { weight: 1, arbitrary: fc.bigInt() },
  ),
  { maxLength: 10 },
)
const messages = fc.array(
  fc.record({ task: fc.string({ unit: 'binary', maxLength: 30 }), number: fc.double(), values }),
  { maxLength: 12 },
)

interface Message {
  readonly task: string
  readonly number: number
  readonly values: readonly unknown[]
}

function write(writer: FrameWriter, message: Message): void {
  writer.begin(downKind.work)
  writer.u8(1)
  writer.text(message.task)
  writer.f64(message.number)
  writer.values(message.values)
  writer.end()
}

function read(frame: Frame): Message {
  assert.equal(frame.kind, downKind.work)
  assert.equal(frame.u8(), 1)
  return { task: frame.text(), number: frame.f64(), values: frame.values() }
}

test('whatever is written is read, however the stream is cut', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(4_000), { maxLength: 30 }), (sent, cuts) => {
      const writer = new FrameWriter()
      for (const message of sent) write(writer, withText(message))
      const stream = writer.take()
      const received: Message[] = []
      const reader = new FrameReader((frame) => received.push(read(frame)))
      const places = [
        ...new Set([...cuts.map((cut) => Math.min(cut, stream.length)), stream.length]),
      ]
      let from = 0
      for (const to of places.sort((left, right) => left - right)) {
        // Memory that is written over as soon as the reader has had it: nothing may be kept by reference.
        const piece = Buffer.from(stream.subarray(from, to))
        reader.push(piece)
        piece.fill(0xee)
        from = to
      }
      assert.deepEqual(received, sent.map(withText))
    }),
  )
})

test('a stream that comes byte by byte is read as well', () => {
  const writer = new FrameWriter()
  const sent: Message[] = [
    { task: 'a', number: 1, values: [] },
    { task: '', number: -0, values: ['x'.repeat(300), { deep: [1n] }] },
  ]
  for (const message of sent) write(writer, message)
  const received: Message[] = []
  const reader = new FrameReader((frame) => received.push(read(frame)))
  for (const byte of writer.take()) reader.push(Buffer.from([byte]))
  assert.deepEqual(received, sent)
})

test('a frame whose values cannot be written is dropped, and what was whole stays', () => {
  const writer = new FrameWriter()
  write(writer, { task: 'before', number: 1, values: [1] })
  assert.throws(() => write(writer, { task: 'bad', number: 2, values: [1, { not: () => 1 }] }))
  writer.drop()
  write(writer, { task: 'after', number: 3, values: [3] })
  const received: Message[] = []
  new FrameReader((frame) => received.push(read(frame))).push(writer.take())
  assert.deepEqual(
    received.map(({ task }) => task),
    ['before', 'after'],
  )
})

test('a view is good until the next frame, and large frames do not keep their memory', () => {
  const writer = new FrameWriter()
  for (const size of [10, 5_000_000, 10]) {
    writer.begin(upKind.answer)
    writer.values([new Uint8Array(size)])
    writer.end()
    let length = 0
    new FrameReader((frame) => {
      length = (frame.values()[0] as Uint8Array).length
    }).push(writer.view())
    assert.equal(length, size)
  }
})

/** What travels as a name is well-formed text: a name in a program is. */
function withText(message: Message): Message {
  return { ...message, task: Buffer.from(message.task).toString() }
}

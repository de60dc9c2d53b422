/** What the table of methods is worth: every method comes back as it went, and broken ones are faults. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyMethod, spoilt } from '../../../test/wire/amqp-arbitraries.ts'
import { Fault } from '../../base/fault.ts'
import { Writer } from '../../base/writer.ts'
import { FRAME_END, frameLength } from './frame.ts'
import { decodeMethod, methodId, methodName, writeMethod } from './method-codec.ts'

const FRAME_MAX = 2 ** 20

const frames = anyMethod.map((method) => {
  const writer = new Writer()
  writeMethod(writer, 9, method)
  return { method, frame: writer.take() }
})

test('a method comes back as it went, in one whole frame', () => {
  fc.assert(
    fc.property(frames, ({ method, frame }) => {
      assert.equal(frameLength(frame, 0, frame.length, FRAME_MAX), frame.length)
      assert.deepEqual([frame[0], frame[2], frame.at(-1)], [1, 9, FRAME_END])
      assert.deepEqual(decodeMethod(frame, 7, frame.length - 1), method)
    }),
  )
})

test('a broken method is a fault and nothing else', () => {
  const payloads = frames.map(({ frame }) => frame.slice(7, -1))
  fc.assert(
    fc.property(spoilt(payloads), (payload) => {
      try {
        decodeMethod(payload, 0, payload.length)
      } catch (error) {
        assert.ok(error instanceof Fault, String(error))
      }
    }),
    { numRuns: 3_000 },
  )
})

test('a method cut anywhere is a fault', () => {
  fc.assert(
    fc.property(frames, ({ frame }) => {
      for (let end = 7; end < frame.length - 1; end++) {
        assert.throws(() => decodeMethod(frame, 7, end), Fault)
      }
    }),
  )
})

test('bits in a row share an octet, the first in the lowest place', () => {
  const writer = new Writer()
  writeMethod(writer, 1, {
    name: 'queue.declare',
    fields: {
      ticket: 0,
      queue: 'q',
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      noWait: true,
      arguments: [],
    },
  })
  const payload = [0, 50, 0, 10, 0, 0, 1, 0x71, 0b11010, 0, 0, 0, 0]
  assert.deepEqual([...writer.take()], [1, 0, 1, 0, 0, 0, payload.length, ...payload, 0xce])
})

test('a short string that is not UTF-8 is a fault in the words of RabbitMQ', () => {
  const declare = Uint8Array.of(0, 50, 0, 10, 0, 0, 1, 0xff, 0, 0, 0, 0, 0)
  assert.throws(
    () => decodeMethod(declare, 0, declare.length),
    (error) => error instanceof Fault && error.message === 'Malformed UTF-8 in shortstr',
  )
})

test('a method that does not exist is a fault of its own', () => {
  for (const [classId, id] of [
    [10, 12],
    [61, 10],
    [0, 0],
    [65535, 65535],
  ] as const) {
    const payload = Uint8Array.of(classId >> 8, classId & 255, id >> 8, id & 255)
    assert.throws(
      () => decodeMethod(payload, 0, 4),
      (error) => error instanceof Fault && error.code === 'unknown-method',
    )
    assert.equal(methodName(classId, id), null)
  }
})

test('numbers and names belong together', () => {
  assert.deepEqual(methodId('exchange.unbind-ok'), [40, 51])
  assert.equal(methodName(60, 120), 'basic.nack')
})

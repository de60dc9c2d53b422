/** What a greeting may say, and what becomes of one that says something else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Fault } from '../../base/fault.ts'
import { ChannelMisuse } from '../contract.ts'
import { FRAME } from './frame.ts'
import { hearAnswer, judgeVisitor } from './greeting.ts'
import { checkLimits, decodeHello, encodeHello, type Hello } from './hello.ts'
import { linkLimits } from './limits.ts'

const hello: Hello = { purpose: 'channel', token: 'geheim', limits: linkLimits }

const hellos = fc.record(
  {
    purpose: fc.string({ unit: 'grapheme', maxLength: 50 }),
    token: fc.string({ maxLength: 100 }),
    limits: fc.record(
      {
        windowMessages: fc.integer({ min: 1, max: 1_000_000_000 }),
        windowBytes: fc.integer({ min: 1, max: 2 ** 30 }),
        messageBytesMax: fc.integer({ min: 1, max: 2 ** 30 }),
        silenceMs: fc.integer({ min: 40, max: 86_400_000 }),
      },
      { noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
)

test('a hello comes back as it was', () => {
  fc.assert(fc.property(hellos, (said) => assert.deepEqual(decodeHello(encodeHello(said)), said)))
})

test('bytes that are no hello are a fault and nothing else', () => {
  const whole = Buffer.from(encodeHello(hello))
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, size) => {
      const bytes = Buffer.from(whole.subarray(0, size))
      if (at < size) bytes[at] = byte
      try {
        checkLimits(decodeHello(bytes).limits)
      } catch (error) {
        assert.ok(error instanceof Fault, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('limits that make no sense are refused on both sides', () => {
  for (const limit of ['windowMessages', 'windowBytes', 'messageBytesMax', 'silenceMs'] as const) {
    for (const value of [0, -1, 1.5, 4e9]) {
      assert.throws(() => checkLimits({ ...linkLimits, [limit]: value }), ChannelMisuse)
    }
    const limits = { ...linkLimits, [limit]: 0 }
    assert.throws(() => decodeHello(encodeHello({ ...hello, limits })), Fault)
  }
})

test('another version is refused with the reason, and another protocol without a word', () => {
  const other = Buffer.from(encodeHello(hello))
  other[4] = 2
  const verdict = judgeVisitor(FRAME.hello, other, () => null)
  assert.deepEqual(verdict, { kind: 'refuse', why: 'version 2, and this is 1' })
  assert.throws(
    () => judgeVisitor(FRAME.hello, Buffer.from('GET / HTTP/1.1\r\n'), () => null),
    Fault,
  )
  assert.throws(() => judgeVisitor(FRAME.value, encodeHello(hello), () => null), Fault)
})

test('a refusal reaches the one who connected', () => {
  assert.throws(
    () => hearAnswer(FRAME.refuse, Buffer.from('no place')),
    (error) => error instanceof Fault && error.code === 'refused' && error.message === 'no place',
  )
})

test('a name or token that is too long is refused here, before it is sent', () => {
  assert.throws(() => encodeHello({ ...hello, purpose: 'x'.repeat(1025) }), ChannelMisuse)
})

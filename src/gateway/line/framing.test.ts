/** How bytes become messages, wherever they are cut. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Fault } from '../../base/fault.ts'
import { type Framing, framer, openTail } from './framing.ts'
import { Held } from './held.ts'

interface Cut {
  readonly messages: readonly string[]
  readonly fault: string | null
}

/** What a framer makes of `pieces` and then the end, as latin-1 so that every byte shows. */
function cut(framing: Framing, max: number, pieces: readonly Uint8Array[]): Cut {
  const cutter = framer({ framing, messageBytesMax: max, characters: 'any' })
  const held = new Held()
  const messages: string[] = []
  const take = (bytes: Uint8Array): void => {
    messages.push(Buffer.from(bytes).toString('latin1'))
  }
  try {
    for (const piece of pieces) {
      const borrowed = Uint8Array.from(piece)
      held.add(borrowed)
      for (let bytes = cutter.next(held); bytes !== null; bytes = cutter.next(held)) take(bytes)
      held.keep()
      borrowed.fill(0xee)
    }
    for (let bytes = cutter.last(held); bytes !== null; bytes = cutter.last(held)) take(bytes)
    return { messages, fault: null }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { messages, fault: error.message }
  }
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function splitAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((n) => n % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index]!, end))
}

function withLengths(bodies: readonly string[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const size = Buffer.alloc(4)
      size.writeUInt32BE(body.length)
      return [size, bytesOf(body)]
    }),
  )
}

test('a line ends at LF or CR LF, and a CR elsewhere belongs to it', () => {
  const { messages } = cut('line', 100, [bytesOf('a\nb\r\n\n\r\nc\rd\r\r\ne')])
  assert.deepEqual(messages, ['a', 'b', '', '', 'c\rd\r', 'e'])
})

test('what is left when the client ends is its last line, and nothing left is no line', () => {
  assert.deepEqual(cut('line', 100, [bytesOf('a\nb')]).messages, ['a', 'b'])
  assert.deepEqual(cut('line', 100, [bytesOf('a\n')]).messages, ['a'])
  assert.deepEqual(cut('line', 100, [bytesOf('a\r')]).messages, ['a\r'])
  assert.deepEqual(cut('line', 100, []).messages, [])
})

test('lines are the same however their bytes are cut', () => {
  const streams = fc.array(fc.constantFrom('a', 'bc', '\n', '\r', '\r\n', '\xff'), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(streams, fc.array(fc.nat()), (parts, cuts) => {
      const bytes = bytesOf(parts.join(''))
      assert.deepEqual(cut('line', 6, splitAt(bytes, cuts)), cut('line', 6, [bytes]))
    }),
  )
})

test('a line of the maximum passes with either end, and one byte more is refused at once', () => {
  const fault = 'too long: limit 4 bytes'
  assert.deepEqual(cut('line', 4, [bytesOf('abcd\nabcd\r\nabcd')]).messages, [
    'abcd',
    'abcd',
    'abcd',
  ])
  assert.deepEqual(cut('line', 4, [bytesOf('ok\nabcde\n')]), { messages: ['ok'], fault })
  assert.deepEqual(cut('line', 4, [bytesOf('abcde')]), { messages: [], fault })
  assert.deepEqual(cut('line', 4, [bytesOf('abcd\r')]), { messages: [], fault })
  assert.deepEqual(cut('line', 4, [bytesOf('abcd\rx')]), { messages: [], fault })
})

test('messages with lengths are the same however their bytes are cut', () => {
  const bodies = fc.array(fc.string({ maxLength: 9, unit: 'binary-ascii' }))
  fc.assert(
    fc.property(bodies, fc.array(fc.nat()), (sent, cuts) => {
      const { messages, fault } = cut('length', 9, splitAt(withLengths(sent), cuts))
      assert.deepEqual(messages, sent)
      assert.equal(fault, null)
    }),
  )
})

test('a message with a length that never became whole is no message', () => {
  const bytes = withLengths(['whole', 'partial']).subarray(0, -1)
  assert.deepEqual(cut('length', 9, [bytes]).messages, ['whole'])
})

test('a length beyond the maximum is refused before the message is waited for', () => {
  const fault = 'too long: limit 9 bytes'
  assert.deepEqual(cut('length', 9, [Buffer.from([0, 0, 0, 10])]), { messages: [], fault })
  assert.deepEqual(cut('length', 9, [Buffer.from([255, 255, 255, 255])]), { messages: [], fault })
})

test('a chunk is what arrives, cut at the maximum', () => {
  const { messages } = cut('chunk', 4, [bytesOf('ab'), bytesOf('cdefghi'), bytesOf('\n')])
  assert.deepEqual(messages, ['ab', 'cdef', 'ghi', '\n'])
})

test('a chunk of text ends before a character that has not arrived whole', () => {
  const cutter = framer({ framing: 'chunk', messageBytesMax: 4, characters: 'whole' })
  const held = new Held()
  const texts: string[] = []
  for (const byte of Buffer.from('가é😀z')) {
    held.add(Uint8Array.of(byte))
    const bytes = cutter.next(held)
    if (bytes !== null) texts.push(Buffer.from(bytes).toString())
    held.keep()
  }
  assert.deepEqual(texts, ['가', 'é', '😀', 'z'])
})

test('the open tail of text is where its last character begins, and 0 where it is whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, n) => {
      const bytes = Buffer.from(text)
      const end = n % (bytes.length + 1)
      const head = bytes.subarray(0, end)
      const whole = head.subarray(0, end - openTail(head))
      assert.ok(text.startsWith(whole.toString()))
      assert.ok(!whole.toString().includes('\ufffd'))
    }),
  )
  assert.equal(openTail(Uint8Array.of(0x80, 0x80, 0x80, 0x80)), 0)
})

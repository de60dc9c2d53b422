/** Whole conversations, which may not depend on where the packets end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { place } from '../../../test/processes/line-place.ts'
import type { LineOptions } from './options.ts'

interface Conversation {
  readonly name: string
  readonly options: LineOptions
  readonly sent: Uint8Array
  readonly bodies: readonly (string | Uint8Array)[]
  readonly told: string
}

const conversations: readonly Conversation[] = [
  {
    name: 'lines of text, the last one without an end',
    options: {},
    sent: Buffer.from('hello\r\n나루 배\n\nlast'),
    bodies: ['hello', '나루 배', '', 'last'],
    told: '',
  },
  {
    name: 'a line that is not text, refused after those before it were taken',
    options: {},
    sent: Buffer.from('good\n\xff\xfe\nnever\n', 'latin1'),
    bodies: ['good'],
    told: 'ERR not UTF-8\n',
  },
  {
    name: 'a line that is not text, passed on as bytes',
    options: { bodies: 'text-or-bytes' },
    sent: Buffer.from('good\n\xff\xfe\nmore\n', 'latin1'),
    bodies: ['good', Uint8Array.of(0xff, 0xfe), 'more'],
    told: '',
  },
  {
    name: 'a line that is too long',
    options: { messageBytesMax: 8 },
    sent: Buffer.from('12345678\n123456789\nnever\n'),
    bodies: ['12345678'],
    told: 'ERR too long: limit 8 bytes\n',
  },
  {
    name: 'messages with lengths, the last one cut off',
    options: { framing: 'length', bodies: 'bytes' },
    sent: Buffer.from('\0\0\0\x02hi\0\0\0\0\0\0\0\x01\xff\0\0\0\x03ab', 'latin1'),
    bodies: [Buffer.from('hi'), new Uint8Array(0), Uint8Array.of(0xff)].map(
      (b) => new Uint8Array(b),
    ),
    told: '',
  },
  {
    name: 'a length beyond the limit, refused in the same framing',
    options: { framing: 'length', messageBytesMax: 8 },
    sent: Buffer.from('\0\0\0\x02hi\0\0\0\x09123456789', 'latin1'),
    bodies: ['hi'],
    told: '\0\0\0\x1bERR too long: limit 8 bytes',
  },
]

for (const { name, options, sent, bodies, told } of conversations) {
  test(`it makes no difference where the packets end: ${name}`, async () => {
    for (let cut = 0; cut <= sent.length; cut++) {
      const { world, shelf, client } = await place(options)
      const one = await client()
      one.send(sent.subarray(0, cut))
      await world.pass(1)
      if (cut < sent.length) one.send(sent.subarray(cut))
      one.connection.end()
      await world.pass(10)
      assert.deepEqual(shelf.messages, bodies, `cut at ${cut}`)
      assert.equal(one.told, told, `cut at ${cut}`)
      assert.equal(one.gone, true, 'the connection was left open')
    }
  })

  test(`it makes no difference if every byte comes alone: ${name}`, async () => {
    const { world, shelf, client } = await place(options, { weather: 'bytes' })
    const one = await client()
    one.send(sent)
    one.connection.end()
    await world.pass(10)
    assert.deepEqual(shelf.messages, bodies)
    assert.equal(one.told, told)
  })
}

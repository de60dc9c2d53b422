/** The laws of the message codecs, over every message and every version of the table. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { generateMessages } from '../../../scripts/kafka/generate.ts'
import { type Codec, loadCodecs, messageOf } from '../../../test/kafka/codecs.ts'
import { Fault } from '../../base/fault.ts'
import { WireReader } from './reader.ts'
import { WireWriter } from './writer.ts'

const codecs = loadCodecs()

function eachVersion(codec: Codec): number[] {
  const { min, max } = codec.api.versions
  return Array.from({ length: max - min + 1 }, (_, index) => min + index)
}

function encode(codec: Codec, version: number, message: Record<string, unknown>): Uint8Array {
  const w = new WireWriter()
  codec.encode(w, version, message)
  return w.take()
}

/** A decoder may give a value or a Fault for bytes that mean nothing, and nothing else. */
function decodeOrFault(codec: Codec, version: number, bytes: Uint8Array): 'decoded' | 'fault' {
  try {
    codec.decode(new WireReader(bytes), version)
    return 'decoded'
  } catch (error) {
    if (error instanceof Fault) return 'fault'
    throw error
  }
}

for (const codec of codecs) {
  test(`${codec.name}: what is written is read, in every version`, () => {
    for (const version of eachVersion(codec)) {
      const law = fc.property(messageOf(codec, version), (message) => {
        const r = new WireReader(encode(codec, version, message))
        assert.deepEqual(codec.decode(r, version), message)
        r.end()
      })
      fc.assert(law, { numRuns: 20 })
    }
  })

  test(`${codec.name}: a message that is cut is a fault at every byte`, () => {
    for (const version of eachVersion(codec)) {
      const [message] = fc.sample(messageOf(codec, version), { numRuns: 1, seed: version })
      const bytes = encode(codec, version, message ?? {})
      for (let size = 0; size < Math.min(bytes.length, 400); size++) {
        assert.equal(decodeOrFault(codec, version, bytes.subarray(0, size)), 'fault')
      }
    }
  })

  test(`${codec.name}: changed bytes give a message or a fault`, () => {
    for (const version of eachVersion(codec)) {
      const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
        maxLength: 4,
      })
      const law = fc.property(messageOf(codec, version), changes, (message, changed) => {
        const bytes = encode(codec, version, message)
        if (bytes.length === 0) return
        for (const [at, byte] of changed) bytes[at % bytes.length] = byte
        decodeOrFault(codec, version, bytes)
      })
      fc.assert(law, { numRuns: 10 })
    }
  })
}

test('bytes that nobody wrote give a message or a fault', () => {
  const law = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, seed) => {
    const codec = codecs[seed % codecs.length]!
    for (const version of eachVersion(codec)) decodeOrFault(codec, version, bytes)
  })
  fc.assert(law, { numRuns: 200 })
})

test('the code in messages/ is what the table says', () => {
  const bare = (text: string): string => text.replace(/[\s,()]/g, '')
  for (const [path, text] of generateMessages()) {
    const folder = join(import.meta.dirname, '..', '..', '..', '..', 'src', 'wire', 'kafka')
    assert.ok(
      bare(readFileSync(join(folder, path), 'utf8')) === bare(text),
      `${path} is older than the table`,
    )
  }
})

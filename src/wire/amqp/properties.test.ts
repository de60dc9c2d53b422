/** What is known of a message's properties: decoding, scanning where they lie, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyProperties, spoilt } from '../../../test/wire/amqp-arbitraries.ts'
import { Fault } from '../../base/fault.ts'
import { Writer } from '../../base/writer.ts'
import {
  DELIVERY_MODE_PERSISTENT,
  decodeProperties,
  type Properties,
  scanProperties,
  writeProperties,
} from './properties.ts'

function encode(properties: Partial<Properties>): Uint8Array {
  const writer = new Writer()
  writeProperties(writer, properties)
  return writer.take()
}

test('properties come back as they went, and a scan finds their delivery mode', () => {
  fc.assert(
    fc.property(anyProperties, (properties) => {
      const bytes = encode(properties)
      assert.deepEqual(decodeProperties(bytes, 0, bytes.length), properties)
      assert.equal(scanProperties(bytes, 0, bytes.length), properties.deliveryMode ?? 0)
    }),
  )
})

test('flags go from content-type at bit 15 to cluster-id at bit 2', () => {
  assert.deepEqual([...encode({ contentType: 'a' })], [0x80, 0, 1, 0x61])
  assert.deepEqual([...encode({ deliveryMode: DELIVERY_MODE_PERSISTENT })], [0x10, 0, 2])
  assert.deepEqual([...encode({ clusterId: '' })], [0, 4, 0])
})

test('broken properties are a fault to whoever scans them and to whoever decodes them', () => {
  fc.assert(
    fc.property(spoilt(anyProperties.map(encode)), (bytes) => {
      const decoded = faultOf(() => decodeProperties(bytes, 0, bytes.length))
      const scanned = faultOf(() => scanProperties(bytes, 0, bytes.length))
      if (decoded?.message === 'Malformed UTF-8 in shortstr') return
      assert.equal(scanned === null, decoded === null, `${String(decoded)} but ${String(scanned)}`)
    }),
    { numRuns: 3_000 },
  )
})

test('flags that nobody defined are refused', () => {
  for (const flags of [1, 2]) {
    assert.throws(() => scanProperties(Uint8Array.of(0, flags, 0, 0), 0, 4), Fault)
  }
})

/** The fault that it throws, or `null`; anything else that is thrown goes on. */
function faultOf(action: () => unknown): Fault | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

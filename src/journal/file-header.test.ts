/** Headers of journal files: read back as they were written, and believed only whole. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFileHeader, encodeFileHeader } from './file-header.ts'
import { FILE_HEADER_SIZE } from './format.ts'

const HEADER = {
  generation: 2 ** 40 + 7,
  slot: 65_535,
  fileBytes: 2 ** 33,
  identity: { low: 0xdead_beef, high: 0x1234_5678 },
}

test('a header is read back as it was written', () => {
  const bytes = new Uint8Array(FILE_HEADER_SIZE + 9).fill(0xee)
  encodeFileHeader(bytes, HEADER)
  assert.deepEqual(decodeFileHeader(bytes), HEADER)
  assert.deepEqual(
    [...bytes.subarray(FILE_HEADER_SIZE)],
    Array.from({ length: 9 }, () => 0xee),
  )
})

test('a header in which one bit is another is none, and neither is half of one', () => {
  const bytes = new Uint8Array(FILE_HEADER_SIZE)
  encodeFileHeader(bytes, HEADER)
  for (let bit = 0; bit < FILE_HEADER_SIZE * 8; bit++) {
    const flipped = bytes.slice()
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(decodeFileHeader(flipped), null, `bit ${bit}`)
  }
  for (let size = 0; size < FILE_HEADER_SIZE; size++) {
    assert.equal(decodeFileHeader(bytes.subarray(0, size)), null)
  }
})

/** Contents of files: the same bytes as a plain array would hold, versions that never change, hashes that tell. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BLOCK_SIZE, type Content, ContentEditor, NO_CONTENT } from './disk-content.ts'

type Step =
  | { readonly kind: 'write'; readonly at: number; readonly size: number; readonly byte: number }
  | { readonly kind: 'zero' | 'truncate' | 'grow'; readonly at: number; readonly size: number }
  | { readonly kind: 'freeze' }

const positions = fc.oneof(
  fc.nat({ max: 4 * BLOCK_SIZE }),
  fc.nat({ max: 4 }).map((block) => block * BLOCK_SIZE),
)
const sizes = fc.oneof(fc.nat({ max: 2 * BLOCK_SIZE }), fc.constantFrom(0, 1, BLOCK_SIZE))
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    at: positions,
    size: sizes,
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({
    kind: fc.constantFrom('zero' as const, 'truncate' as const, 'grow' as const),
    at: positions,
    size: sizes,
  }),
  fc.constant({ kind: 'freeze' as const }),
)

function bytesOf(content: Content): Uint8Array {
  const bytes = new Uint8Array(content.size)
  new ContentEditor(content).read(bytes, 0)
  return bytes
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const next = new Uint8Array(size)
  next.set(bytes.subarray(0, size))
  return next
}

/** Does the step to both; answers the plain bytes. */
function applyStep(editor: ContentEditor, plain: Uint8Array, step: Step): Uint8Array {
  switch (step.kind) {
    case 'write': {
      const bytes = new Uint8Array(step.size).fill(step.byte)
      editor.write(bytes, step.at)
      if (step.size === 0) return plain
      const next = resized(plain, Math.max(plain.length, step.at + step.size))
      next.set(bytes, step.at)
      return next
    }
    case 'zero': {
      const start = Math.min(step.at, plain.length)
      const end = Math.min(step.at + step.size, plain.length)
      editor.zero(start, end)
      return resized(plain, plain.length).fill(0, start, end)
    }
    case 'truncate':
      editor.truncate(step.at)
      return resized(plain, step.at)
    case 'grow':
      editor.grow(step.at)
      return resized(plain, Math.max(plain.length, step.at))
    case 'freeze':
      return plain
  }
}

test('an editor holds what a plain array holds, and a frozen version never changes', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 30 }), (list) => {
      const editor = new ContentEditor(NO_CONTENT)
      const versions: { content: Content; bytes: Uint8Array; lanes: string }[] = []
      let plain: Uint8Array = new Uint8Array(0)
      for (const step of list) {
        plain = applyStep(editor, plain, step)
        assert.equal(editor.size, plain.length)
        const content = editor.freeze()
        if (step.kind === 'freeze') {
          versions.push({ content, bytes: plain, lanes: String(content.lanes()) })
        }
      }
      assert.deepEqual(bytesOf(editor.freeze()), plain)
      for (const { content, bytes, lanes } of versions) {
        assert.deepEqual(bytesOf(content), bytes)
        assert.equal(String(content.lanes()), lanes)
      }
      // However it came about, the same bytes have the same lanes, holes or not.
      const fresh = new ContentEditor(NO_CONTENT)
      fresh.write(plain, 0)
      assert.deepEqual(fresh.freeze().lanes(), editor.freeze().lanes())
    }),
    { numRuns: 300 },
  )
})

test('one bit, one byte more, or two blocks swapped make other lanes', () => {
  const base = new Uint8Array(3 * BLOCK_SIZE).fill(1, 0, BLOCK_SIZE)
  const lanesOf = (bytes: Uint8Array): string => {
    const editor = new ContentEditor(NO_CONTENT)
    editor.write(bytes, 0)
    return String(editor.freeze().lanes())
  }
  const seen = new Set([lanesOf(base)])
  for (let bit = 0; bit < base.length * 8; bit += 7) {
    const flipped = base.slice()
    flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
    seen.add(lanesOf(flipped))
  }
  const flips = Math.ceil((base.length * 8) / 7)
  const swapped = base.slice().copyWithin(BLOCK_SIZE, 0, BLOCK_SIZE).fill(0, 0, BLOCK_SIZE)
  seen.add(lanesOf(swapped))
  seen.add(lanesOf(resized(base, base.length + 1)))
  assert.equal(seen.size, flips + 3)
})

test('a hole takes no space, and a write into it takes one block', () => {
  const editor = new ContentEditor(NO_CONTENT)
  editor.truncate(100 * BLOCK_SIZE)
  assert.equal(editor.allocatedBytes, 0)
  assert.equal(editor.costBytes(50 * BLOCK_SIZE - 1, 2), 2 * BLOCK_SIZE)
  editor.write(new Uint8Array(1), 50 * BLOCK_SIZE)
  assert.equal(editor.allocatedBytes, BLOCK_SIZE)
  editor.truncate(0)
  assert.equal(editor.allocatedBytes, 0)
})

/** The read loop against every way the system call can go. */
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ReadCall, runRead } from './read-loop.ts'

const { EIO } = constants.errno

/** A file of `size` bytes, byte k being k, of which each call gives as much as the script says. */
function fileOf(size: number, script: readonly number[]): ReadCall {
  const takes = [...script]
  return (handle, into, position) => {
    assert.equal(handle, 7)
    const count = Math.min(into.length, Math.max(0, size - position), takes.shift() ?? into.length)
    for (let index = 0; index < count; index++) into[index] = position + index
    return count
  }
}

test('however little a call gives, the piece is filled, to its end or to the end of the file', () => {
  const takes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 })
  fc.assert(
    fc.property(takes, fc.nat(100), fc.nat(60), fc.nat(120), (script, size, length, position) => {
      const into = new Uint8Array(length)
      const outcome = runRead(fileOf(size, script), { handle: 7, into, position })
      const expected = Math.min(length, Math.max(0, size - position))
      assert.deepEqual(outcome, { errno: 0, size: expected })
      assert.ok(into.subarray(0, expected).every((byte, index) => byte === position + index))
      assert.ok(into.subarray(expected).every((byte) => byte === 0))
    }),
  )
})

test('a failure is answered with its number, whatever was read before', () => {
  let calls = 0
  const read: ReadCall = () => {
    if (calls++ === 0) return 3
    throw Object.assign(new Error('the system says no'), { errno: -EIO })
  }
  const order = { handle: 7, into: new Uint8Array(8), position: 0 }
  assert.deepEqual(runRead(read, order), { errno: EIO, size: 0 })
})

test('what is no error of the system is not answered but thrown', () => {
  const broken: ReadCall = () => {
    throw new TypeError('our own mistake')
  }
  assert.throws(
    () => runRead(broken, { handle: 7, into: new Uint8Array(1), position: 0 }),
    TypeError,
  )
})

/** Large bodies: how a message refers to their fragments, and for how long these live, after a restart too. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { imageOf, NO_SNAPSHOT } from '../../test/machine/entry-log.ts'
import { MachineRun } from '../../test/machine/machine-run.ts'
import { Panic } from '../base/assert.ts'
import { decodeReference, encodeReference, LargeBodies } from './large-body.ts'

const number = fc.integer({ min: 1, max: 2 ** 48 - 1 })

test('a reference is read back as it was written, wherever it lies', () => {
  fc.assert(
    fc.property(
      number,
      fc.array(number, { minLength: 1, maxLength: 9 }),
      fc.nat(9),
      (sizeBytes, fragments, before) => {
        const written = { sizeBytes, fragments }
        const bytes = encodeReference(written)
        const around = new Uint8Array(before + bytes.length + 3).fill(0xee)
        around.set(bytes, before)
        assert.deepEqual(decodeReference(around, before, bytes.length), written)
      },
    ),
  )
})

test('a reference that names no fragment, or half of one, is refused', () => {
  const bytes = encodeReference({ sizeBytes: 9, fragments: [1] })
  assert.throws(() => decodeReference(bytes, 0, 6), Panic)
  assert.throws(() => decodeReference(bytes, 0, 11), Panic)
})

test('fragments live from the message that refers to them until its last queue has settled it', () => {
  const run = new MachineRun()
  for (const name of ['a', 'b']) run.declareQueue('/', name)
  run.publishLarge([0], 3, 'given up')
  assert.equal(run.bodies.references.size, 0)
  run.publishLarge([0, 1], 3, 'published')
  run.assertSound()
  assert.equal(run.bodies.references.size, 4)
  run.settle(0, 1, 1)
  assert.equal(run.bodies.references.size, 4)
  run.deleteQueue(1)
  run.assertSound()
  assert.equal(run.bodies.references.size, 0)
})

test('a machine that was restored lets fragments go as the one did that it was', async () => {
  const run = new MachineRun()
  for (const name of ['a', 'b']) run.declareQueue('/', name)
  run.publishLarge([0, 1], 2, 'published')
  run.publish([0], 3, 0)
  const ticket = run.log.entries.length
  const snapshot = { ticket, bytes: imageOf(run.machine), blockSize: 7 }
  for (const from of [NO_SNAPSHOT, snapshot]) {
    const { machine, bodies } = await run.log.recover(from, ticket)
    const [first, second] = [...machine.queues.values()]
    machine.settle(first!, 1, 2)
    assert.equal(bodies.references.size, 3)
    machine.dropQueue(second!)
    assert.equal(bodies.references.size, 0)
  }
})

/** What happens beside a snapshot: one more body, one that goes, one that the snapshot reads. */
const happenings = fc.array(fc.constantFrom('comes', 'goes', 'is read'), { maxLength: 60 })

test('a snapshot has the large bodies of its moment, whatever comes and goes while it is read', () => {
  const counts = fc.integer({ min: 0, max: 12 })
  fc.assert(
    fc.property(counts, happenings, fc.infiniteStream(fc.nat()), (count, story, chances) => {
      const living = new Map<number, number>()
      const bodies = { retain: (ticket: number) => void living.set(ticket, 1), release: remove }
      function remove(ticket: number): void {
        assert(living.delete(ticket), 'a fragment that is gone already')
      }
      const large = new LargeBodies(bodies)
      const there: number[] = []
      let next = 1
      const come = (): void => {
        large.add(2 * next, { sizeBytes: next, fragments: [2 * next - 1] }, 1)
        there.push(2 * next++)
      }
      for (let made = 0; made < count; made++) come()
      // The second snapshot finds nothing of what the first one, which is given up, kept for itself.
      for (const half of [story.slice(0, story.length / 2), story]) {
        const expected = [...there]
        const read: number[] = []
        const reading = large.freeze()
        const readOne = (): boolean => {
          const { done = false, value } = reading.next()
          if (!done) read.push(value[0])
          return !done
        }
        for (const happening of half) {
          if (happening === 'comes') come()
          else if (happening === 'is read') readOne()
          else if (there.length > 0) {
            const [ticket] = there.splice(chances.next().value! % there.length, 1)
            large.release(ticket!)
          }
        }
        if (half === story) while (readOne());
        assert.deepEqual(read, expected.slice(0, read.length))
        if (half === story) assert.equal(read.length, expected.length)
        large.thaw()
      }
      const after = [...large.freeze()].map(([ticket]) => ticket)
      assert.deepEqual(after, there)
      assert.deepEqual(
        [...living.keys()],
        there.map((ticket) => ticket - 1),
      )
    }),
  )
})

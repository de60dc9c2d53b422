/** Frames come out of the inbox whole and in order, however they arrive and whenever somebody holds them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frame } from '../../../test/amqp/amqp-world.ts'
import { frameLength } from '../../wire/amqp/frame.ts'
import { Inbox, type Parse } from './inbox.ts'

test('what is parsed is what came, whatever the pieces and whoever holds', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 12 })
  const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 60 })
  // How many frames are taken before somebody holds, again and again.
  const holds = fc.array(fc.nat({ max: 4 }), { maxLength: 20 })
  fc.assert(
    fc.property(payloads, cuts, holds, (list, sizes, budgets) => {
      const bytes = Buffer.concat(list.map((payload) => frame(3, 1, payload)))
      const seen: number[][] = []
      let budget = budgets.shift() ?? Number.POSITIVE_INFINITY
      const parse: Parse = (from, start, end) => {
        let at = start
        while (at < end && budget > 0) {
          const size = frameLength(from, at, end, 4096)
          if (size < 0) break
          seen.push([...from.subarray(at + 7, at + size - 1)])
          at += size
          budget--
        }
        return at
      }
      const inbox = new Inbox()
      let at = 0
      while (at < bytes.length) {
        const size = 1 + (sizes.shift() ?? 17)
        const chunk = Uint8Array.from(bytes.subarray(at, at + size))
        inbox.take(chunk, parse)
        chunk.fill(0xdb)
        at += size
        if (budget > 0) continue
        budget = budgets.shift() ?? Number.POSITIVE_INFINITY
        inbox.parse(parse)
      }
      budget = Number.POSITIVE_INFINITY
      inbox.parse(parse)
      assert.deepEqual(
        seen,
        list.map((payload) => [...payload]),
      )
      assert.equal(inbox.size, 0)
    }),
  )
})

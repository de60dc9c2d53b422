/** Confirms in order: nobody hears of a message before it is safe, and nobody hears twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Confirms } from './confirms.ts'

function listening(): { readonly confirms: Confirms; readonly told: string[] } {
  const told: string[] = []
  const confirms = new Confirms({
    acked: (sequence, many) => told.push(`ack ${sequence} ${many}`),
    refused: (sequence) => told.push(`nack ${sequence}`),
  })
  return { confirms, told }
}

test('one frame for all that a commit made safe', () => {
  const { confirms, told } = listening()
  for (const ticket of [11, 12, 15]) confirms.add(ticket)
  confirms.settled(10)
  assert.deepEqual(told, [])
  confirms.settled(12)
  confirms.settled(20)
  assert.deepEqual(told, ['ack 2 many', 'ack 3 one'])
  assert.equal(confirms.pendingCount, 0)
})

test('what waits for nothing still waits for what was published before it', () => {
  const { confirms, told } = listening()
  confirms.add(5)
  confirms.add(0)
  confirms.tell()
  assert.deepEqual(told, [])
  confirms.settled(5)
  assert.deepEqual(told, ['ack 2 many'])
})

test('no acknowledgement covers a refused message', () => {
  const { confirms, told } = listening()
  confirms.add(1)
  confirms.refuse()
  confirms.refuse()
  confirms.add(2)
  confirms.settled(9)
  assert.deepEqual(told, ['ack 1 one', 'nack 2', 'nack 3', 'ack 4 one'])
})

test('every message is told of exactly once, in order, and never too early', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), by: fc.nat({ max: 2 }) }),
    fc.record({ kind: fc.constantFrom('refuse' as const, 'free' as const), by: fc.constant(0) }),
    fc.record({ kind: fc.constant('settle' as const), by: fc.nat({ max: 4 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const tickets: number[] = []
      let [last, ticket, through] = [0, 1, 0]
      const confirms = new Confirms({
        acked: (sequence, many) => {
          assert.equal(many, sequence - last === 1 ? 'one' : 'many')
          for (const each of tickets.slice(last, sequence)) assert.ok(each >= 0 && each <= through)
          last = sequence
        },
        refused: (sequence) => {
          assert.equal(sequence, last + 1)
          assert.equal(tickets[sequence - 1], -1)
          last = sequence
        },
      })
      for (const { kind, by } of steps) {
        if (kind === 'add') {
          ticket += by
          tickets.push(ticket)
          confirms.add(ticket)
        } else if (kind === 'settle') {
          through = Math.max(through, ticket - by)
          confirms.settled(through)
        } else if (kind === 'refuse') {
          tickets.push(-1)
          confirms.refuse()
        } else {
          tickets.push(0)
          confirms.add(0)
        }
      }
      through = ticket
      confirms.settled(through)
      assert.equal(last, tickets.length)
    }),
  )
})

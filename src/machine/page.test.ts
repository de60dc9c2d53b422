/** Pages keep tickets and sizes of any length that the journal gives, whatever stands beside them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PAGE_MESSAGES, Page } from './page.ts'

const TICKETS_END = 2 ** 48 // what six bytes of the journal hold

const tickets = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: TICKETS_END - 1 })),
  { minLength: 1, maxLength: 50 },
)

/** Puts them one behind the other, as a queue does. */
function fill(page: Page, given: readonly number[]): void {
  given.forEach((ticket, slot) => {
    page.setTicket(slot, ticket)
    page.live++
  })
}

function read(page: Page, count: number): number[] {
  return Array.from({ length: count }, (_, slot) => page.ticket(slot))
}

test('a page answers the tickets that it was given, and so does its copy', () => {
  fc.assert(
    fc.property(tickets, (given) => {
      const page = new Page(0)
      fill(page, given)
      assert.deepEqual(read(page, given.length), given)
      const copy = page.copy(1)
      page.setTicket(0, 1)
      assert.deepEqual(read(copy, given.length), given)
    }),
  )
})

test('a page that is used again remembers nothing of the tickets before', () => {
  fc.assert(
    fc.property(tickets, tickets, (before, after) => {
      const page = new Page(0)
      fill(page, before)
      page.live = 0
      fill(page, after)
      assert.deepEqual(read(page, after.length), after)
    }),
  )
})

test('the last place of a page is a place', () => {
  const page = new Page(0)
  page.setTicket(PAGE_MESSAGES - 1, TICKETS_END - 1)
  assert.equal(page.ticket(PAGE_MESSAGES - 1), TICKETS_END - 1)
})

const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.nat(2 ** 32 - 1)), {
  minLength: 1,
  maxLength: 50,
})

test('a page answers the sizes that it was given, and so does its copy, and none of before', () => {
  fc.assert(
    fc.property(sizes, sizes, (before, given) => {
      const page = new Page(0)
      for (const used of [before, given]) {
        page.live = 0
        used.forEach((size, slot) => {
          page.setSize(slot, size)
          page.live++
        })
      }
      const copy = page.copy(1)
      page.setSize(0, 1)
      const read = given.map((_, slot) => copy.size(slot))
      assert.deepEqual(read, given)
    }),
  )
})

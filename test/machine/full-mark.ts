/**
 * The full mark of a machine: every body that its durable state refers to, and how often. Whatever a journal
 * counts has to come to the same.
 */

import type { Machine } from '../../src/machine/machine.ts'
import { LARGE, TRANSIENT } from '../../src/machine/page.ts'

/** References by ticket. */
export function fullMark(machine: Machine): Map<number, number> {
  const marks = new Map<number, number>()
  const large = new Set<number>()
  const refer = (ticket: number): void => {
    marks.set(ticket, (marks.get(ticket) ?? 0) + 1)
  }
  for (const queue of machine.queues.values()) {
    for (const sequence of queue.living()) {
      const state = queue.stateOf(sequence)
      if ((state & TRANSIENT) !== 0) continue
      refer(queue.ticketOf(sequence))
      if ((state & LARGE) !== 0) large.add(queue.ticketOf(sequence))
    }
  }
  // The body of a message is one, however many queues have it.
  for (const ticket of large) for (const each of machine.large.get(ticket).fragments) refer(each)
  for (const partition of machine.partitions.values()) {
    const end = partition.nextRow
    for (let row = end - partition.batchCount; row < end; row++) refer(partition.ticketOf(row))
  }
  return marks
}

/** All of them together: what `Store.references` answers. */
export function countReferences(machine: Machine): number {
  let sum = 0
  for (const count of fullMark(machine).values()) sum += count
  return sum
}

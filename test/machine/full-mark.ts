/**
 * The full mark of a machine: every body that its durable state refers to, and how often. Whatever a journal
 * counts has to come to the same.
 */

import type { Machine } from '../../src/machine/machine.ts'
import { TRANSIENT } from '../../src/machine/page.ts'

/** References by ticket. */
export function fullMark(machine: Machine): Map<number, number> {
  const marks = new Map<number, number>()
  const refer = (ticket: number): void => {
    marks.set(ticket, (marks.get(ticket) ?? 0) + 1)
  }
  for (const queue of machine.queues.values()) {
    for (const sequence of queue.living()) {
      if ((queue.stateOf(sequence) & TRANSIENT) === 0) refer(queue.ticketOf(sequence))
    }
  }
  for (const [, { fragments }] of machine.large.all()) for (const each of fragments) refer(each)
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

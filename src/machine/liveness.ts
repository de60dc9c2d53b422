/** Whether anybody refers to the body of an entry: what a cleaner asks for each one that it finds. Reads only. */
import { BatchView } from './batch.ts'
import { type EntryView, KIND_BATCH, KIND_FRAGMENT, KIND_LARGE, KIND_MESSAGE } from './entry.ts'
import type { Machine } from './machine.ts'
import { moreTargets, targetAt } from './message.ts'
import { GONE, STATE_BITS, TRANSIENT } from './page.ts'

const batch = new BatchView()

export function isLive(machine: Machine, entry: EntryView): boolean {
  switch (entry.kind) {
    case KIND_BATCH: {
      const partition = machine.partitions.get(entry.log)
      if (partition === undefined) return false
      batch.enter(entry)
      return entry.number + batch.count > partition.firstOffset
    }
    case KIND_FRAGMENT:
      return machine.large.lives(entry)
    case KIND_MESSAGE:
    case KIND_LARGE:
      return isMessageLive(machine, entry)
    default:
      return false
  }
}

function isMessageLive(machine: Machine, entry: EntryView): boolean {
  if (refers(machine, entry.log, entry.number, entry.ticket)) return true
  for (let index = 0; index < moreTargets(entry); index++) {
    const { queue, sequence } = targetAt(entry, index)
    if (refers(machine, queue, sequence, entry.ticket)) return true
  }
  return false
}

function refers(machine: Machine, id: number, sequence: number, ticket: number): boolean {
  const queue = machine.queues.get(id)
  if (queue === undefined) return false
  const state = queue.stateOf(sequence)
  if ((state & STATE_BITS) === GONE || (state & TRANSIENT) !== 0) return false
  return queue.ticketOf(sequence) === ticket
}

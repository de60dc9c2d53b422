/**
 * Replay: what an entry that is read back does to the machine, which is what it did when it was written. Decides
 * nothing: the entry records what was decided.
 */
import { assert } from '../base/assert.ts'
import { BatchView } from './batch.ts'
import { decodeChange } from './change.ts'
import {
  type EntryView,
  eachRange,
  KIND_BATCH,
  KIND_CHANGED,
  KIND_CUT,
  KIND_EXPIRED,
  KIND_FRAGMENT,
  KIND_LARGE,
  KIND_MARK,
  KIND_MESSAGE,
  KIND_OFFSETS,
  KIND_RESTARTED,
  KIND_RETURNED,
  KIND_SETTLED,
  KIND_STOPPED,
} from './entry.ts'
import { decodeCommitments, type Group } from './group.ts'
import { decodeReference } from './large-body.ts'
import type { Machine } from './machine.ts'
import {
  expiryAt,
  flagsOf,
  MESSAGE_EXPIRES,
  MESSAGE_MARKS,
  MessageView,
  moreTargets,
  publishedMsOf,
  targetAt,
} from './message.ts'
import { GONE, LARGE } from './page.ts'
import type { Partition } from './partition.ts'

const batch = new BatchView()
const message = new MessageView()

export function replay(machine: Machine, entry: EntryView): void {
  switch (entry.kind) {
    case KIND_MESSAGE:
    case KIND_LARGE:
      replayMessage(machine, entry)
      return
    case KIND_FRAGMENT:
      return // of a body that a later entry refers to, or none
    case KIND_BATCH:
      batch.enter(entry)
      machine.addBatch(partitionOf(machine, entry.log), entry.ticket, batch, entry.number)
      machine.passTime(batch.appendedMs)
      return
    case KIND_EXPIRED:
      machine.passTime(entry.number)
      replaySettled(machine, entry)
      return
    case KIND_SETTLED:
      replaySettled(machine, entry)
      return
    case KIND_RETURNED:
      replayReturned(machine, entry)
      return
    case KIND_MARK:
      machine.raiseMark(machine.queueOf(entry.log), entry.number)
      return
    case KIND_RESTARTED:
      machine.restarted()
      return
    case KIND_STOPPED:
      machine.stopped()
      return
    case KIND_OFFSETS: {
      const { bytes, bodyAt, bodySize } = entry
      groupOf(machine, entry.log).apply(decodeCommitments(bytes, bodyAt, bodySize))
      return
    }
    case KIND_CUT:
      machine.cut(partitionOf(machine, entry.log), entry.number)
      return
    case KIND_CHANGED:
      machine.change(decodeChange(entry.bytes, entry.bodyAt, entry.bodySize))
      return
    default:
      throw new Error(`an entry of kind ${entry.kind}: written by a newer version?`)
  }
}

function replayMessage(machine: Machine, entry: EntryView): void {
  // Deliveries are charged with what the consumer gets: head, properties and body.
  message.enter(entry)
  const { bytes, bodyAt, bodySize } = message
  const body = entry.kind === KIND_LARGE ? decodeReference(bytes, bodyAt, bodySize) : null
  const size = bodyAt - message.headAt + (body?.sizeBytes ?? bodySize)
  const flags = body === null ? 0 : LARGE
  const more = moreTargets(entry)
  const first = machine.queueOf(entry.log)
  first.add(entry.number, entry.ticket, size, flags)
  // Not MARKED: that holds for the run that wrote it, and a clean stop makes it void.
  if ((flagsOf(entry) & MESSAGE_MARKS) !== 0) machine.raiseMark(first, entry.number)
  for (let index = 0; index < more; index++) {
    const { queue, sequence } = targetAt(entry, index)
    machine.queueOf(queue).add(sequence, entry.ticket, size, flags)
  }
  machine.refer(entry.ticket, more, body)
  if ((message.flags & MESSAGE_EXPIRES) !== 0) replayTimes(machine, entry, more)
}

/** Not PROMISED: whoever waited for it is gone. */
function replayTimes(machine: Machine, entry: EntryView, more: number): void {
  machine.passTime(publishedMsOf(entry))
  const limit = (queue: number, sequence: number, expiresMs: number): void => {
    if (expiresMs > 0) machine.queueOf(queue).setExpiry(sequence, expiresMs, 0)
  }
  limit(entry.log, entry.number, expiryAt(entry, 0))
  for (let index = 0; index < more; index++) {
    const { queue, sequence } = targetAt(entry, index)
    limit(queue, sequence, expiryAt(entry, 1 + index))
  }
}

function replaySettled(machine: Machine, entry: EntryView): void {
  const queue = machine.queueOf(entry.log)
  eachRange(entry, (from, count) => machine.settle(queue, from, count))
}

function replayReturned(machine: Machine, entry: EntryView): void {
  const queue = machine.queueOf(entry.log)
  eachRange(entry, (from, count) => {
    for (let sequence = from; sequence < from + count; sequence++) {
      if (queue.stateOf(sequence) !== GONE) queue.giveBack(sequence, 1)
    }
  })
}

function partitionOf(machine: Machine, id: number): Partition {
  const partition = machine.partitions.get(id)
  assert(partition !== undefined, 'no partition', id)
  return partition
}

function groupOf(machine: Machine, id: number): Group {
  const group = machine.groups.get(id)
  assert(group !== undefined, 'no group', id)
  return group
}

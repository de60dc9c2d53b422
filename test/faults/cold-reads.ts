/**
 * Reading what is no longer in memory, as one more operation of the failing loops: whoever cannot read is told which
 * file it was, and nobody else notices.
 */
import assert from 'node:assert/strict'
import { DiskError } from '../../src/base/ports.ts'
import type { Operation } from '../crash/journal-ops.ts'
import { operations } from '../crash/journal-spec.ts'
import { DIRECTORY, type JournalWorld } from '../journal/journal-world.ts'

/** Reads that failed, each with the error that its reader got. */
export type Unread = ReadonlyMap<number, DiskError>

/** All that a crash enumeration does, and reads of what lives. */
export const failingOperations: Readonly<Record<string, Operation>> = {
  ...operations,
  async coldReads({ world }) {
    // Whoever closed a journal, or was told that it stopped, reads nothing of it.
    if (world.journal.log.reserve(0, 0, 'relief') === 'stopped') return
    await readTogether(world)
    await readInTurn(world)
  },
}

export function livingTickets({ owner }: JournalWorld): readonly number[] {
  return [...owner.held.keys(), ...[...owner.large.values()].flat()]
}

/** All at once, so that several want the same file. */
export async function readTogether(world: JournalWorld): Promise<Unread> {
  const tickets = livingTickets(world)
  const outcomes = await Promise.allSettled(tickets.map((ticket) => readWhole(world, ticket)))
  const unread = new Map<number, DiskError>()
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') unread.set(tickets[index]!, told(outcome.reason))
  }
  return unread
}

/** One behind the other. */
export async function readInTurn(world: JournalWorld): Promise<Unread> {
  const unread = new Map<number, DiskError>()
  for (const ticket of livingTickets(world)) {
    await readWhole(world, ticket).catch((error: unknown) => {
      unread.set(ticket, told(error))
    })
  }
  return unread
}

/** A body is made by one rule or the other, so that each byte follows from the first. */
async function readWhole({ journal }: JournalWorld, ticket: number): Promise<void> {
  const body = await journal.store.read(ticket)
  const first = body[0] ?? 0
  const step = body.length > 1 && body[1] === first ? 0 : 7
  for (const [index, byte] of body.entries()) {
    assert.equal(byte, (first + step * index) & 0xff, `byte ${index} of ticket ${ticket}`)
  }
}

/** Throws unless a reader may be told this. */
function told(error: unknown): DiskError {
  assert(error instanceof DiskError, String(error))
  assert(error.path.startsWith(`${DIRECTORY}/journal-`), `a reader is told of ${error.path}`)
  assert(error.message.includes(error.path), `which file? ${error.message}`)
  return error
}

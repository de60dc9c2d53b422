/**
 * Places in a stream as a program names them: one offset for every partition, or a list with one for each; and how a
 * group comes to them. Knows nothing of what lies there.
 */

import { unlessAborted } from '../base/abort.ts'
import { HELD } from '../broker/room.ts'
import type { Runtime } from '../broker/runtime.ts'
import type { Commitment } from '../machine/group.ts'
import type { Partition } from '../machine/partition.ts'
import type { Stream } from '../machine/stream.ts'
import { BrokerError, closed } from './errors.ts'
import { roomIn } from './room.ts'

/** The offset of each partition, in their order; one number is meant for all of them. */
export type Offsets = number | readonly number[]

/** One offset for each partition of the stream. Throws what a program can have got wrong. */
export function offsetsFor(stream: Stream, offsets: Offsets): readonly number[] {
  const { name, partitions } = stream
  const each = typeof offsets === 'number' ? partitions.map(() => offsets) : offsets
  if (each.length !== partitions.length) {
    const sentence = `stream '${name}' has ${partitions.length} partitions, and ${each.length} offsets are given`
    throw new BrokerError('REFUSED', sentence)
  }
  const wrong = each.find((offset) => !Number.isSafeInteger(offset) || offset < 0)
  if (wrong === undefined) return each
  throw new BrokerError('REFUSED', `an offset is a whole number from 0, not ${wrong}`)
}

/** Throws when the stream has no such partition. */
export function partitionOf(stream: Stream, index: number): Partition {
  const partition = stream.partitions[index]
  if (partition === undefined) throw noPartition(stream, index)
  return partition
}

export function noPartition({ name, partitions }: Stream, index: number): BrokerError {
  const sentence = `stream '${name}' has ${partitions.length} partitions, no ${index}`
  return new BrokerError('REFUSED', sentence)
}

/** Where a group goes on, and what may end the wait for it: nothing is committed then but what had room already. */
export type GroupMove = {
  readonly group: string
  readonly commitments: readonly Commitment[]
  readonly signal: AbortSignal | undefined
}

/** Commits for a group, waiting for room where there is none; resolves when that is durable. */
export function commitAll(runtime: Runtime, stream: Stream, move: GroupMove): Promise<void> {
  return unlessAborted(move.signal, () => commit(runtime, stream, move))
}

async function commit(
  runtime: Runtime,
  stream: Stream,
  { group, commitments, signal }: GroupMove,
): Promise<void> {
  const namespace = runtime.namespace(stream.namespace)
  if (namespace === undefined) throw closed()
  for (;;) {
    const ticket = runtime.commitOffsets(namespace, group, commitments)
    if (ticket !== HELD) return runtime.commits.settled(ticket)
    await roomIn(runtime, signal)
  }
}

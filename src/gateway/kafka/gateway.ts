/** What all connections of a Kafka listener share. Types and the few questions that all of them ask. */
import type { Log } from '../../base/log.ts'
import type { World } from '../../base/ports.ts'
import type { Runtime } from '../../broker/runtime.ts'
import type { Namespace } from '../../machine/namespace.ts'
import type { Partition } from '../../machine/partition.ts'
import type { Stream } from '../../machine/stream.ts'
import { NO_UUID } from '../../wire/kafka/reader.ts'
import type { BufferPool } from './frame-buffer.ts'
import type { Groups } from './groups.ts'
import type { KafkaLimits } from './limits.ts'

export interface KafkaOptions {
  /** Partitions of a topic whose maker does not say. */
  readonly partitions: number
  /** Whether asking for a topic that is not there makes it. */
  readonly autoCreate: 'on' | 'off'
  /** Where clients are told to connect to; null: where each of them dialled. */
  readonly advertised: Endpoint | null
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface Gateway {
  readonly world: World
  readonly broker: Runtime
  readonly namespace: Namespace
  readonly groups: Groups
  readonly options: KafkaOptions
  readonly limits: KafkaLimits
  readonly pool: BufferPool
  /** Found before, to be looked at before it is believed: a topic may be gone. */
  readonly topicsById: Map<string, Stream>
  readonly log: Log
}

/** We are the only node there is; its number is never 0, because some clients take that for none. */
export const NODE_ID = 1

/** A leader that never changes. */
export const LEADER_EPOCH = 0

/** Offsets are kept in 48 bits; the last value means none. */
export const OFFSET_MAX: number = 2 ** 48 - 2 // seven hundred years at ten thousand a second

/** Sixteen bytes as the wire code writes ids, and as the id of the cluster. */
export function idOf({ identity }: { readonly identity: Uint8Array }): string {
  let text = ''
  for (const byte of identity) text += byte.toString(16).padStart(2, '0')
  return text
}

/** The topic by its name or, where the version carries none, by its id. */
export function findTopic(
  { namespace, topicsById }: Gateway,
  asked: { readonly name: string | null; readonly topicId: string },
): Stream | null {
  const { name, topicId } = asked
  if (topicId === NO_UUID) return namespace.streams.get(name ?? '') ?? null
  const known = topicsById.get(topicId)
  if (known !== undefined && !known.deleted) return known
  topicsById.clear()
  for (const stream of namespace.streams.values()) topicsById.set(idOf(stream), stream)
  return topicsById.get(topicId) ?? null
}

export function findPartition(stream: Stream | null, index: number): Partition | null {
  return stream?.partitions[index] ?? null
}

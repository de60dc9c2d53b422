/** The requests that tests send, short: what they do not say is what clients say who want nothing special. */
import { NO_UUID } from '../../src/wire/kafka/reader.ts'
import type { Body } from './api-codecs.ts'

export interface Produced {
  /** Its name, or its id of 32 digits for versions that have ids. */
  readonly topic: string
  readonly partition?: number
  readonly records: Uint8Array | null
}

/** One topic for each, in this order; several partitions of one are several times the same topic. */
export function produce(
  produced: readonly Produced[],
  options: { readonly acks?: number; readonly transactionalId?: string | null } = {},
): Body<'Produce'> {
  const { acks = -1, transactionalId = null } = options
  const topicData = produced.map(({ topic, partition = 0, records }) => ({
    name: topic,
    topicId: idIn(topic),
    partitionData: [{ index: partition, records }],
  }))
  return { transactionalId, acks, timeoutMs: 30_000, topicData }
}

export interface Wanted {
  readonly topic: string
  readonly partition?: number
  readonly offset: number
  readonly maxBytes?: number
  readonly epoch?: number
}

export interface FetchTerms {
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly sessionId?: number
  readonly sessionEpoch?: number
}

/** Does not wait, unless told otherwise. */
export function fetch(wanted: readonly Wanted[], terms: FetchTerms = {}): Body<'Fetch'> {
  const { maxWaitMs = 0, minBytes = 1, maxBytes = 2 ** 31 - 1 } = terms
  const { sessionId = 0, sessionEpoch = -1 } = terms
  const topics = wanted.map(({ topic, partition = 0, offset, maxBytes: most, epoch = -1 }) => ({
    topic,
    topicId: idIn(topic),
    partitions: [
      {
        partition,
        currentLeaderEpoch: epoch,
        fetchOffset: offset,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: most ?? 2 ** 20,
        replicaDirectoryId: NO_UUID,
        highWatermark: Number.MAX_SAFE_INTEGER,
      },
    ],
  }))
  return {
    ...{ clusterId: null, replicaId: -1, replicaState: null, isolationLevel: 0 },
    ...{ maxWaitMs, minBytes, maxBytes, sessionId, sessionEpoch },
    ...{ topics, forgottenTopicsData: [], rackId: '' },
  }
}

export function listOffsets(
  asked: readonly {
    readonly topic: string
    readonly partition?: number
    readonly timestamp: number
  }[],
): Body<'ListOffsets'> {
  const topics = asked.map(({ topic, partition = 0, timestamp }) => ({
    name: topic,
    partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }],
  }))
  return { replicaId: -1, isolationLevel: 0, topics, timeoutMs: 30_000 }
}

export interface NewTopic {
  readonly name: string
  readonly partitions?: number
  readonly replicas?: number
  readonly assignments?: Body<'CreateTopics'>['topics'][number]['assignments']
  readonly configs?: Readonly<Record<string, string | null>>
}

export function createTopics(
  asked: readonly NewTopic[],
  intent: 'make' | 'validate' = 'make',
): Body<'CreateTopics'> {
  const topics = asked.map((topic) => ({
    name: topic.name,
    numPartitions: topic.partitions ?? -1,
    replicationFactor: topic.replicas ?? -1,
    assignments: topic.assignments ?? [],
    configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
  }))
  return { topics, timeoutMs: 30_000, validateOnly: intent === 'validate' }
}

export function deleteTopics(names: readonly string[]): Body<'DeleteTopics'> {
  const topics = names.map((name) => {
    return idIn(name) === NO_UUID ? { name, topicId: NO_UUID } : { name: null, topicId: name }
  })
  return { topics, topicNames: names, timeoutMs: 30_000 }
}

/** All topics, or those of these names or ids. */
export function metadata(
  names: readonly string[] | null,
  autoCreate: 'make' | 'look' = 'look',
): Body<'Metadata'> {
  const topics = names?.map((name) => {
    return idIn(name) === NO_UUID ? { name, topicId: NO_UUID } : { name: null, topicId: name }
  })
  return {
    topics: topics ?? null,
    allowAutoTopicCreation: autoCreate === 'make',
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }
}

export interface Position {
  readonly topic: string
  readonly partition?: number
  readonly offset: number
  readonly note?: string | null
}

export interface Speaker {
  readonly group?: string
  readonly memberId?: string
  readonly instanceId?: string | null
  readonly generation?: number
}

const GROUP = 'g'

export function commitOffsets(
  positions: readonly Position[],
  speaker: Speaker = {},
): Body<'OffsetCommit'> {
  const { group = GROUP, memberId = '', instanceId = null, generation = -1 } = speaker
  const topics = positions.map(({ topic, partition = 0, offset, note = null }) => ({
    name: topic,
    topicId: idIn(topic),
    partitions: [
      {
        ...{ partitionIndex: partition, committedOffset: offset },
        ...{ committedLeaderEpoch: -1, committedMetadata: note },
      },
    ],
  }))
  return {
    ...{ groupId: group, generationIdOrMemberEpoch: generation, memberId },
    ...{ groupInstanceId: instanceId, retentionTimeMs: -1, topics },
  }
}

/** Of one group: for versions before lists of groups, and after. */
export function fetchOffsets(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null,
  group: string = GROUP,
): Body<'OffsetFetch'> {
  const asked =
    topics?.map(({ topic, partitions }) => {
      return { name: topic, topicId: idIn(topic), partitionIndexes: partitions }
    }) ?? null
  return {
    groupId: group,
    topics: asked,
    groups: [{ groupId: group, memberId: null, memberEpoch: -1, topics: asked }],
    requireStable: false,
  }
}

export function joinGroup(
  speaker: Speaker & { readonly sessionMs?: number; readonly metadata?: string } = {},
): Body<'JoinGroup'> {
  const { group = GROUP, memberId = '', instanceId = null } = speaker
  const { sessionMs = 10_000, metadata: text = 'topics' } = speaker
  return {
    ...{ groupId: group, sessionTimeoutMs: sessionMs, rebalanceTimeoutMs: 30_000, memberId },
    ...{ groupInstanceId: instanceId, protocolType: 'consumer', reason: null },
    protocols: [{ name: 'range', metadata: Buffer.from(text) }],
  }
}

export function syncGroup(
  speaker: Speaker,
  assigned: Readonly<Record<string, string>> = {},
): Body<'SyncGroup'> {
  const { group = GROUP, memberId = '', instanceId = null, generation = -1 } = speaker
  const assignments = Object.entries(assigned).map(([id, text]) => {
    return { memberId: id, assignment: Buffer.from(text) }
  })
  return {
    ...{ groupId: group, generationId: generation, memberId, groupInstanceId: instanceId },
    ...{ protocolType: 'consumer', protocolName: 'range', assignments },
  }
}

export function heartbeat(speaker: Speaker): Body<'Heartbeat'> {
  const { group = GROUP, memberId = '', instanceId = null, generation = -1 } = speaker
  return { groupId: group, generationId: generation, memberId, groupInstanceId: instanceId }
}

export function leaveGroup(speaker: Speaker): Body<'LeaveGroup'> {
  const { group = GROUP, memberId = '', instanceId = null } = speaker
  const members = [{ memberId, groupInstanceId: instanceId, reason: null }]
  return { groupId: group, memberId, members }
}

export function apiVersions(software = 'script'): Body<'ApiVersions'> {
  return { clientSoftwareName: software, clientSoftwareVersion: '1.0' }
}

const ID = /^[0-9a-f]{32}$/

function idIn(topic: string): string {
  return ID.test(topic) ? topic : NO_UUID
}

/** The Fetch messages of Kafka, API key 1: generated from the table in schema/, never edited. */

import { NO_UUID, type WireReader } from '../reader.ts'
import type { RecordSource } from '../record-source.ts'
import type { WireWriter } from '../writer.ts'

export interface FetchRequest {
  readonly clusterId: string | null
  readonly replicaId: number
  readonly replicaState: ReplicaState | null
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolationLevel: number
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: readonly FetchTopic[]
  readonly forgottenTopicsData: readonly ForgottenTopic[]
  readonly rackId: string
}

export function decodeFetchRequest(r: WireReader, version: number): FetchRequest {
  r.dialect = version >= 12 ? 'flexible' : 'plain'
  const replicaId = version <= 14 ? r.i32() : -1
  const maxWaitMs = r.i32()
  const minBytes = r.i32()
  const maxBytes = r.i32()
  const isolationLevel = r.i8()
  const sessionId = version >= 7 ? r.i32() : 0
  const sessionEpoch = version >= 7 ? r.i32() : -1
  const topics: FetchTopic[] = []
  for (let left = r.count(1); left > 0; left--) {
    topics.push(decodeFetchTopic(r, version))
  }
  const forgottenTopicsData: ForgottenTopic[] = []
  if (version >= 7) {
    for (let left = r.count(1); left > 0; left--) {
      forgottenTopicsData.push(decodeForgottenTopic(r, version))
    }
  }
  const rackId = version >= 11 ? r.string() : ''
  let clusterId: string | null = null
  let replicaState: ReplicaState | null = null
  for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {
    const tag = r.uvarint()
    const end = r.tagEnd()
    if (tag === 0) {
      clusterId = r.nullableString()
    } else if (tag === 1 && version >= 15) {
      replicaState = decodeReplicaState(r, version)
    } else {
      r.skip(end - r.at)
    }
    r.closeTag(end)
  }
  return {
    clusterId,
    replicaId,
    replicaState,
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel,
    sessionId,
    sessionEpoch,
    topics,
    forgottenTopicsData,
    rackId,
  }
}

export function encodeFetchRequest(w: WireWriter, version: number, m: FetchRequest): void {
  w.dialect = version >= 12 ? 'flexible' : 'plain'
  if (version <= 14) {
    w.i32(m.replicaId)
  }
  w.i32(m.maxWaitMs)
  w.i32(m.minBytes)
  w.i32(m.maxBytes)
  w.i8(m.isolationLevel)
  if (version >= 7) {
    w.i32(m.sessionId)
  }
  if (version >= 7) {
    w.i32(m.sessionEpoch)
  }
  w.count(m.topics.length)
  for (const each of m.topics) {
    encodeFetchTopic(w, version, each)
  }
  if (version >= 7) {
    w.count(m.forgottenTopicsData.length)
    for (const each of m.forgottenTopicsData) {
      encodeForgottenTopic(w, version, each)
    }
  }
  if (version >= 11) {
    w.string(m.rackId)
  }
  if (w.dialect === 'flexible') {
    let tags = 0
    if (m.clusterId !== null) {
      tags++
    }
    if (version >= 15 && m.replicaState !== null) {
      tags++
    }
    w.uvarint(tags)
    if (m.clusterId !== null) {
      const at = w.openTag(0)
      w.nullableString(m.clusterId)
      w.closeTag(at)
    }
    if (version >= 15 && m.replicaState !== null) {
      const at = w.openTag(1)
      encodeReplicaState(w, version, m.replicaState)
      w.closeTag(at)
    }
  }
}

export interface ReplicaState {
  readonly replicaId: number
  readonly replicaEpoch: number
}

function decodeReplicaState(r: WireReader, version: number): ReplicaState {
  const replicaId = version >= 15 ? r.i32() : -1
  const replicaEpoch = version >= 15 ? r.i64() : -1
  r.skipTags()
  return { replicaId, replicaEpoch }
}

function encodeReplicaState(w: WireWriter, version: number, m: ReplicaState): void {
  if (version >= 15) {
    w.i32(m.replicaId)
  }
  if (version >= 15) {
    w.i64(m.replicaEpoch)
  }
  w.noTags()
}

export interface FetchTopic {
  readonly topic: string
  readonly topicId: string
  readonly partitions: readonly FetchPartition[]
}

function decodeFetchTopic(r: WireReader, version: number): FetchTopic {
  const topic = version <= 12 ? r.string() : ''
  const topicId = version >= 13 ? r.uuid() : NO_UUID
  const partitions: FetchPartition[] = []
  for (let left = r.count(16); left > 0; left--) {
    partitions.push(decodeFetchPartition(r, version))
  }
  r.skipTags()
  return { topic, topicId, partitions }
}

function encodeFetchTopic(w: WireWriter, version: number, m: FetchTopic): void {
  if (version <= 12) {
    w.string(m.topic)
  }
  if (version >= 13) {
    w.uuid(m.topicId)
  }
  w.count(m.partitions.length)
  for (const each of m.partitions) {
    encodeFetchPartition(w, version, each)
  }
  w.noTags()
}

export interface FetchPartition {
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  readonly logStartOffset: number
  readonly partitionMaxBytes: number
  readonly replicaDirectoryId: string
  readonly highWatermark: number
}

function decodeFetchPartition(r: WireReader, version: number): FetchPartition {
  const partition = r.i32()
  const currentLeaderEpoch = version >= 9 ? r.i32() : -1
  const fetchOffset = r.i64()
  const lastFetchedEpoch = version >= 12 ? r.i32() : -1
  const logStartOffset = version >= 5 ? r.i64() : -1
  const partitionMaxBytes = r.i32()
  let replicaDirectoryId = NO_UUID
  let highWatermark = Number.MAX_SAFE_INTEGER
  for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {
    const tag = r.uvarint()
    const end = r.tagEnd()
    if (tag === 0 && version >= 17) {
      replicaDirectoryId = r.uuid()
    } else if (tag === 1 && version >= 18) {
      highWatermark = r.i64()
    } else {
      r.skip(end - r.at)
    }
    r.closeTag(end)
  }
  return {
    partition,
    currentLeaderEpoch,
    fetchOffset,
    lastFetchedEpoch,
    logStartOffset,
    partitionMaxBytes,
    replicaDirectoryId,
    highWatermark,
  }
}

function encodeFetchPartition(w: WireWriter, version: number, m: FetchPartition): void {
  w.i32(m.partition)
  if (version >= 9) {
    w.i32(m.currentLeaderEpoch)
  }
  w.i64(m.fetchOffset)
  if (version >= 12) {
    w.i32(m.lastFetchedEpoch)
  }
  if (version >= 5) {
    w.i64(m.logStartOffset)
  }
  w.i32(m.partitionMaxBytes)
  if (w.dialect === 'flexible') {
    let tags = 0
    if (version >= 17 && m.replicaDirectoryId !== NO_UUID) {
      tags++
    }
    if (version >= 18 && m.highWatermark !== Number.MAX_SAFE_INTEGER) {
      tags++
    }
    w.uvarint(tags)
    if (version >= 17 && m.replicaDirectoryId !== NO_UUID) {
      const at = w.openTag(0)
      w.uuid(m.replicaDirectoryId)
      w.closeTag(at)
    }
    if (version >= 18 && m.highWatermark !== Number.MAX_SAFE_INTEGER) {
      const at = w.openTag(1)
      w.i64(m.highWatermark)
      w.closeTag(at)
    }
  }
}

export interface ForgottenTopic {
  readonly topic: string
  readonly topicId: string
  readonly partitions: readonly number[]
}

function decodeForgottenTopic(r: WireReader, version: number): ForgottenTopic {
  const topic = version >= 7 && version <= 12 ? r.string() : ''
  const topicId = version >= 13 ? r.uuid() : NO_UUID
  const partitions: number[] = []
  if (version >= 7) {
    for (let left = r.count(4); left > 0; left--) {
      partitions.push(r.i32())
    }
  }
  r.skipTags()
  return { topic, topicId, partitions }
}

function encodeForgottenTopic(w: WireWriter, version: number, m: ForgottenTopic): void {
  if (version >= 7 && version <= 12) {
    w.string(m.topic)
  }
  if (version >= 13) {
    w.uuid(m.topicId)
  }
  if (version >= 7) {
    w.count(m.partitions.length)
    for (const each of m.partitions) {
      w.i32(each)
    }
  }
  w.noTags()
}

export interface FetchResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly sessionId: number
  readonly responses: readonly FetchableTopicResponse[]
  readonly nodeEndpoints: readonly NodeEndpoint[]
}

export function decodeFetchResponse(r: WireReader, version: number): FetchResponse {
  r.dialect = version >= 12 ? 'flexible' : 'plain'
  const throttleTimeMs = r.i32()
  const errorCode = version >= 7 ? r.i16() : 0
  const sessionId = version >= 7 ? r.i32() : 0
  const responses: FetchableTopicResponse[] = []
  for (let left = r.count(1); left > 0; left--) {
    responses.push(decodeFetchableTopicResponse(r, version))
  }
  let nodeEndpoints: NodeEndpoint[] = []
  for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {
    const tag = r.uvarint()
    const end = r.tagEnd()
    if (tag === 0 && version >= 16) {
      nodeEndpoints = []
      for (let left = r.count(1); left > 0; left--) {
        nodeEndpoints.push(decodeNodeEndpoint(r, version))
      }
    } else {
      r.skip(end - r.at)
    }
    r.closeTag(end)
  }
  return { throttleTimeMs, errorCode, sessionId, responses, nodeEndpoints }
}

export function encodeFetchResponse(w: WireWriter, version: number, m: FetchResponse): void {
  w.dialect = version >= 12 ? 'flexible' : 'plain'
  w.i32(m.throttleTimeMs)
  if (version >= 7) {
    w.i16(m.errorCode)
  }
  if (version >= 7) {
    w.i32(m.sessionId)
  }
  w.count(m.responses.length)
  for (const each of m.responses) {
    encodeFetchableTopicResponse(w, version, each)
  }
  if (w.dialect === 'flexible') {
    let tags = 0
    if (version >= 16 && m.nodeEndpoints.length > 0) {
      tags++
    }
    w.uvarint(tags)
    if (version >= 16 && m.nodeEndpoints.length > 0) {
      const at = w.openTag(0)
      w.count(m.nodeEndpoints.length)
      for (const each of m.nodeEndpoints) {
        encodeNodeEndpoint(w, version, each)
      }
      w.closeTag(at)
    }
  }
}

export interface FetchableTopicResponse {
  readonly topic: string
  readonly topicId: string
  readonly partitions: readonly PartitionData[]
}

function decodeFetchableTopicResponse(r: WireReader, version: number): FetchableTopicResponse {
  const topic = version <= 12 ? r.string() : ''
  const topicId = version >= 13 ? r.uuid() : NO_UUID
  const partitions: PartitionData[] = []
  for (let left = r.count(24); left > 0; left--) {
    partitions.push(decodePartitionData(r, version))
  }
  r.skipTags()
  return { topic, topicId, partitions }
}

function encodeFetchableTopicResponse(
  w: WireWriter,
  version: number,
  m: FetchableTopicResponse,
): void {
  if (version <= 12) {
    w.string(m.topic)
  }
  if (version >= 13) {
    w.uuid(m.topicId)
  }
  w.count(m.partitions.length)
  for (const each of m.partitions) {
    encodePartitionData(w, version, each)
  }
  w.noTags()
}

export interface PartitionData {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly divergingEpoch: EpochEndOffset | null
  readonly currentLeader: LeaderIdAndEpoch | null
  readonly snapshotId: SnapshotId | null
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  readonly preferredReadReplica: number
  readonly records: RecordSource | null
}

function decodePartitionData(r: WireReader, version: number): PartitionData {
  const partitionIndex = r.i32()
  const errorCode = r.i16()
  const highWatermark = r.i64()
  const lastStableOffset = r.i64()
  const logStartOffset = version >= 5 ? r.i64() : -1
  let abortedTransactions: AbortedTransaction[] | null = []
  const abortedTransactionsCount = r.nullableCount(16)
  abortedTransactions = abortedTransactionsCount < 0 ? null : []
  if (abortedTransactions !== null) {
    for (let left = abortedTransactionsCount; left > 0; left--) {
      abortedTransactions.push(decodeAbortedTransaction(r))
    }
  }
  const preferredReadReplica = version >= 11 ? r.i32() : -1
  const records = r.recordSource()
  let divergingEpoch: EpochEndOffset | null = null
  let currentLeader: LeaderIdAndEpoch | null = null
  let snapshotId: SnapshotId | null = null
  for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {
    const tag = r.uvarint()
    const end = r.tagEnd()
    if (tag === 0) {
      divergingEpoch = decodeEpochEndOffset(r, version)
    } else if (tag === 1) {
      currentLeader = decodeLeaderIdAndEpoch(r, version)
    } else if (tag === 2) {
      snapshotId = decodeSnapshotId(r)
    } else {
      r.skip(end - r.at)
    }
    r.closeTag(end)
  }
  return {
    partitionIndex,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    divergingEpoch,
    currentLeader,
    snapshotId,
    abortedTransactions,
    preferredReadReplica,
    records,
  }
}

function encodePartitionData(w: WireWriter, version: number, m: PartitionData): void {
  w.i32(m.partitionIndex)
  w.i16(m.errorCode)
  w.i64(m.highWatermark)
  w.i64(m.lastStableOffset)
  if (version >= 5) {
    w.i64(m.logStartOffset)
  }
  if (m.abortedTransactions === null) {
    w.nullCount()
  } else {
    w.count(m.abortedTransactions.length)
    for (const each of m.abortedTransactions) {
      encodeAbortedTransaction(w, each)
    }
  }
  if (version >= 11) {
    w.i32(m.preferredReadReplica)
  }
  w.recordSource(m.records)
  if (w.dialect === 'flexible') {
    let tags = 0
    if (m.divergingEpoch !== null) {
      tags++
    }
    if (m.currentLeader !== null) {
      tags++
    }
    if (m.snapshotId !== null) {
      tags++
    }
    w.uvarint(tags)
    if (m.divergingEpoch !== null) {
      const at = w.openTag(0)
      encodeEpochEndOffset(w, version, m.divergingEpoch)
      w.closeTag(at)
    }
    if (m.currentLeader !== null) {
      const at = w.openTag(1)
      encodeLeaderIdAndEpoch(w, version, m.currentLeader)
      w.closeTag(at)
    }
    if (m.snapshotId !== null) {
      const at = w.openTag(2)
      encodeSnapshotId(w, m.snapshotId)
      w.closeTag(at)
    }
  }
}

export interface EpochEndOffset {
  readonly epoch: number
  readonly endOffset: number
}

function decodeEpochEndOffset(r: WireReader, version: number): EpochEndOffset {
  const epoch = version >= 12 ? r.i32() : -1
  const endOffset = version >= 12 ? r.i64() : -1
  r.skipTags()
  return { epoch, endOffset }
}

function encodeEpochEndOffset(w: WireWriter, version: number, m: EpochEndOffset): void {
  if (version >= 12) {
    w.i32(m.epoch)
  }
  if (version >= 12) {
    w.i64(m.endOffset)
  }
  w.noTags()
}

export interface LeaderIdAndEpoch {
  readonly leaderId: number
  readonly leaderEpoch: number
}

function decodeLeaderIdAndEpoch(r: WireReader, version: number): LeaderIdAndEpoch {
  const leaderId = version >= 12 ? r.i32() : -1
  const leaderEpoch = version >= 12 ? r.i32() : -1
  r.skipTags()
  return { leaderId, leaderEpoch }
}

function encodeLeaderIdAndEpoch(w: WireWriter, version: number, m: LeaderIdAndEpoch): void {
  if (version >= 12) {
    w.i32(m.leaderId)
  }
  if (version >= 12) {
    w.i32(m.leaderEpoch)
  }
  w.noTags()
}

export interface SnapshotId {
  readonly endOffset: number
  readonly epoch: number
}

function decodeSnapshotId(r: WireReader): SnapshotId {
  const endOffset = r.i64()
  const epoch = r.i32()
  r.skipTags()
  return { endOffset, epoch }
}

function encodeSnapshotId(w: WireWriter, m: SnapshotId): void {
  w.i64(m.endOffset)
  w.i32(m.epoch)
  w.noTags()
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

function decodeAbortedTransaction(r: WireReader): AbortedTransaction {
  const producerId = r.i64()
  const firstOffset = r.i64()
  r.skipTags()
  return { producerId, firstOffset }
}

function encodeAbortedTransaction(w: WireWriter, m: AbortedTransaction): void {
  w.i64(m.producerId)
  w.i64(m.firstOffset)
  w.noTags()
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

function decodeNodeEndpoint(r: WireReader, version: number): NodeEndpoint {
  const nodeId = version >= 16 ? r.i32() : 0
  const host = version >= 16 ? r.string() : ''
  const port = version >= 16 ? r.i32() : 0
  const rack = version >= 16 ? r.nullableString() : null
  r.skipTags()
  return { nodeId, host, port, rack }
}

function encodeNodeEndpoint(w: WireWriter, version: number, m: NodeEndpoint): void {
  if (version >= 16) {
    w.i32(m.nodeId)
  }
  if (version >= 16) {
    w.string(m.host)
  }
  if (version >= 16) {
    w.i32(m.port)
  }
  if (version >= 16) {
    w.nullableString(m.rack)
  }
  w.noTags()
}

/** The Metadata messages of Kafka, API key 3: generated from the table in schema/, never edited. */
import { NO_UUID, type WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface MetadataRequest {
  readonly topics: readonly MetadataRequestTopic[] | null
  readonly allowAutoTopicCreation: boolean
  readonly includeClusterAuthorizedOperations: boolean
  readonly includeTopicAuthorizedOperations: boolean
}

export function decodeMetadataRequest(r: WireReader, version: number): MetadataRequest {
  r.dialect = version >= 9 ? 'flexible' : 'plain'
  let topics: MetadataRequestTopic[] | null = []
  const topicsCount = version >= 1 ? r.nullableCount(1) : r.count(1)
  topics = topicsCount < 0 ? null : []
  if (topics !== null) {
    for (let left = topicsCount; left > 0; left--) {
      topics.push(decodeMetadataRequestTopic(r, version))
    }
  }
  const allowAutoTopicCreation = version >= 4 ? r.bool() : true
  const includeClusterAuthorizedOperations = version >= 8 && version <= 10 ? r.bool() : false
  const includeTopicAuthorizedOperations = version >= 8 ? r.bool() : false
  r.skipTags()
  return {
    topics,
    allowAutoTopicCreation,
    includeClusterAuthorizedOperations,
    includeTopicAuthorizedOperations,
  }
}

export function encodeMetadataRequest(w: WireWriter, version: number, m: MetadataRequest): void {
  w.dialect = version >= 9 ? 'flexible' : 'plain'
  if (m.topics === null) {
    w.nullCount()
  } else {
    w.count(m.topics.length)
    for (const each of m.topics) {
      encodeMetadataRequestTopic(w, version, each)
    }
  }
  if (version >= 4) {
    w.u8(m.allowAutoTopicCreation ? 1 : 0)
  }
  if (version >= 8 && version <= 10) {
    w.u8(m.includeClusterAuthorizedOperations ? 1 : 0)
  }
  if (version >= 8) {
    w.u8(m.includeTopicAuthorizedOperations ? 1 : 0)
  }
  w.noTags()
}

export interface MetadataRequestTopic {
  readonly topicId: string
  readonly name: string | null
}

function decodeMetadataRequestTopic(r: WireReader, version: number): MetadataRequestTopic {
  const topicId = version >= 10 ? r.uuid() : NO_UUID
  const name = version >= 10 ? r.nullableString() : r.string()
  r.skipTags()
  return { topicId, name }
}

function encodeMetadataRequestTopic(w: WireWriter, version: number, m: MetadataRequestTopic): void {
  if (version >= 10) {
    w.uuid(m.topicId)
  }
  w.nullableString(m.name)
  w.noTags()
}

export interface MetadataResponse {
  readonly throttleTimeMs: number
  readonly brokers: readonly MetadataResponseBroker[]
  readonly clusterId: string | null
  readonly controllerId: number
  readonly topics: readonly MetadataResponseTopic[]
  readonly clusterAuthorizedOperations: number
  readonly errorCode: number
}

export function decodeMetadataResponse(r: WireReader, version: number): MetadataResponse {
  r.dialect = version >= 9 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 3 ? r.i32() : 0
  const brokers: MetadataResponseBroker[] = []
  for (let left = r.count(9); left > 0; left--) {
    brokers.push(decodeMetadataResponseBroker(r, version))
  }
  const clusterId = version >= 2 ? r.nullableString() : null
  const controllerId = version >= 1 ? r.i32() : -1
  const topics: MetadataResponseTopic[] = []
  for (let left = r.count(4); left > 0; left--) {
    topics.push(decodeMetadataResponseTopic(r, version))
  }
  const clusterAuthorizedOperations = version >= 8 && version <= 10 ? r.i32() : -2147483648
  const errorCode = version >= 13 ? r.i16() : 0
  r.skipTags()
  return {
    throttleTimeMs,
    brokers,
    clusterId,
    controllerId,
    topics,
    clusterAuthorizedOperations,
    errorCode,
  }
}

export function encodeMetadataResponse(w: WireWriter, version: number, m: MetadataResponse): void {
  w.dialect = version >= 9 ? 'flexible' : 'plain'
  if (version >= 3) {
    w.i32(m.throttleTimeMs)
  }
  w.count(m.brokers.length)
  for (const each of m.brokers) {
    encodeMetadataResponseBroker(w, version, each)
  }
  if (version >= 2) {
    w.nullableString(m.clusterId)
  }
  if (version >= 1) {
    w.i32(m.controllerId)
  }
  w.count(m.topics.length)
  for (const each of m.topics) {
    encodeMetadataResponseTopic(w, version, each)
  }
  if (version >= 8 && version <= 10) {
    w.i32(m.clusterAuthorizedOperations)
  }
  if (version >= 13) {
    w.i16(m.errorCode)
  }
  w.noTags()
}

export interface MetadataResponseBroker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

function decodeMetadataResponseBroker(r: WireReader, version: number): MetadataResponseBroker {
  const nodeId = r.i32()
  const host = r.string()
  const port = r.i32()
  const rack = version >= 1 ? r.nullableString() : null
  r.skipTags()
  return { nodeId, host, port, rack }
}

function encodeMetadataResponseBroker(
  w: WireWriter,
  version: number,
  m: MetadataResponseBroker,
): void {
  w.i32(m.nodeId)
  w.string(m.host)
  w.i32(m.port)
  if (version >= 1) {
    w.nullableString(m.rack)
  }
  w.noTags()
}

export interface MetadataResponseTopic {
  readonly errorCode: number
  readonly name: string | null
  readonly topicId: string
  readonly isInternal: boolean
  readonly partitions: readonly MetadataResponsePartition[]
  readonly topicAuthorizedOperations: number
}

function decodeMetadataResponseTopic(r: WireReader, version: number): MetadataResponseTopic {
  const errorCode = r.i16()
  const name = version >= 12 ? r.nullableString() : r.string()
  const topicId = version >= 10 ? r.uuid() : NO_UUID
  const isInternal = version >= 1 ? r.bool() : false
  const partitions: MetadataResponsePartition[] = []
  for (let left = r.count(12); left > 0; left--) {
    partitions.push(decodeMetadataResponsePartition(r, version))
  }
  const topicAuthorizedOperations = version >= 8 ? r.i32() : -2147483648
  r.skipTags()
  return { errorCode, name, topicId, isInternal, partitions, topicAuthorizedOperations }
}

function encodeMetadataResponseTopic(
  w: WireWriter,
  version: number,
  m: MetadataResponseTopic,
): void {
  w.i16(m.errorCode)
  w.nullableString(m.name)
  if (version >= 10) {
    w.uuid(m.topicId)
  }
  if (version >= 1) {
    w.u8(m.isInternal ? 1 : 0)
  }
  w.count(m.partitions.length)
  for (const each of m.partitions) {
    encodeMetadataResponsePartition(w, version, each)
  }
  if (version >= 8) {
    w.i32(m.topicAuthorizedOperations)
  }
  w.noTags()
}

export interface MetadataResponsePartition {
  readonly errorCode: number
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicaNodes: readonly number[]
  readonly isrNodes: readonly number[]
  readonly offlineReplicas: readonly number[]
}

function decodeMetadataResponsePartition(
  r: WireReader,
  version: number,
): MetadataResponsePartition {
  const errorCode = r.i16()
  const partitionIndex = r.i32()
  const leaderId = r.i32()
  const leaderEpoch = version >= 7 ? r.i32() : -1
  const replicaNodes: number[] = []
  for (let left = r.count(4); left > 0; left--) {
    replicaNodes.push(r.i32())
  }
  const isrNodes: number[] = []
  for (let left = r.count(4); left > 0; left--) {
    isrNodes.push(r.i32())
  }
  const offlineReplicas: number[] = []
  if (version >= 5) {
    for (let left = r.count(4); left > 0; left--) {
      offlineReplicas.push(r.i32())
    }
  }
  r.skipTags()
  return {
    errorCode,
    partitionIndex,
    leaderId,
    leaderEpoch,
    replicaNodes,
    isrNodes,
    offlineReplicas,
  }
}

function encodeMetadataResponsePartition(
  w: WireWriter,
  version: number,
  m: MetadataResponsePartition,
): void {
  w.i16(m.errorCode)
  w.i32(m.partitionIndex)
  w.i32(m.leaderId)
  if (version >= 7) {
    w.i32(m.leaderEpoch)
  }
  w.count(m.replicaNodes.length)
  for (const each of m.replicaNodes) {
    w.i32(each)
  }
  w.count(m.isrNodes.length)
  for (const each of m.isrNodes) {
    w.i32(each)
  }
  if (version >= 5) {
    w.count(m.offlineReplicas.length)
    for (const each of m.offlineReplicas) {
      w.i32(each)
    }
  }
  w.noTags()
}

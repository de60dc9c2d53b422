/** The OffsetCommit messages of Kafka, API key 8: generated from the table in schema/, never edited. */
import { NO_UUID, type WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface OffsetCommitRequest {
  readonly groupId: string
  readonly generationIdOrMemberEpoch: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly retentionTimeMs: number
  readonly topics: readonly OffsetCommitRequestTopic[]
}

export function decodeOffsetCommitRequest(r: WireReader, version: number): OffsetCommitRequest {
  r.dialect = version >= 8 ? 'flexible' : 'plain'
  const groupId = r.string()
  const generationIdOrMemberEpoch = r.i32()
  const memberId = r.string()
  const groupInstanceId = version >= 7 ? r.nullableString() : null
  const retentionTimeMs = version <= 4 ? r.i64() : -1
  const topics: OffsetCommitRequestTopic[] = []
  for (let left = r.count(1); left > 0; left--) {
    topics.push(decodeOffsetCommitRequestTopic(r, version))
  }
  r.skipTags()
  return { groupId, generationIdOrMemberEpoch, memberId, groupInstanceId, retentionTimeMs, topics }
}

export function encodeOffsetCommitRequest(
  w: WireWriter,
  version: number,
  m: OffsetCommitRequest,
): void {
  w.dialect = version >= 8 ? 'flexible' : 'plain'
  w.string(m.groupId)
  w.i32(m.generationIdOrMemberEpoch)
  w.string(m.memberId)
  if (version >= 7) {
    w.nullableString(m.groupInstanceId)
  }
  if (version <= 4) {
    w.i64(m.retentionTimeMs)
  }
  w.count(m.topics.length)
  for (const each of m.topics) {
    encodeOffsetCommitRequestTopic(w, version, each)
  }
  w.noTags()
}

export interface OffsetCommitRequestTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly OffsetCommitRequestPartition[]
}

function decodeOffsetCommitRequestTopic(r: WireReader, version: number): OffsetCommitRequestTopic {
  const name = version <= 9 ? r.string() : ''
  const topicId = version >= 10 ? r.uuid() : NO_UUID
  const partitions: OffsetCommitRequestPartition[] = []
  for (let left = r.count(13); left > 0; left--) {
    partitions.push(decodeOffsetCommitRequestPartition(r, version))
  }
  r.skipTags()
  return { name, topicId, partitions }
}

function encodeOffsetCommitRequestTopic(
  w: WireWriter,
  version: number,
  m: OffsetCommitRequestTopic,
): void {
  if (version <= 9) {
    w.string(m.name)
  }
  if (version >= 10) {
    w.uuid(m.topicId)
  }
  w.count(m.partitions.length)
  for (const each of m.partitions) {
    encodeOffsetCommitRequestPartition(w, version, each)
  }
  w.noTags()
}

export interface OffsetCommitRequestPartition {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

function decodeOffsetCommitRequestPartition(
  r: WireReader,
  version: number,
): OffsetCommitRequestPartition {
  const partitionIndex = r.i32()
  const committedOffset = r.i64()
  const committedLeaderEpoch = version >= 6 ? r.i32() : -1
  const committedMetadata = r.nullableString()
  r.skipTags()
  return { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }
}

function encodeOffsetCommitRequestPartition(
  w: WireWriter,
  version: number,
  m: OffsetCommitRequestPartition,
): void {
  w.i32(m.partitionIndex)
  w.i64(m.committedOffset)
  if (version >= 6) {
    w.i32(m.committedLeaderEpoch)
  }
  w.nullableString(m.committedMetadata)
  w.noTags()
}

export interface OffsetCommitResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly OffsetCommitResponseTopic[]
}

export function decodeOffsetCommitResponse(r: WireReader, version: number): OffsetCommitResponse {
  r.dialect = version >= 8 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 3 ? r.i32() : 0
  const topics: OffsetCommitResponseTopic[] = []
  for (let left = r.count(1); left > 0; left--) {
    topics.push(decodeOffsetCommitResponseTopic(r, version))
  }
  r.skipTags()
  return { throttleTimeMs, topics }
}

export function encodeOffsetCommitResponse(
  w: WireWriter,
  version: number,
  m: OffsetCommitResponse,
): void {
  w.dialect = version >= 8 ? 'flexible' : 'plain'
  if (version >= 3) {
    w.i32(m.throttleTimeMs)
  }
  w.count(m.topics.length)
  for (const each of m.topics) {
    encodeOffsetCommitResponseTopic(w, version, each)
  }
  w.noTags()
}

export interface OffsetCommitResponseTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly OffsetCommitResponsePartition[]
}

function decodeOffsetCommitResponseTopic(
  r: WireReader,
  version: number,
): OffsetCommitResponseTopic {
  const name = version <= 9 ? r.string() : ''
  const topicId = version >= 10 ? r.uuid() : NO_UUID
  const partitions: OffsetCommitResponsePartition[] = []
  for (let left = r.count(6); left > 0; left--) {
    partitions.push(decodeOffsetCommitResponsePartition(r))
  }
  r.skipTags()
  return { name, topicId, partitions }
}

function encodeOffsetCommitResponseTopic(
  w: WireWriter,
  version: number,
  m: OffsetCommitResponseTopic,
): void {
  if (version <= 9) {
    w.string(m.name)
  }
  if (version >= 10) {
    w.uuid(m.topicId)
  }
  w.count(m.partitions.length)
  for (const each of m.partitions) {
    encodeOffsetCommitResponsePartition(w, each)
  }
  w.noTags()
}

export interface OffsetCommitResponsePartition {
  readonly partitionIndex: number
  readonly errorCode: number
}

function decodeOffsetCommitResponsePartition(r: WireReader): OffsetCommitResponsePartition {
  const partitionIndex = r.i32()
  const errorCode = r.i16()
  r.skipTags()
  return { partitionIndex, errorCode }
}

function encodeOffsetCommitResponsePartition(
  w: WireWriter,
  m: OffsetCommitResponsePartition,
): void {
  w.i32(m.partitionIndex)
  w.i16(m.errorCode)
  w.noTags()
}

/** The OffsetFetch messages of Kafka, API key 9: generated from the table in schema/, never edited. */
import { NO_UUID, type WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface OffsetFetchRequest {
  readonly groupId: string
  readonly topics: readonly OffsetFetchRequestTopic[] | null
  readonly groups: readonly OffsetFetchRequestGroup[]
  readonly requireStable: boolean
}

export function decodeOffsetFetchRequest(r: WireReader, version: number): OffsetFetchRequest {
  r.dialect = version >= 6 ? 'flexible' : 'plain'
  const groupId = version <= 7 ? r.string() : ''
  let topics: OffsetFetchRequestTopic[] | null = []
  if (version <= 7) {
    const topicsCount = version >= 2 && version <= 7 ? r.nullableCount(1) : r.count(1)
    topics = topicsCount < 0 ? null : []
    if (topics !== null) {
      for (let left = topicsCount; left > 0; left--) {
        topics.push(decodeOffsetFetchRequestTopic(r, version))
      }
    }
  }
  const groups: OffsetFetchRequestGroup[] = []
  if (version >= 8) {
    for (let left = r.count(1); left > 0; left--) {
      groups.push(decodeOffsetFetchRequestGroup(r, version))
    }
  }
  const requireStable = version >= 7 ? r.bool() : false
  r.skipTags()
  return { groupId, topics, groups, requireStable }
}

export function encodeOffsetFetchRequest(
  w: WireWriter,
  version: number,
  m: OffsetFetchRequest,
): void {
  w.dialect = version >= 6 ? 'flexible' : 'plain'
  if (version <= 7) {
    w.string(m.groupId)
  }
  if (version <= 7) {
    if (m.topics === null) {
      w.nullCount()
    } else {
      w.count(m.topics.length)
      for (const each of m.topics) {
        encodeOffsetFetchRequestTopic(w, version, each)
      }
    }
  }
  if (version >= 8) {
    w.count(m.groups.length)
    for (const each of m.groups) {
      encodeOffsetFetchRequestGroup(w, version, each)
    }
  }
  if (version >= 7) {
    w.u8(m.requireStable ? 1 : 0)
  }
  w.noTags()
}

export interface OffsetFetchRequestTopic {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}

function decodeOffsetFetchRequestTopic(r: WireReader, version: number): OffsetFetchRequestTopic {
  const name = version <= 7 ? r.string() : ''
  const partitionIndexes: number[] = []
  if (version <= 7) {
    for (let left = r.count(4); left > 0; left--) {
      partitionIndexes.push(r.i32())
    }
  }
  r.skipTags()
  return { name, partitionIndexes }
}

function encodeOffsetFetchRequestTopic(
  w: WireWriter,
  version: number,
  m: OffsetFetchRequestTopic,
): void {
  if (version <= 7) {
    w.string(m.name)
  }
  if (version <= 7) {
    w.count(m.partitionIndexes.length)
    for (const each of m.partitionIndexes) {
      w.i32(each)
    }
  }
  w.noTags()
}

export interface OffsetFetchRequestGroup {
  readonly groupId: string
  readonly memberId: string | null
  readonly memberEpoch: number
  readonly topics: readonly OffsetFetchRequestTopics[] | null
}

function decodeOffsetFetchRequestGroup(r: WireReader, version: number): OffsetFetchRequestGroup {
  const groupId = version >= 8 ? r.string() : ''
  const memberId = version >= 9 ? r.nullableString() : null
  const memberEpoch = version >= 9 ? r.i32() : -1
  let topics: OffsetFetchRequestTopics[] | null = []
  if (version >= 8) {
    const topicsCount = version >= 8 ? r.nullableCount(1) : r.count(1)
    topics = topicsCount < 0 ? null : []
    if (topics !== null) {
      for (let left = topicsCount; left > 0; left--) {
        topics.push(decodeOffsetFetchRequestTopics(r, version))
      }
    }
  }
  r.skipTags()
  return { groupId, memberId, memberEpoch, topics }
}

function encodeOffsetFetchRequestGroup(
  w: WireWriter,
  version: number,
  m: OffsetFetchRequestGroup,
): void {
  if (version >= 8) {
    w.string(m.groupId)
  }
  if (version >= 9) {
    w.nullableString(m.memberId)
  }
  if (version >= 9) {
    w.i32(m.memberEpoch)
  }
  if (version >= 8) {
    if (m.topics === null) {
      w.nullCount()
    } else {
      w.count(m.topics.length)
      for (const each of m.topics) {
        encodeOffsetFetchRequestTopics(w, version, each)
      }
    }
  }
  w.noTags()
}

export interface OffsetFetchRequestTopics {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

function decodeOffsetFetchRequestTopics(r: WireReader, version: number): OffsetFetchRequestTopics {
  const name = version >= 8 && version <= 9 ? r.string() : ''
  const topicId = version >= 10 ? r.uuid() : NO_UUID
  const partitionIndexes: number[] = []
  if (version >= 8) {
    for (let left = r.count(4); left > 0; left--) {
      partitionIndexes.push(r.i32())
    }
  }
  r.skipTags()
  return { name, topicId, partitionIndexes }
}

function encodeOffsetFetchRequestTopics(
  w: WireWriter,
  version: number,
  m: OffsetFetchRequestTopics,
): void {
  if (version >= 8 && version <= 9) {
    w.string(m.name)
  }
  if (version >= 10) {
    w.uuid(m.topicId)
  }
  if (version >= 8) {
    w.count(m.partitionIndexes.length)
    for (const each of m.partitionIndexes) {
      w.i32(each)
    }
  }
  w.noTags()
}

export interface OffsetFetchResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly OffsetFetchResponseTopic[]
  readonly errorCode: number
  readonly groups: readonly OffsetFetchResponseGroup[]
}

export function decodeOffsetFetchResponse(r: WireReader, version: number): OffsetFetchResponse {
  r.dialect = version >= 6 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 3 ? r.i32() : 0
  const topics: OffsetFetchResponseTopic[] = []
  if (version <= 7) {
    for (let left = r.count(1); left > 0; left--) {
      topics.push(decodeOffsetFetchResponseTopic(r, version))
    }
  }
  const errorCode = version >= 2 && version <= 7 ? r.i16() : 0
  const groups: OffsetFetchResponseGroup[] = []
  if (version >= 8) {
    for (let left = r.count(1); left > 0; left--) {
      groups.push(decodeOffsetFetchResponseGroup(r, version))
    }
  }
  r.skipTags()
  return { throttleTimeMs, topics, errorCode, groups }
}

export function encodeOffsetFetchResponse(
  w: WireWriter,
  version: number,
  m: OffsetFetchResponse,
): void {
  w.dialect = version >= 6 ? 'flexible' : 'plain'
  if (version >= 3) {
    w.i32(m.throttleTimeMs)
  }
  if (version <= 7) {
    w.count(m.topics.length)
    for (const each of m.topics) {
      encodeOffsetFetchResponseTopic(w, version, each)
    }
  }
  if (version >= 2 && version <= 7) {
    w.i16(m.errorCode)
  }
  if (version >= 8) {
    w.count(m.groups.length)
    for (const each of m.groups) {
      encodeOffsetFetchResponseGroup(w, version, each)
    }
  }
  w.noTags()
}

export interface OffsetFetchResponseTopic {
  readonly name: string
  readonly partitions: readonly OffsetFetchResponsePartition[]
}

function decodeOffsetFetchResponseTopic(r: WireReader, version: number): OffsetFetchResponseTopic {
  const name = version <= 7 ? r.string() : ''
  const partitions: OffsetFetchResponsePartition[] = []
  if (version <= 7) {
    for (let left = r.count(1); left > 0; left--) {
      partitions.push(decodeOffsetFetchResponsePartition(r, version))
    }
  }
  r.skipTags()
  return { name, partitions }
}

function encodeOffsetFetchResponseTopic(
  w: WireWriter,
  version: number,
  m: OffsetFetchResponseTopic,
): void {
  if (version <= 7) {
    w.string(m.name)
  }
  if (version <= 7) {
    w.count(m.partitions.length)
    for (const each of m.partitions) {
      encodeOffsetFetchResponsePartition(w, version, each)
    }
  }
  w.noTags()
}

export interface OffsetFetchResponsePartition {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string | null
  readonly errorCode: number
}

function decodeOffsetFetchResponsePartition(
  r: WireReader,
  version: number,
): OffsetFetchResponsePartition {
  const partitionIndex = version <= 7 ? r.i32() : 0
  const committedOffset = version <= 7 ? r.i64() : 0
  const committedLeaderEpoch = version >= 5 && version <= 7 ? r.i32() : -1
  const metadata = version <= 7 ? r.nullableString() : ''
  const errorCode = version <= 7 ? r.i16() : 0
  r.skipTags()
  return { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode }
}

function encodeOffsetFetchResponsePartition(
  w: WireWriter,
  version: number,
  m: OffsetFetchResponsePartition,
): void {
  if (version <= 7) {
    w.i32(m.partitionIndex)
  }
  if (version <= 7) {
    w.i64(m.committedOffset)
  }
  if (version >= 5 && version <= 7) {
    w.i32(m.committedLeaderEpoch)
  }
  if (version <= 7) {
    w.nullableString(m.metadata)
  }
  if (version <= 7) {
    w.i16(m.errorCode)
  }
  w.noTags()
}

export interface OffsetFetchResponseGroup {
  readonly groupId: string
  readonly topics: readonly OffsetFetchResponseTopics[]
  readonly errorCode: number
}

function decodeOffsetFetchResponseGroup(r: WireReader, version: number): OffsetFetchResponseGroup {
  const groupId = version >= 8 ? r.string() : ''
  const topics: OffsetFetchResponseTopics[] = []
  if (version >= 8) {
    for (let left = r.count(1); left > 0; left--) {
      topics.push(decodeOffsetFetchResponseTopics(r, version))
    }
  }
  const errorCode = version >= 8 ? r.i16() : 0
  r.skipTags()
  return { groupId, topics, errorCode }
}

function encodeOffsetFetchResponseGroup(
  w: WireWriter,
  version: number,
  m: OffsetFetchResponseGroup,
): void {
  if (version >= 8) {
    w.string(m.groupId)
  }
  if (version >= 8) {
    w.count(m.topics.length)
    for (const each of m.topics) {
      encodeOffsetFetchResponseTopics(w, version, each)
    }
  }
  if (version >= 8) {
    w.i16(m.errorCode)
  }
  w.noTags()
}

export interface OffsetFetchResponseTopics {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly OffsetFetchResponsePartitions[]
}

function decodeOffsetFetchResponseTopics(
  r: WireReader,
  version: number,
): OffsetFetchResponseTopics {
  const name = version >= 8 && version <= 9 ? r.string() : ''
  const topicId = version >= 10 ? r.uuid() : NO_UUID
  const partitions: OffsetFetchResponsePartitions[] = []
  if (version >= 8) {
    for (let left = r.count(1); left > 0; left--) {
      partitions.push(decodeOffsetFetchResponsePartitions(r, version))
    }
  }
  r.skipTags()
  return { name, topicId, partitions }
}

function encodeOffsetFetchResponseTopics(
  w: WireWriter,
  version: number,
  m: OffsetFetchResponseTopics,
): void {
  if (version >= 8 && version <= 9) {
    w.string(m.name)
  }
  if (version >= 10) {
    w.uuid(m.topicId)
  }
  if (version >= 8) {
    w.count(m.partitions.length)
    for (const each of m.partitions) {
      encodeOffsetFetchResponsePartitions(w, version, each)
    }
  }
  w.noTags()
}

export interface OffsetFetchResponsePartitions {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string | null
  readonly errorCode: number
}

function decodeOffsetFetchResponsePartitions(
  r: WireReader,
  version: number,
): OffsetFetchResponsePartitions {
  const partitionIndex = version >= 8 ? r.i32() : 0
  const committedOffset = version >= 8 ? r.i64() : 0
  const committedLeaderEpoch = version >= 8 ? r.i32() : -1
  const metadata = version >= 8 ? r.nullableString() : ''
  const errorCode = version >= 8 ? r.i16() : 0
  r.skipTags()
  return { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode }
}

function encodeOffsetFetchResponsePartitions(
  w: WireWriter,
  version: number,
  m: OffsetFetchResponsePartitions,
): void {
  if (version >= 8) {
    w.i32(m.partitionIndex)
  }
  if (version >= 8) {
    w.i64(m.committedOffset)
  }
  if (version >= 8) {
    w.i32(m.committedLeaderEpoch)
  }
  if (version >= 8) {
    w.nullableString(m.metadata)
  }
  if (version >= 8) {
    w.i16(m.errorCode)
  }
  w.noTags()
}

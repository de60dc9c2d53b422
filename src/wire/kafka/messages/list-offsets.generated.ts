/** The ListOffsets messages of Kafka, API key 2: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface ListOffsetsRequest {
  readonly replicaId: number
  readonly isolationLevel: number
  readonly topics: readonly ListOffsetsTopic[]
  readonly timeoutMs: number
}

export function decodeListOffsetsRequest(r: WireReader, version: number): ListOffsetsRequest {
  r.dialect = version >= 6 ? 'flexible' : 'plain'
  const replicaId = r.i32()
  const isolationLevel = version >= 2 ? r.i8() : 0
  const topics: ListOffsetsTopic[] = []
  for (let left = r.count(2); left > 0; left--) {
    topics.push(decodeListOffsetsTopic(r, version))
  }
  const timeoutMs = version >= 10 ? r.i32() : 0
  r.skipTags()
  return { replicaId, isolationLevel, topics, timeoutMs }
}

export function encodeListOffsetsRequest(
  w: WireWriter,
  version: number,
  m: ListOffsetsRequest,
): void {
  w.dialect = version >= 6 ? 'flexible' : 'plain'
  w.i32(m.replicaId)
  if (version >= 2) {
    w.i8(m.isolationLevel)
  }
  w.count(m.topics.length)
  for (const each of m.topics) {
    encodeListOffsetsTopic(w, version, each)
  }
  if (version >= 10) {
    w.i32(m.timeoutMs)
  }
  w.noTags()
}

export interface ListOffsetsTopic {
  readonly name: string
  readonly partitions: readonly ListOffsetsPartition[]
}

function decodeListOffsetsTopic(r: WireReader, version: number): ListOffsetsTopic {
  const name = r.string()
  const partitions: ListOffsetsPartition[] = []
  for (let left = r.count(12); left > 0; left--) {
    partitions.push(decodeListOffsetsPartition(r, version))
  }
  r.skipTags()
  return { name, partitions }
}

function encodeListOffsetsTopic(w: WireWriter, version: number, m: ListOffsetsTopic): void {
  w.string(m.name)
  w.count(m.partitions.length)
  for (const each of m.partitions) {
    encodeListOffsetsPartition(w, version, each)
  }
  w.noTags()
}

export interface ListOffsetsPartition {
  readonly partitionIndex: number
  readonly currentLeaderEpoch: number
  readonly timestamp: number
}

function decodeListOffsetsPartition(r: WireReader, version: number): ListOffsetsPartition {
  const partitionIndex = r.i32()
  const currentLeaderEpoch = version >= 4 ? r.i32() : -1
  const timestamp = r.i64()
  r.skipTags()
  return { partitionIndex, currentLeaderEpoch, timestamp }
}

function encodeListOffsetsPartition(w: WireWriter, version: number, m: ListOffsetsPartition): void {
  w.i32(m.partitionIndex)
  if (version >= 4) {
    w.i32(m.currentLeaderEpoch)
  }
  w.i64(m.timestamp)
  w.noTags()
}

export interface ListOffsetsResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly ListOffsetsTopicResponse[]
}

export function decodeListOffsetsResponse(r: WireReader, version: number): ListOffsetsResponse {
  r.dialect = version >= 6 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 2 ? r.i32() : 0
  const topics: ListOffsetsTopicResponse[] = []
  for (let left = r.count(2); left > 0; left--) {
    topics.push(decodeListOffsetsTopicResponse(r, version))
  }
  r.skipTags()
  return { throttleTimeMs, topics }
}

export function encodeListOffsetsResponse(
  w: WireWriter,
  version: number,
  m: ListOffsetsResponse,
): void {
  w.dialect = version >= 6 ? 'flexible' : 'plain'
  if (version >= 2) {
    w.i32(m.throttleTimeMs)
  }
  w.count(m.topics.length)
  for (const each of m.topics) {
    encodeListOffsetsTopicResponse(w, version, each)
  }
  w.noTags()
}

export interface ListOffsetsTopicResponse {
  readonly name: string
  readonly partitions: readonly ListOffsetsPartitionResponse[]
}

function decodeListOffsetsTopicResponse(r: WireReader, version: number): ListOffsetsTopicResponse {
  const name = r.string()
  const partitions: ListOffsetsPartitionResponse[] = []
  for (let left = r.count(22); left > 0; left--) {
    partitions.push(decodeListOffsetsPartitionResponse(r, version))
  }
  r.skipTags()
  return { name, partitions }
}

function encodeListOffsetsTopicResponse(
  w: WireWriter,
  version: number,
  m: ListOffsetsTopicResponse,
): void {
  w.string(m.name)
  w.count(m.partitions.length)
  for (const each of m.partitions) {
    encodeListOffsetsPartitionResponse(w, version, each)
  }
  w.noTags()
}

export interface ListOffsetsPartitionResponse {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly timestamp: number
  readonly offset: number
  readonly leaderEpoch: number
}

function decodeListOffsetsPartitionResponse(
  r: WireReader,
  version: number,
): ListOffsetsPartitionResponse {
  const partitionIndex = r.i32()
  const errorCode = r.i16()
  const timestamp = r.i64()
  const offset = r.i64()
  const leaderEpoch = version >= 4 ? r.i32() : -1
  r.skipTags()
  return { partitionIndex, errorCode, timestamp, offset, leaderEpoch }
}

function encodeListOffsetsPartitionResponse(
  w: WireWriter,
  version: number,
  m: ListOffsetsPartitionResponse,
): void {
  w.i32(m.partitionIndex)
  w.i16(m.errorCode)
  w.i64(m.timestamp)
  w.i64(m.offset)
  if (version >= 4) {
    w.i32(m.leaderEpoch)
  }
  w.noTags()
}

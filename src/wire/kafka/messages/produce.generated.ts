/** The Produce messages of Kafka, API key 0: generated from the table in schema/, never edited. */
import { NO_UUID, type WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface ProduceRequest {
  readonly transactionalId: string | null
  readonly acks: number
  readonly timeoutMs: number
  readonly topicData: readonly TopicProduceData[]
}

export function decodeProduceRequest(r: WireReader, version: number): ProduceRequest {
  r.dialect = version >= 9 ? 'flexible' : 'plain'
  const transactionalId = r.nullableString()
  const acks = r.i16()
  const timeoutMs = r.i32()
  const topicData: TopicProduceData[] = []
  for (let left = r.count(1); left > 0; left--) {
    topicData.push(decodeTopicProduceData(r, version))
  }
  r.skipTags()
  return { transactionalId, acks, timeoutMs, topicData }
}

export function encodeProduceRequest(w: WireWriter, version: number, m: ProduceRequest): void {
  w.dialect = version >= 9 ? 'flexible' : 'plain'
  w.nullableString(m.transactionalId)
  w.i16(m.acks)
  w.i32(m.timeoutMs)
  w.count(m.topicData.length)
  for (const each of m.topicData) {
    encodeTopicProduceData(w, version, each)
  }
  w.noTags()
}

export interface TopicProduceData {
  readonly name: string
  readonly topicId: string
  readonly partitionData: readonly PartitionProduceData[]
}

function decodeTopicProduceData(r: WireReader, version: number): TopicProduceData {
  const name = version <= 12 ? r.string() : ''
  const topicId = version >= 13 ? r.uuid() : NO_UUID
  const partitionData: PartitionProduceData[] = []
  for (let left = r.count(5); left > 0; left--) {
    partitionData.push(decodePartitionProduceData(r))
  }
  r.skipTags()
  return { name, topicId, partitionData }
}

function encodeTopicProduceData(w: WireWriter, version: number, m: TopicProduceData): void {
  if (version <= 12) {
    w.string(m.name)
  }
  if (version >= 13) {
    w.uuid(m.topicId)
  }
  w.count(m.partitionData.length)
  for (const each of m.partitionData) {
    encodePartitionProduceData(w, each)
  }
  w.noTags()
}

export interface PartitionProduceData {
  readonly index: number
  readonly records: Uint8Array | null
}

function decodePartitionProduceData(r: WireReader): PartitionProduceData {
  const index = r.i32()
  const records = r.records()
  r.skipTags()
  return { index, records }
}

function encodePartitionProduceData(w: WireWriter, m: PartitionProduceData): void {
  w.i32(m.index)
  w.records(m.records)
  w.noTags()
}

export interface ProduceResponse {
  readonly responses: readonly TopicProduceResponse[]
  readonly throttleTimeMs: number
  readonly nodeEndpoints: readonly NodeEndpoint[]
}

export function decodeProduceResponse(r: WireReader, version: number): ProduceResponse {
  r.dialect = version >= 9 ? 'flexible' : 'plain'
  const responses: TopicProduceResponse[] = []
  for (let left = r.count(1); left > 0; left--) {
    responses.push(decodeTopicProduceResponse(r, version))
  }
  const throttleTimeMs = r.i32()
  let nodeEndpoints: NodeEndpoint[] = []
  for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {
    const tag = r.uvarint()
    const end = r.tagEnd()
    if (tag === 0 && version >= 10) {
      nodeEndpoints = []
      for (let left = r.count(1); left > 0; left--) {
        nodeEndpoints.push(decodeNodeEndpoint(r, version))
      }
    } else {
      r.skip(end - r.at)
    }
    r.closeTag(end)
  }
  return { responses, throttleTimeMs, nodeEndpoints }
}

export function encodeProduceResponse(w: WireWriter, version: number, m: ProduceResponse): void {
  w.dialect = version >= 9 ? 'flexible' : 'plain'
  w.count(m.responses.length)
  for (const each of m.responses) {
    encodeTopicProduceResponse(w, version, each)
  }
  w.i32(m.throttleTimeMs)
  if (w.dialect === 'flexible') {
    let tags = 0
    if (version >= 10 && m.nodeEndpoints.length > 0) {
      tags++
    }
    w.uvarint(tags)
    if (version >= 10 && m.nodeEndpoints.length > 0) {
      const at = w.openTag(0)
      w.count(m.nodeEndpoints.length)
      for (const each of m.nodeEndpoints) {
        encodeNodeEndpoint(w, version, each)
      }
      w.closeTag(at)
    }
  }
}

export interface TopicProduceResponse {
  readonly name: string
  readonly topicId: string
  readonly partitionResponses: readonly PartitionProduceResponse[]
}

function decodeTopicProduceResponse(r: WireReader, version: number): TopicProduceResponse {
  const name = version <= 12 ? r.string() : ''
  const topicId = version >= 13 ? r.uuid() : NO_UUID
  const partitionResponses: PartitionProduceResponse[] = []
  for (let left = r.count(22); left > 0; left--) {
    partitionResponses.push(decodePartitionProduceResponse(r, version))
  }
  r.skipTags()
  return { name, topicId, partitionResponses }
}

function encodeTopicProduceResponse(w: WireWriter, version: number, m: TopicProduceResponse): void {
  if (version <= 12) {
    w.string(m.name)
  }
  if (version >= 13) {
    w.uuid(m.topicId)
  }
  w.count(m.partitionResponses.length)
  for (const each of m.partitionResponses) {
    encodePartitionProduceResponse(w, version, each)
  }
  w.noTags()
}

export interface PartitionProduceResponse {
  readonly index: number
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  readonly recordErrors: readonly BatchIndexAndErrorMessage[]
  readonly errorMessage: string | null
  readonly currentLeader: LeaderIdAndEpoch | null
}

function decodePartitionProduceResponse(r: WireReader, version: number): PartitionProduceResponse {
  const index = r.i32()
  const errorCode = r.i16()
  const baseOffset = r.i64()
  const logAppendTimeMs = r.i64()
  const logStartOffset = version >= 5 ? r.i64() : -1
  const recordErrors: BatchIndexAndErrorMessage[] = []
  if (version >= 8) {
    for (let left = r.count(1); left > 0; left--) {
      recordErrors.push(decodeBatchIndexAndErrorMessage(r, version))
    }
  }
  const errorMessage = version >= 8 ? r.nullableString() : null
  let currentLeader: LeaderIdAndEpoch | null = null
  for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {
    const tag = r.uvarint()
    const end = r.tagEnd()
    if (tag === 0 && version >= 10) {
      currentLeader = decodeLeaderIdAndEpoch(r, version)
    } else {
      r.skip(end - r.at)
    }
    r.closeTag(end)
  }
  return {
    index,
    errorCode,
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    recordErrors,
    errorMessage,
    currentLeader,
  }
}

function encodePartitionProduceResponse(
  w: WireWriter,
  version: number,
  m: PartitionProduceResponse,
): void {
  w.i32(m.index)
  w.i16(m.errorCode)
  w.i64(m.baseOffset)
  w.i64(m.logAppendTimeMs)
  if (version >= 5) {
    w.i64(m.logStartOffset)
  }
  if (version >= 8) {
    w.count(m.recordErrors.length)
    for (const each of m.recordErrors) {
      encodeBatchIndexAndErrorMessage(w, version, each)
    }
  }
  if (version >= 8) {
    w.nullableString(m.errorMessage)
  }
  if (w.dialect === 'flexible') {
    let tags = 0
    if (version >= 10 && m.currentLeader !== null) {
      tags++
    }
    w.uvarint(tags)
    if (version >= 10 && m.currentLeader !== null) {
      const at = w.openTag(0)
      encodeLeaderIdAndEpoch(w, version, m.currentLeader)
      w.closeTag(at)
    }
  }
}

export interface BatchIndexAndErrorMessage {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string | null
}

function decodeBatchIndexAndErrorMessage(
  r: WireReader,
  version: number,
): BatchIndexAndErrorMessage {
  const batchIndex = version >= 8 ? r.i32() : 0
  const batchIndexErrorMessage = version >= 8 ? r.nullableString() : null
  r.skipTags()
  return { batchIndex, batchIndexErrorMessage }
}

function encodeBatchIndexAndErrorMessage(
  w: WireWriter,
  version: number,
  m: BatchIndexAndErrorMessage,
): void {
  if (version >= 8) {
    w.i32(m.batchIndex)
  }
  if (version >= 8) {
    w.nullableString(m.batchIndexErrorMessage)
  }
  w.noTags()
}

export interface LeaderIdAndEpoch {
  readonly leaderId: number
  readonly leaderEpoch: number
}

function decodeLeaderIdAndEpoch(r: WireReader, version: number): LeaderIdAndEpoch {
  const leaderId = version >= 10 ? r.i32() : -1
  const leaderEpoch = version >= 10 ? r.i32() : -1
  r.skipTags()
  return { leaderId, leaderEpoch }
}

function encodeLeaderIdAndEpoch(w: WireWriter, version: number, m: LeaderIdAndEpoch): void {
  if (version >= 10) {
    w.i32(m.leaderId)
  }
  if (version >= 10) {
    w.i32(m.leaderEpoch)
  }
  w.noTags()
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

function decodeNodeEndpoint(r: WireReader, version: number): NodeEndpoint {
  const nodeId = version >= 10 ? r.i32() : 0
  const host = version >= 10 ? r.string() : ''
  const port = version >= 10 ? r.i32() : 0
  const rack = version >= 10 ? r.nullableString() : null
  r.skipTags()
  return { nodeId, host, port, rack }
}

function encodeNodeEndpoint(w: WireWriter, version: number, m: NodeEndpoint): void {
  if (version >= 10) {
    w.i32(m.nodeId)
  }
  if (version >= 10) {
    w.string(m.host)
  }
  if (version >= 10) {
    w.i32(m.port)
  }
  if (version >= 10) {
    w.nullableString(m.rack)
  }
  w.noTags()
}

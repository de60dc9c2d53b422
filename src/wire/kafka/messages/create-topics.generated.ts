/** The CreateTopics messages of Kafka, API key 19: generated from the table in schema/, never edited. */
import { NO_UUID, type WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface CreateTopicsRequest {
  readonly topics: readonly CreatableTopic[]
  readonly timeoutMs: number
  readonly validateOnly: boolean
}

export function decodeCreateTopicsRequest(r: WireReader, version: number): CreateTopicsRequest {
  r.dialect = version >= 5 ? 'flexible' : 'plain'
  const topics: CreatableTopic[] = []
  for (let left = r.count(9); left > 0; left--) {
    topics.push(decodeCreatableTopic(r))
  }
  const timeoutMs = r.i32()
  const validateOnly = r.bool()
  r.skipTags()
  return { topics, timeoutMs, validateOnly }
}

export function encodeCreateTopicsRequest(
  w: WireWriter,
  version: number,
  m: CreateTopicsRequest,
): void {
  w.dialect = version >= 5 ? 'flexible' : 'plain'
  w.count(m.topics.length)
  for (const each of m.topics) {
    encodeCreatableTopic(w, each)
  }
  w.i32(m.timeoutMs)
  w.u8(m.validateOnly ? 1 : 0)
  w.noTags()
}

export interface CreatableTopic {
  readonly name: string
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly assignments: readonly CreatableReplicaAssignment[]
  readonly configs: readonly CreatableTopicConfig[]
}

function decodeCreatableTopic(r: WireReader): CreatableTopic {
  const name = r.string()
  const numPartitions = r.i32()
  const replicationFactor = r.i16()
  const assignments: CreatableReplicaAssignment[] = []
  for (let left = r.count(5); left > 0; left--) {
    assignments.push(decodeCreatableReplicaAssignment(r))
  }
  const configs: CreatableTopicConfig[] = []
  for (let left = r.count(2); left > 0; left--) {
    configs.push(decodeCreatableTopicConfig(r))
  }
  r.skipTags()
  return { name, numPartitions, replicationFactor, assignments, configs }
}

function encodeCreatableTopic(w: WireWriter, m: CreatableTopic): void {
  w.string(m.name)
  w.i32(m.numPartitions)
  w.i16(m.replicationFactor)
  w.count(m.assignments.length)
  for (const each of m.assignments) {
    encodeCreatableReplicaAssignment(w, each)
  }
  w.count(m.configs.length)
  for (const each of m.configs) {
    encodeCreatableTopicConfig(w, each)
  }
  w.noTags()
}

export interface CreatableReplicaAssignment {
  readonly partitionIndex: number
  readonly brokerIds: readonly number[]
}

function decodeCreatableReplicaAssignment(r: WireReader): CreatableReplicaAssignment {
  const partitionIndex = r.i32()
  const brokerIds: number[] = []
  for (let left = r.count(4); left > 0; left--) {
    brokerIds.push(r.i32())
  }
  r.skipTags()
  return { partitionIndex, brokerIds }
}

function encodeCreatableReplicaAssignment(w: WireWriter, m: CreatableReplicaAssignment): void {
  w.i32(m.partitionIndex)
  w.count(m.brokerIds.length)
  for (const each of m.brokerIds) {
    w.i32(each)
  }
  w.noTags()
}

export interface CreatableTopicConfig {
  readonly name: string
  readonly value: string | null
}

function decodeCreatableTopicConfig(r: WireReader): CreatableTopicConfig {
  const name = r.string()
  const value = r.nullableString()
  r.skipTags()
  return { name, value }
}

function encodeCreatableTopicConfig(w: WireWriter, m: CreatableTopicConfig): void {
  w.string(m.name)
  w.nullableString(m.value)
  w.noTags()
}

export interface CreateTopicsResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly CreatableTopicResult[]
}

export function decodeCreateTopicsResponse(r: WireReader, version: number): CreateTopicsResponse {
  r.dialect = version >= 5 ? 'flexible' : 'plain'
  const throttleTimeMs = r.i32()
  const topics: CreatableTopicResult[] = []
  for (let left = r.count(4); left > 0; left--) {
    topics.push(decodeCreatableTopicResult(r, version))
  }
  r.skipTags()
  return { throttleTimeMs, topics }
}

export function encodeCreateTopicsResponse(
  w: WireWriter,
  version: number,
  m: CreateTopicsResponse,
): void {
  w.dialect = version >= 5 ? 'flexible' : 'plain'
  w.i32(m.throttleTimeMs)
  w.count(m.topics.length)
  for (const each of m.topics) {
    encodeCreatableTopicResult(w, version, each)
  }
  w.noTags()
}

export interface CreatableTopicResult {
  readonly name: string
  readonly topicId: string
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly topicConfigErrorCode: number
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly configs: readonly CreatableTopicConfigs[] | null
}

function decodeCreatableTopicResult(r: WireReader, version: number): CreatableTopicResult {
  const name = r.string()
  const topicId = version >= 7 ? r.uuid() : NO_UUID
  const errorCode = r.i16()
  const errorMessage = r.nullableString()
  const numPartitions = version >= 5 ? r.i32() : -1
  const replicationFactor = version >= 5 ? r.i16() : -1
  let configs: CreatableTopicConfigs[] | null = []
  if (version >= 5) {
    const configsCount = version >= 5 ? r.nullableCount(1) : r.count(1)
    configs = configsCount < 0 ? null : []
    if (configs !== null) {
      for (let left = configsCount; left > 0; left--) {
        configs.push(decodeCreatableTopicConfigs(r, version))
      }
    }
  }
  let topicConfigErrorCode = 0
  for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {
    const tag = r.uvarint()
    const end = r.tagEnd()
    if (tag === 0) {
      topicConfigErrorCode = r.i16()
    } else {
      r.skip(end - r.at)
    }
    r.closeTag(end)
  }
  return {
    name,
    topicId,
    errorCode,
    errorMessage,
    topicConfigErrorCode,
    numPartitions,
    replicationFactor,
    configs,
  }
}

function encodeCreatableTopicResult(w: WireWriter, version: number, m: CreatableTopicResult): void {
  w.string(m.name)
  if (version >= 7) {
    w.uuid(m.topicId)
  }
  w.i16(m.errorCode)
  w.nullableString(m.errorMessage)
  if (version >= 5) {
    w.i32(m.numPartitions)
  }
  if (version >= 5) {
    w.i16(m.replicationFactor)
  }
  if (version >= 5) {
    if (m.configs === null) {
      w.nullCount()
    } else {
      w.count(m.configs.length)
      for (const each of m.configs) {
        encodeCreatableTopicConfigs(w, version, each)
      }
    }
  }
  if (w.dialect === 'flexible') {
    let tags = 0
    if (m.topicConfigErrorCode !== 0) {
      tags++
    }
    w.uvarint(tags)
    if (m.topicConfigErrorCode !== 0) {
      const at = w.openTag(0)
      w.i16(m.topicConfigErrorCode)
      w.closeTag(at)
    }
  }
}

export interface CreatableTopicConfigs {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
}

function decodeCreatableTopicConfigs(r: WireReader, version: number): CreatableTopicConfigs {
  const name = version >= 5 ? r.string() : ''
  const value = version >= 5 ? r.nullableString() : ''
  const readOnly = version >= 5 ? r.bool() : false
  const configSource = version >= 5 ? r.i8() : -1
  const isSensitive = version >= 5 ? r.bool() : false
  r.skipTags()
  return { name, value, readOnly, configSource, isSensitive }
}

function encodeCreatableTopicConfigs(
  w: WireWriter,
  version: number,
  m: CreatableTopicConfigs,
): void {
  if (version >= 5) {
    w.string(m.name)
  }
  if (version >= 5) {
    w.nullableString(m.value)
  }
  if (version >= 5) {
    w.u8(m.readOnly ? 1 : 0)
  }
  if (version >= 5) {
    w.i8(m.configSource)
  }
  if (version >= 5) {
    w.u8(m.isSensitive ? 1 : 0)
  }
  w.noTags()
}

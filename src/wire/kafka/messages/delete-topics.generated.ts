/** The DeleteTopics messages of Kafka, API key 20: generated from the table in schema/, never edited. */
import { NO_UUID, type WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface DeleteTopicsRequest {
  readonly topics: readonly DeleteTopicState[]
  readonly topicNames: readonly string[]
  readonly timeoutMs: number
}

export function decodeDeleteTopicsRequest(r: WireReader, version: number): DeleteTopicsRequest {
  r.dialect = version >= 4 ? 'flexible' : 'plain'
  const topics: DeleteTopicState[] = []
  if (version >= 6) {
    for (let left = r.count(1); left > 0; left--) {
      topics.push(decodeDeleteTopicState(r, version))
    }
  }
  const topicNames: string[] = []
  if (version <= 5) {
    for (let left = r.count(1); left > 0; left--) {
      topicNames.push(r.string())
    }
  }
  const timeoutMs = r.i32()
  r.skipTags()
  return { topics, topicNames, timeoutMs }
}

export function encodeDeleteTopicsRequest(
  w: WireWriter,
  version: number,
  m: DeleteTopicsRequest,
): void {
  w.dialect = version >= 4 ? 'flexible' : 'plain'
  if (version >= 6) {
    w.count(m.topics.length)
    for (const each of m.topics) {
      encodeDeleteTopicState(w, version, each)
    }
  }
  if (version <= 5) {
    w.count(m.topicNames.length)
    for (const each of m.topicNames) {
      w.string(each)
    }
  }
  w.i32(m.timeoutMs)
  w.noTags()
}

export interface DeleteTopicState {
  readonly name: string | null
  readonly topicId: string
}

function decodeDeleteTopicState(r: WireReader, version: number): DeleteTopicState {
  const name = version >= 6 ? r.nullableString() : null
  const topicId = version >= 6 ? r.uuid() : NO_UUID
  r.skipTags()
  return { name, topicId }
}

function encodeDeleteTopicState(w: WireWriter, version: number, m: DeleteTopicState): void {
  if (version >= 6) {
    w.nullableString(m.name)
  }
  if (version >= 6) {
    w.uuid(m.topicId)
  }
  w.noTags()
}

export interface DeleteTopicsResponse {
  readonly throttleTimeMs: number
  readonly responses: readonly DeletableTopicResult[]
}

export function decodeDeleteTopicsResponse(r: WireReader, version: number): DeleteTopicsResponse {
  r.dialect = version >= 4 ? 'flexible' : 'plain'
  const throttleTimeMs = r.i32()
  const responses: DeletableTopicResult[] = []
  for (let left = r.count(3); left > 0; left--) {
    responses.push(decodeDeletableTopicResult(r, version))
  }
  r.skipTags()
  return { throttleTimeMs, responses }
}

export function encodeDeleteTopicsResponse(
  w: WireWriter,
  version: number,
  m: DeleteTopicsResponse,
): void {
  w.dialect = version >= 4 ? 'flexible' : 'plain'
  w.i32(m.throttleTimeMs)
  w.count(m.responses.length)
  for (const each of m.responses) {
    encodeDeletableTopicResult(w, version, each)
  }
  w.noTags()
}

export interface DeletableTopicResult {
  readonly name: string | null
  readonly topicId: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

function decodeDeletableTopicResult(r: WireReader, version: number): DeletableTopicResult {
  const name = version >= 6 ? r.nullableString() : r.string()
  const topicId = version >= 6 ? r.uuid() : NO_UUID
  const errorCode = r.i16()
  const errorMessage = version >= 5 ? r.nullableString() : null
  r.skipTags()
  return { name, topicId, errorCode, errorMessage }
}

function encodeDeletableTopicResult(w: WireWriter, version: number, m: DeletableTopicResult): void {
  w.nullableString(m.name)
  if (version >= 6) {
    w.uuid(m.topicId)
  }
  w.i16(m.errorCode)
  if (version >= 5) {
    w.nullableString(m.errorMessage)
  }
  w.noTags()
}

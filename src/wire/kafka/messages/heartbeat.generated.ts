/** The Heartbeat messages of Kafka, API key 12: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface HeartbeatRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export function decodeHeartbeatRequest(r: WireReader, version: number): HeartbeatRequest {
  r.dialect = version >= 4 ? 'flexible' : 'plain'
  const groupId = r.string()
  const generationId = r.i32()
  const memberId = r.string()
  const groupInstanceId = version >= 3 ? r.nullableString() : null
  r.skipTags()
  return { groupId, generationId, memberId, groupInstanceId }
}

export function encodeHeartbeatRequest(w: WireWriter, version: number, m: HeartbeatRequest): void {
  w.dialect = version >= 4 ? 'flexible' : 'plain'
  w.string(m.groupId)
  w.i32(m.generationId)
  w.string(m.memberId)
  if (version >= 3) {
    w.nullableString(m.groupInstanceId)
  }
  w.noTags()
}

export interface HeartbeatResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
}

export function decodeHeartbeatResponse(r: WireReader, version: number): HeartbeatResponse {
  r.dialect = version >= 4 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 1 ? r.i32() : 0
  const errorCode = r.i16()
  r.skipTags()
  return { throttleTimeMs, errorCode }
}

export function encodeHeartbeatResponse(
  w: WireWriter,
  version: number,
  m: HeartbeatResponse,
): void {
  w.dialect = version >= 4 ? 'flexible' : 'plain'
  if (version >= 1) {
    w.i32(m.throttleTimeMs)
  }
  w.i16(m.errorCode)
  w.noTags()
}

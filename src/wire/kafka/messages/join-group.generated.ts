/** The JoinGroup messages of Kafka, API key 11: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface JoinGroupRequest {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly protocols: readonly JoinGroupRequestProtocol[]
  readonly reason: string | null
}

export function decodeJoinGroupRequest(r: WireReader, version: number): JoinGroupRequest {
  r.dialect = version >= 6 ? 'flexible' : 'plain'
  const groupId = r.string()
  const sessionTimeoutMs = r.i32()
  const rebalanceTimeoutMs = version >= 1 ? r.i32() : -1
  const memberId = r.string()
  const groupInstanceId = version >= 5 ? r.nullableString() : null
  const protocolType = r.string()
  const protocols: JoinGroupRequestProtocol[] = []
  for (let left = r.count(2); left > 0; left--) {
    protocols.push(decodeJoinGroupRequestProtocol(r))
  }
  const reason = version >= 8 ? r.nullableString() : null
  r.skipTags()
  return {
    groupId,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    memberId,
    groupInstanceId,
    protocolType,
    protocols,
    reason,
  }
}

export function encodeJoinGroupRequest(w: WireWriter, version: number, m: JoinGroupRequest): void {
  w.dialect = version >= 6 ? 'flexible' : 'plain'
  w.string(m.groupId)
  w.i32(m.sessionTimeoutMs)
  if (version >= 1) {
    w.i32(m.rebalanceTimeoutMs)
  }
  w.string(m.memberId)
  if (version >= 5) {
    w.nullableString(m.groupInstanceId)
  }
  w.string(m.protocolType)
  w.count(m.protocols.length)
  for (const each of m.protocols) {
    encodeJoinGroupRequestProtocol(w, each)
  }
  if (version >= 8) {
    w.nullableString(m.reason)
  }
  w.noTags()
}

export interface JoinGroupRequestProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

function decodeJoinGroupRequestProtocol(r: WireReader): JoinGroupRequestProtocol {
  const name = r.string()
  const metadata = r.blob()
  r.skipTags()
  return { name, metadata }
}

function encodeJoinGroupRequestProtocol(w: WireWriter, m: JoinGroupRequestProtocol): void {
  w.string(m.name)
  w.blob(m.metadata)
  w.noTags()
}

export interface JoinGroupResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly memberId: string
  readonly members: readonly JoinGroupResponseMember[]
}

export function decodeJoinGroupResponse(r: WireReader, version: number): JoinGroupResponse {
  r.dialect = version >= 6 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 2 ? r.i32() : 0
  const errorCode = r.i16()
  const generationId = r.i32()
  const protocolType = version >= 7 ? r.nullableString() : null
  const protocolName = version >= 7 ? r.nullableString() : r.string()
  const leader = r.string()
  const skipAssignment = version >= 9 ? r.bool() : false
  const memberId = r.string()
  const members: JoinGroupResponseMember[] = []
  for (let left = r.count(2); left > 0; left--) {
    members.push(decodeJoinGroupResponseMember(r, version))
  }
  r.skipTags()
  return {
    throttleTimeMs,
    errorCode,
    generationId,
    protocolType,
    protocolName,
    leader,
    skipAssignment,
    memberId,
    members,
  }
}

export function encodeJoinGroupResponse(
  w: WireWriter,
  version: number,
  m: JoinGroupResponse,
): void {
  w.dialect = version >= 6 ? 'flexible' : 'plain'
  if (version >= 2) {
    w.i32(m.throttleTimeMs)
  }
  w.i16(m.errorCode)
  w.i32(m.generationId)
  if (version >= 7) {
    w.nullableString(m.protocolType)
  }
  w.nullableString(m.protocolName)
  w.string(m.leader)
  if (version >= 9) {
    w.u8(m.skipAssignment ? 1 : 0)
  }
  w.string(m.memberId)
  w.count(m.members.length)
  for (const each of m.members) {
    encodeJoinGroupResponseMember(w, version, each)
  }
  w.noTags()
}

export interface JoinGroupResponseMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Uint8Array
}

function decodeJoinGroupResponseMember(r: WireReader, version: number): JoinGroupResponseMember {
  const memberId = r.string()
  const groupInstanceId = version >= 5 ? r.nullableString() : null
  const metadata = r.blob()
  r.skipTags()
  return { memberId, groupInstanceId, metadata }
}

function encodeJoinGroupResponseMember(
  w: WireWriter,
  version: number,
  m: JoinGroupResponseMember,
): void {
  w.string(m.memberId)
  if (version >= 5) {
    w.nullableString(m.groupInstanceId)
  }
  w.blob(m.metadata)
  w.noTags()
}

/** The LeaveGroup messages of Kafka, API key 13: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface LeaveGroupRequest {
  readonly groupId: string
  readonly memberId: string
  readonly members: readonly MemberIdentity[]
}

export function decodeLeaveGroupRequest(r: WireReader, version: number): LeaveGroupRequest {
  r.dialect = version >= 4 ? 'flexible' : 'plain'
  const groupId = r.string()
  const memberId = version <= 2 ? r.string() : ''
  const members: MemberIdentity[] = []
  if (version >= 3) {
    for (let left = r.count(1); left > 0; left--) {
      members.push(decodeMemberIdentity(r, version))
    }
  }
  r.skipTags()
  return { groupId, memberId, members }
}

export function encodeLeaveGroupRequest(
  w: WireWriter,
  version: number,
  m: LeaveGroupRequest,
): void {
  w.dialect = version >= 4 ? 'flexible' : 'plain'
  w.string(m.groupId)
  if (version <= 2) {
    w.string(m.memberId)
  }
  if (version >= 3) {
    w.count(m.members.length)
    for (const each of m.members) {
      encodeMemberIdentity(w, version, each)
    }
  }
  w.noTags()
}

export interface MemberIdentity {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly reason: string | null
}

function decodeMemberIdentity(r: WireReader, version: number): MemberIdentity {
  const memberId = version >= 3 ? r.string() : ''
  const groupInstanceId = version >= 3 ? r.nullableString() : null
  const reason = version >= 5 ? r.nullableString() : null
  r.skipTags()
  return { memberId, groupInstanceId, reason }
}

function encodeMemberIdentity(w: WireWriter, version: number, m: MemberIdentity): void {
  if (version >= 3) {
    w.string(m.memberId)
  }
  if (version >= 3) {
    w.nullableString(m.groupInstanceId)
  }
  if (version >= 5) {
    w.nullableString(m.reason)
  }
  w.noTags()
}

export interface LeaveGroupResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly members: readonly MemberResponse[]
}

export function decodeLeaveGroupResponse(r: WireReader, version: number): LeaveGroupResponse {
  r.dialect = version >= 4 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 1 ? r.i32() : 0
  const errorCode = r.i16()
  const members: MemberResponse[] = []
  if (version >= 3) {
    for (let left = r.count(1); left > 0; left--) {
      members.push(decodeMemberResponse(r, version))
    }
  }
  r.skipTags()
  return { throttleTimeMs, errorCode, members }
}

export function encodeLeaveGroupResponse(
  w: WireWriter,
  version: number,
  m: LeaveGroupResponse,
): void {
  w.dialect = version >= 4 ? 'flexible' : 'plain'
  if (version >= 1) {
    w.i32(m.throttleTimeMs)
  }
  w.i16(m.errorCode)
  if (version >= 3) {
    w.count(m.members.length)
    for (const each of m.members) {
      encodeMemberResponse(w, version, each)
    }
  }
  w.noTags()
}

export interface MemberResponse {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly errorCode: number
}

function decodeMemberResponse(r: WireReader, version: number): MemberResponse {
  const memberId = version >= 3 ? r.string() : ''
  const groupInstanceId = version >= 3 ? r.nullableString() : ''
  const errorCode = version >= 3 ? r.i16() : 0
  r.skipTags()
  return { memberId, groupInstanceId, errorCode }
}

function encodeMemberResponse(w: WireWriter, version: number, m: MemberResponse): void {
  if (version >= 3) {
    w.string(m.memberId)
  }
  if (version >= 3) {
    w.nullableString(m.groupInstanceId)
  }
  if (version >= 3) {
    w.i16(m.errorCode)
  }
  w.noTags()
}

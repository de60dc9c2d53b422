/** The SyncGroup messages of Kafka, API key 14: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface SyncGroupRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: readonly SyncGroupRequestAssignment[]
}

export function decodeSyncGroupRequest(r: WireReader, version: number): SyncGroupRequest {
  r.dialect = version >= 4 ? 'flexible' : 'plain'
  const groupId = r.string()
  const generationId = r.i32()
  const memberId = r.string()
  const groupInstanceId = version >= 3 ? r.nullableString() : null
  const protocolType = version >= 5 ? r.nullableString() : null
  const protocolName = version >= 5 ? r.nullableString() : null
  const assignments: SyncGroupRequestAssignment[] = []
  for (let left = r.count(2); left > 0; left--) {
    assignments.push(decodeSyncGroupRequestAssignment(r))
  }
  r.skipTags()
  return {
    groupId,
    generationId,
    memberId,
    groupInstanceId,
    protocolType,
    protocolName,
    assignments,
  }
}

export function encodeSyncGroupRequest(w: WireWriter, version: number, m: SyncGroupRequest): void {
  w.dialect = version >= 4 ? 'flexible' : 'plain'
  w.string(m.groupId)
  w.i32(m.generationId)
  w.string(m.memberId)
  if (version >= 3) {
    w.nullableString(m.groupInstanceId)
  }
  if (version >= 5) {
    w.nullableString(m.protocolType)
  }
  if (version >= 5) {
    w.nullableString(m.protocolName)
  }
  w.count(m.assignments.length)
  for (const each of m.assignments) {
    encodeSyncGroupRequestAssignment(w, each)
  }
  w.noTags()
}

export interface SyncGroupRequestAssignment {
  readonly memberId: string
  readonly assignment: Uint8Array
}

function decodeSyncGroupRequestAssignment(r: WireReader): SyncGroupRequestAssignment {
  const memberId = r.string()
  const assignment = r.blob()
  r.skipTags()
  return { memberId, assignment }
}

function encodeSyncGroupRequestAssignment(w: WireWriter, m: SyncGroupRequestAssignment): void {
  w.string(m.memberId)
  w.blob(m.assignment)
  w.noTags()
}

export interface SyncGroupResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Uint8Array
}

export function decodeSyncGroupResponse(r: WireReader, version: number): SyncGroupResponse {
  r.dialect = version >= 4 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 1 ? r.i32() : 0
  const errorCode = r.i16()
  const protocolType = version >= 5 ? r.nullableString() : null
  const protocolName = version >= 5 ? r.nullableString() : null
  const assignment = r.blob()
  r.skipTags()
  return { throttleTimeMs, errorCode, protocolType, protocolName, assignment }
}

export function encodeSyncGroupResponse(
  w: WireWriter,
  version: number,
  m: SyncGroupResponse,
): void {
  w.dialect = version >= 4 ? 'flexible' : 'plain'
  if (version >= 1) {
    w.i32(m.throttleTimeMs)
  }
  w.i16(m.errorCode)
  if (version >= 5) {
    w.nullableString(m.protocolType)
  }
  if (version >= 5) {
    w.nullableString(m.protocolName)
  }
  w.blob(m.assignment)
  w.noTags()
}

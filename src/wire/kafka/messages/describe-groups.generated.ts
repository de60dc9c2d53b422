/** The DescribeGroups messages of Kafka, API key 15: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface DescribeGroupsRequest {
  readonly groups: readonly string[]
  readonly includeAuthorizedOperations: boolean
}

export function decodeDescribeGroupsRequest(r: WireReader, version: number): DescribeGroupsRequest {
  r.dialect = version >= 5 ? 'flexible' : 'plain'
  const groups: string[] = []
  for (let left = r.count(1); left > 0; left--) {
    groups.push(r.string())
  }
  const includeAuthorizedOperations = version >= 3 ? r.bool() : false
  r.skipTags()
  return { groups, includeAuthorizedOperations }
}

export function encodeDescribeGroupsRequest(
  w: WireWriter,
  version: number,
  m: DescribeGroupsRequest,
): void {
  w.dialect = version >= 5 ? 'flexible' : 'plain'
  w.count(m.groups.length)
  for (const each of m.groups) {
    w.string(each)
  }
  if (version >= 3) {
    w.u8(m.includeAuthorizedOperations ? 1 : 0)
  }
  w.noTags()
}

export interface DescribeGroupsResponse {
  readonly throttleTimeMs: number
  readonly groups: readonly DescribedGroup[]
}

export function decodeDescribeGroupsResponse(
  r: WireReader,
  version: number,
): DescribeGroupsResponse {
  r.dialect = version >= 5 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 1 ? r.i32() : 0
  const groups: DescribedGroup[] = []
  for (let left = r.count(7); left > 0; left--) {
    groups.push(decodeDescribedGroup(r, version))
  }
  r.skipTags()
  return { throttleTimeMs, groups }
}

export function encodeDescribeGroupsResponse(
  w: WireWriter,
  version: number,
  m: DescribeGroupsResponse,
): void {
  w.dialect = version >= 5 ? 'flexible' : 'plain'
  if (version >= 1) {
    w.i32(m.throttleTimeMs)
  }
  w.count(m.groups.length)
  for (const each of m.groups) {
    encodeDescribedGroup(w, version, each)
  }
  w.noTags()
}

export interface DescribedGroup {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly groupId: string
  readonly groupState: string
  readonly protocolType: string
  readonly protocolData: string
  readonly members: readonly DescribedGroupMember[]
  readonly authorizedOperations: number
}

function decodeDescribedGroup(r: WireReader, version: number): DescribedGroup {
  const errorCode = r.i16()
  const errorMessage = version >= 6 ? r.nullableString() : null
  const groupId = r.string()
  const groupState = r.string()
  const protocolType = r.string()
  const protocolData = r.string()
  const members: DescribedGroupMember[] = []
  for (let left = r.count(5); left > 0; left--) {
    members.push(decodeDescribedGroupMember(r, version))
  }
  const authorizedOperations = version >= 3 ? r.i32() : -2147483648
  r.skipTags()
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState,
    protocolType,
    protocolData,
    members,
    authorizedOperations,
  }
}

function encodeDescribedGroup(w: WireWriter, version: number, m: DescribedGroup): void {
  w.i16(m.errorCode)
  if (version >= 6) {
    w.nullableString(m.errorMessage)
  }
  w.string(m.groupId)
  w.string(m.groupState)
  w.string(m.protocolType)
  w.string(m.protocolData)
  w.count(m.members.length)
  for (const each of m.members) {
    encodeDescribedGroupMember(w, version, each)
  }
  if (version >= 3) {
    w.i32(m.authorizedOperations)
  }
  w.noTags()
}

export interface DescribedGroupMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly memberMetadata: Uint8Array
  readonly memberAssignment: Uint8Array
}

function decodeDescribedGroupMember(r: WireReader, version: number): DescribedGroupMember {
  const memberId = r.string()
  const groupInstanceId = version >= 4 ? r.nullableString() : null
  const clientId = r.string()
  const clientHost = r.string()
  const memberMetadata = r.blob()
  const memberAssignment = r.blob()
  r.skipTags()
  return { memberId, groupInstanceId, clientId, clientHost, memberMetadata, memberAssignment }
}

function encodeDescribedGroupMember(w: WireWriter, version: number, m: DescribedGroupMember): void {
  w.string(m.memberId)
  if (version >= 4) {
    w.nullableString(m.groupInstanceId)
  }
  w.string(m.clientId)
  w.string(m.clientHost)
  w.blob(m.memberMetadata)
  w.blob(m.memberAssignment)
  w.noTags()
}

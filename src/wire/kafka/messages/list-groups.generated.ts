/** The ListGroups messages of Kafka, API key 16: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface ListGroupsRequest {
  readonly statesFilter: readonly string[]
  readonly typesFilter: readonly string[]
}

export function decodeListGroupsRequest(r: WireReader, version: number): ListGroupsRequest {
  r.dialect = version >= 3 ? 'flexible' : 'plain'
  const statesFilter: string[] = []
  if (version >= 4) {
    for (let left = r.count(1); left > 0; left--) {
      statesFilter.push(r.string())
    }
  }
  const typesFilter: string[] = []
  if (version >= 5) {
    for (let left = r.count(1); left > 0; left--) {
      typesFilter.push(r.string())
    }
  }
  r.skipTags()
  return { statesFilter, typesFilter }
}

export function encodeListGroupsRequest(
  w: WireWriter,
  version: number,
  m: ListGroupsRequest,
): void {
  w.dialect = version >= 3 ? 'flexible' : 'plain'
  if (version >= 4) {
    w.count(m.statesFilter.length)
    for (const each of m.statesFilter) {
      w.string(each)
    }
  }
  if (version >= 5) {
    w.count(m.typesFilter.length)
    for (const each of m.typesFilter) {
      w.string(each)
    }
  }
  w.noTags()
}

export interface ListGroupsResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly groups: readonly ListedGroup[]
}

export function decodeListGroupsResponse(r: WireReader, version: number): ListGroupsResponse {
  r.dialect = version >= 3 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 1 ? r.i32() : 0
  const errorCode = r.i16()
  const groups: ListedGroup[] = []
  for (let left = r.count(2); left > 0; left--) {
    groups.push(decodeListedGroup(r, version))
  }
  r.skipTags()
  return { throttleTimeMs, errorCode, groups }
}

export function encodeListGroupsResponse(
  w: WireWriter,
  version: number,
  m: ListGroupsResponse,
): void {
  w.dialect = version >= 3 ? 'flexible' : 'plain'
  if (version >= 1) {
    w.i32(m.throttleTimeMs)
  }
  w.i16(m.errorCode)
  w.count(m.groups.length)
  for (const each of m.groups) {
    encodeListedGroup(w, version, each)
  }
  w.noTags()
}

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  readonly groupState: string
  readonly groupType: string
}

function decodeListedGroup(r: WireReader, version: number): ListedGroup {
  const groupId = r.string()
  const protocolType = r.string()
  const groupState = version >= 4 ? r.string() : ''
  const groupType = version >= 5 ? r.string() : ''
  r.skipTags()
  return { groupId, protocolType, groupState, groupType }
}

function encodeListedGroup(w: WireWriter, version: number, m: ListedGroup): void {
  w.string(m.groupId)
  w.string(m.protocolType)
  if (version >= 4) {
    w.string(m.groupState)
  }
  if (version >= 5) {
    w.string(m.groupType)
  }
  w.noTags()
}

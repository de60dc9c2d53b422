/** The FindCoordinator messages of Kafka, API key 10: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface FindCoordinatorRequest {
  readonly key: string
  readonly keyType: number
  readonly coordinatorKeys: readonly string[]
}

export function decodeFindCoordinatorRequest(
  r: WireReader,
  version: number,
): FindCoordinatorRequest {
  r.dialect = version >= 3 ? 'flexible' : 'plain'
  const key = version <= 3 ? r.string() : ''
  const keyType = version >= 1 ? r.i8() : 0
  const coordinatorKeys: string[] = []
  if (version >= 4) {
    for (let left = r.count(1); left > 0; left--) {
      coordinatorKeys.push(r.string())
    }
  }
  r.skipTags()
  return { key, keyType, coordinatorKeys }
}

export function encodeFindCoordinatorRequest(
  w: WireWriter,
  version: number,
  m: FindCoordinatorRequest,
): void {
  w.dialect = version >= 3 ? 'flexible' : 'plain'
  if (version <= 3) {
    w.string(m.key)
  }
  if (version >= 1) {
    w.i8(m.keyType)
  }
  if (version >= 4) {
    w.count(m.coordinatorKeys.length)
    for (const each of m.coordinatorKeys) {
      w.string(each)
    }
  }
  w.noTags()
}

export interface FindCoordinatorResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly coordinators: readonly Coordinator[]
}

export function decodeFindCoordinatorResponse(
  r: WireReader,
  version: number,
): FindCoordinatorResponse {
  r.dialect = version >= 3 ? 'flexible' : 'plain'
  const throttleTimeMs = version >= 1 ? r.i32() : 0
  const errorCode = version <= 3 ? r.i16() : 0
  const errorMessage = version >= 1 && version <= 3 ? r.nullableString() : ''
  const nodeId = version <= 3 ? r.i32() : 0
  const host = version <= 3 ? r.string() : ''
  const port = version <= 3 ? r.i32() : 0
  const coordinators: Coordinator[] = []
  if (version >= 4) {
    for (let left = r.count(1); left > 0; left--) {
      coordinators.push(decodeCoordinator(r, version))
    }
  }
  r.skipTags()
  return { throttleTimeMs, errorCode, errorMessage, nodeId, host, port, coordinators }
}

export function encodeFindCoordinatorResponse(
  w: WireWriter,
  version: number,
  m: FindCoordinatorResponse,
): void {
  w.dialect = version >= 3 ? 'flexible' : 'plain'
  if (version >= 1) {
    w.i32(m.throttleTimeMs)
  }
  if (version <= 3) {
    w.i16(m.errorCode)
  }
  if (version >= 1 && version <= 3) {
    w.nullableString(m.errorMessage)
  }
  if (version <= 3) {
    w.i32(m.nodeId)
  }
  if (version <= 3) {
    w.string(m.host)
  }
  if (version <= 3) {
    w.i32(m.port)
  }
  if (version >= 4) {
    w.count(m.coordinators.length)
    for (const each of m.coordinators) {
      encodeCoordinator(w, version, each)
    }
  }
  w.noTags()
}

export interface Coordinator {
  readonly key: string
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

function decodeCoordinator(r: WireReader, version: number): Coordinator {
  const key = version >= 4 ? r.string() : ''
  const nodeId = version >= 4 ? r.i32() : 0
  const host = version >= 4 ? r.string() : ''
  const port = version >= 4 ? r.i32() : 0
  const errorCode = version >= 4 ? r.i16() : 0
  const errorMessage = version >= 4 ? r.nullableString() : ''
  r.skipTags()
  return { key, nodeId, host, port, errorCode, errorMessage }
}

function encodeCoordinator(w: WireWriter, version: number, m: Coordinator): void {
  if (version >= 4) {
    w.string(m.key)
  }
  if (version >= 4) {
    w.i32(m.nodeId)
  }
  if (version >= 4) {
    w.string(m.host)
  }
  if (version >= 4) {
    w.i32(m.port)
  }
  if (version >= 4) {
    w.i16(m.errorCode)
  }
  if (version >= 4) {
    w.nullableString(m.errorMessage)
  }
  w.noTags()
}

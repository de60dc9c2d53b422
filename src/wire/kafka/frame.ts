/**
 * Frames and headers of the Kafka protocol, both directions. It says how long a frame is and what
 * its header asks for; the messages inside are the business of messages/.
 */
import { Fault } from '../../base/fault.ts'
import type { ApiRow } from './messages/apis.generated.ts'
import { apis } from './messages/apis.generated.ts'
import type { WireReader } from './reader.ts'
import type { WireWriter } from './writer.ts'

// frame    = size(4) header body           size counts what follows it
// request  = apiKey(2) version(2) correlationId(4) clientId(2+n) [tags]      all integers big-endian
// response = correlationId(4) [tags]
// The tags are there where the version of the message is flexible; a response to ApiVersions never
// has them, because a client that sends one does not know yet what we speak.

const SIZE_BYTES = 4

/** The shortest header: key, version, correlation and an absent client id. */
const HEADER_BYTES_MIN = 10

/** How many bytes a decoded header takes at most is bounded by the length of its client id. */
export interface RequestHeader {
  readonly apiKey: number
  readonly version: number
  readonly correlationId: number
  readonly clientId: string
}

const rows: readonly (ApiRow | undefined)[] = Object.values(apis).reduce<ApiRow[]>((table, row) => {
  table[row.key] = row
  return table
}, [])

/** The row of an API key, `undefined` for one that the table does not have. */
export function apiOf(key: number): ApiRow | undefined {
  return rows[key]
}

/**
 * Bytes of the frame that begins at `at`, its size included, or -1 while too little is there to say.
 * Rejects the size before anybody waits for so many bytes or makes room for them.
 */
export function frameSize(
  bytes: Uint8Array,
  span: { at: number; end: number; max: number },
): number {
  const { at, end, max } = span
  if (end - at < SIZE_BYTES) return -1
  const size = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  if (size < HEADER_BYTES_MIN || size > max) {
    throw new Fault('bad-frame', `a frame of ${size} bytes; ${max} are the most`)
  }
  return SIZE_BYTES + size
}

/** Reads the header of a request; the reader stands behind the size of the frame. */
export function decodeRequestHeader(r: WireReader): RequestHeader {
  const apiKey = r.i16()
  const version = r.i16()
  const correlationId = r.i32()
  const clientId = r.headerString() ?? ''
  if (version >= (rows[apiKey]?.flexibleMin ?? Number.POSITIVE_INFINITY)) {
    r.dialect = 'flexible'
    r.skipTags()
  }
  return { apiKey, version, correlationId, clientId }
}

/** Begins the frame of a request; answers what `closeFrame` wants. */
export function openRequest(w: WireWriter, header: RequestHeader): number {
  const at = w.openFrame()
  w.i16(header.apiKey)
  w.i16(header.version)
  w.i32(header.correlationId)
  w.headerString(header.clientId)
  if (header.version >= apiOf(header.apiKey)!.flexibleMin) w.u8(0)
  return at
}

/** Begins the frame of the response to a request; answers what `closeFrame` wants. */
export function openResponse(
  w: WireWriter,
  { apiKey, version, correlationId }: Pick<RequestHeader, 'apiKey' | 'version' | 'correlationId'>,
): number {
  const at = w.openFrame()
  w.i32(correlationId)
  if (hasResponseTags(apiKey, version)) w.u8(0)
  return at
}

/** Reads the header of a response whose request is known; answers its correlation id. */
export function decodeResponseHeader(
  r: WireReader,
  { apiKey, version }: Pick<RequestHeader, 'apiKey' | 'version'>,
): number {
  const correlationId = r.i32()
  if (hasResponseTags(apiKey, version)) {
    r.dialect = 'flexible'
    r.skipTags()
  }
  return correlationId
}

function hasResponseTags(apiKey: number, version: number): boolean {
  const row = rows[apiKey]
  return row !== undefined && apiKey !== apis.ApiVersions.key && version >= row.flexibleMin
}

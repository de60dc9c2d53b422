/**
 * The content header of a message whose queue says how often it gave it out before, at least: in the header
 * x-delivery-count, from 0 on, whatever the publisher wrote there. By hand, as in content.ts, because quorum queues say
 * it of every message.
 *
 *   headers  = size:u32 field* count              the publisher's fields; made where the message had no headers
 *   count    = 16:u8 "x-delivery-count" 'l' times:i64
 */
import { copyBytes } from '../../base/bytes.ts'
import { Writer } from '../../base/writer.ts'
import {
  type ContentView,
  contentHeaderSize,
  startContentHeader,
  writeContentHeader,
} from './content.ts'
import { fieldEnd } from './field-table.ts'
import { FRAME_END } from './frame.ts'
import { setU16At, setU32At, setU64At, u16At, u32At } from './integers.ts'
import { FLAG_HEADERS, headersAt } from './properties.ts'

/** In place of a count: the queue says nothing of it. */
export const UNCOUNTED = -1

const NAME = 'x-delivery-count'
const LONG = 0x6c
const FIELD_START = Uint8Array.of(NAME.length, ...new TextEncoder().encode(NAME), LONG)
const FIELD_SIZE = FIELD_START.length + 8
const TABLE_HEAD_SIZE = 4

/** Bytes of the frame of a content header, with the count unless it is UNCOUNTED. */
export function countedHeaderSize(content: ContentView, count: number): number {
  const size = contentHeaderSize(content)
  if (count === UNCOUNTED) return size
  return size + FIELD_SIZE + (hasHeaders(content) ? 0 : TABLE_HEAD_SIZE)
}

/**
 * The frame of a content that has no count yet: see `withoutCount`. Answers where it ended. Its numbers come one by
 * one, for the reason that content.ts gives.
 */
export function writeCountedHeader(
  bytes: Uint8Array,
  start: number,
  channel: number,
  content: ContentView,
  count: number,
): number {
  if (count === UNCOUNTED) return writeContentHeader(bytes, start, channel, content)
  const { bytes: from, propertiesAt, propertiesSize } = content
  const tableAt = headersAt(from, propertiesAt)
  const had = hasHeaders(content)
  const fieldsAt = had ? tableAt + TABLE_HEAD_SIZE : tableAt
  const fieldsSize = had ? u32At(from, tableAt) : 0
  const grown = propertiesSize + countedHeaderSize(content, count) - contentHeaderSize(content)
  const flagsAt = startContentHeader(bytes, start, channel, grown, content.bodySize)
  let at = copyBytes(from, propertiesAt, tableAt - propertiesAt, bytes, flagsAt)
  setU16At(bytes, flagsAt, u16At(from, propertiesAt) | FLAG_HEADERS)
  setU32At(bytes, at, fieldsSize + FIELD_SIZE)
  at = copyBytes(from, fieldsAt, fieldsSize, bytes, at + TABLE_HEAD_SIZE)
  at = copyBytes(FIELD_START, 0, FIELD_START.length, bytes, at)
  setU64At(bytes, at, count)
  const restAt = fieldsAt + fieldsSize
  at = copyBytes(from, restAt, propertiesAt + propertiesSize - restAt, bytes, at + 8)
  bytes[at] = FRAME_END
  return at + 1
}

/**
 * The content without a header of that name; the same object where there is none. `bodyHere` bytes of it are here. Only
 * that one field is looked at: nobody has checked that the texts of a message are UTF-8.
 */
export function withoutCount(content: ContentView, bodyHere: number): ContentView {
  if (!hasHeaders(content)) return content
  const { bytes, headAt, headSize, propertiesAt, propertiesSize, bodyAt, bodySize } = content
  const tableAt = headersAt(bytes, propertiesAt)
  const fieldsEnd = tableAt + TABLE_HEAD_SIZE + u32At(bytes, tableAt)
  const others: Uint8Array[] = []
  let othersSize = 0
  for (let at = tableAt + TABLE_HEAD_SIZE; at < fieldsEnd; ) {
    const end = fieldEnd(bytes, at, fieldsEnd)
    if (!isCount(bytes, at)) {
      others.push(bytes.subarray(at, end))
      othersSize += end - at
    }
    at = end
  }
  if (othersSize === fieldsEnd - tableAt - TABLE_HEAD_SIZE) return content
  const writer = new Writer()
  writer.bytes(bytes.subarray(headAt, headAt + headSize))
  writer.bytes(bytes.subarray(propertiesAt, tableAt))
  writer.u32be(othersSize)
  for (const each of others) writer.bytes(each)
  writer.bytes(bytes.subarray(fieldsEnd, propertiesAt + propertiesSize))
  const newBodyAt = writer.size
  writer.bytes(bytes.subarray(bodyAt, bodyAt + bodyHere))
  const place = { headAt: 0, headSize, propertiesAt: headSize }
  const newSize = newBodyAt - headSize
  return { bytes: writer.take(), ...place, propertiesSize: newSize, bodyAt: newBodyAt, bodySize }
}

/** Whether the field at `at` has our name. */
function isCount(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index <= NAME.length; index++) {
    if (bytes[at + index] !== FIELD_START[index]) return false
  }
  return true
}

function hasHeaders({ bytes, propertiesAt }: ContentView): boolean {
  return (u16At(bytes, propertiesAt) & FLAG_HEADERS) !== 0
}

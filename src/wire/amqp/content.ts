/**
 * The hot paths of AMQP by hand, because they run a million times a second: the publish and its header read
 * where they lie, and deliveries, contents and acknowledgements written into the room that the caller has
 * reserved. Nothing is allocated for a message. Each frame is as frame.ts says.
 *
 *   publish  = 60:u16 40:u16 ticket:u16 exchange:shortstr key:shortstr bits:u8     1 mandatory, 2 immediate
 *   header   = 60:u16 weight:u16 bodySize:u64 properties                           weight is 0
 *   body     = bytes                                                              one frame or more, or none
 *   deliver  = 60:u16 60:u16 consumerTag:shortstr tag:u64 redelivered:u8 exchange:shortstr key:shortstr
 *   ack      = 60:u16 80:u16 tag:u64 bits:u8                                      1 multiple
 *   nack     = 60:u16 120:u16 tag:u64 bits:u8                                     1 multiple, 2 requeue
 *   reject   = 60:u16 90:u16 tag:u64 bits:u8                                      1 requeue
 */
import { copyBytes } from '../../base/bytes.ts'
import { Fault } from '../../base/fault.ts'
import { Writer } from '../../base/writer.ts'
import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEADER_SIZE,
  FRAME_METHOD,
  FRAME_OVERHEAD,
} from './frame.ts'
import { setU16At, setU32At, setU64At, u16At, u32At, u64At } from './integers.ts'
import { writeShortString } from './short-string.ts'

export const CLASS_BASIC = 60

/** The first four bytes of a method's payload, as one number. */
export const BASIC_PUBLISH: number = CLASS_BASIC * 2 ** 16 + 40
export const BASIC_ACK: number = CLASS_BASIC * 2 ** 16 + 80
export const BASIC_REJECT: number = CLASS_BASIC * 2 ** 16 + 90
export const BASIC_NACK: number = CLASS_BASIC * 2 ** 16 + 120
const BASIC_DELIVER: number = CLASS_BASIC * 2 ** 16 + 60

/** Bytes of a publish's payload before the exchange. */
export const PUBLISH_HEAD_AT = 6
const PUBLISH_SIZE_MIN = PUBLISH_HEAD_AT + 3

/** Bytes of a header's payload before the properties. */
export const HEADER_PROPERTIES_AT = 12

/** The whole payload of an ack, a nack or a reject. */
export const SETTLE_SIZE = 13

export const BIT_MULTIPLE = 1
export const BIT_NACK_REQUEUE = 2
export const BIT_REJECT_REQUEUE = 1
export const BIT_MANDATORY = 1
export const BIT_IMMEDIATE = 2

/**
 * Where the exchange and the key of the publish in [at, end) end: [at + PUBLISH_HEAD_AT, that) is how the message
 * is addressed, and the octet behind it holds the bits.
 */
export function publishHeadEnd(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < PUBLISH_SIZE_MIN) throw new Fault('short-input', 'a publish cut short')
  const keyAt = at + PUBLISH_HEAD_AT + 1 + bytes[at + PUBLISH_HEAD_AT]!
  const headEnd = keyAt < end ? keyAt + 1 + bytes[keyAt]! : keyAt + 1
  if (headEnd + 1 !== end) throw new Fault('frame-error', 'a publish and its size disagree')
  return headEnd
}

/**
 * The size of the body that the content header in [at, end) announces. Its properties begin at
 * `at + HEADER_PROPERTIES_AT`.
 */
export function headerBodySize(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < HEADER_PROPERTIES_AT + 2) {
    throw new Fault('short-input', 'a content header cut short')
  }
  return u64At(bytes, at + 4)
}

/** The class of which the content header at `at` speaks. */
export function headerClass(bytes: Uint8Array, at: number): number {
  return u16At(bytes, at)
}

/** Class and method of the payload at `at`, as one number. */
export function methodNumber(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at)
}

/** The delivery tag of the ack, nack or reject at `at`, whose size the caller has checked. */
export function settleTag(bytes: Uint8Array, at: number): number {
  return u64At(bytes, at + 4)
}

export function settleBits(bytes: Uint8Array, at: number): number {
  return bytes[at + 12]!
}

/**
 * Where the parts of a content lie, and how it goes out. One object is reused: whoever delivers fills it, and
 * whoever writes reads it before returning.
 */
export interface ContentView {
  readonly bytes: Uint8Array
  /** The exchange and the key, as short strings, one behind the other. */
  readonly headAt: number
  readonly headSize: number
  readonly propertiesAt: number
  readonly propertiesSize: number
  readonly bodyAt: number
  readonly bodySize: number
}

/** Bytes of the frame of a content header. */
export function contentHeaderSize(content: ContentView): number {
  return FRAME_OVERHEAD + HEADER_PROPERTIES_AT + content.propertiesSize
}

// The writers below take their numbers one by one, against the house rule of three, because an object that
// carries them is an object a message wherever the compiler does not see through it.

export function writeContentHeader(
  bytes: Uint8Array,
  start: number,
  channel: number,
  content: ContentView,
): number {
  const { propertiesSize } = content
  const propertiesAt = startContentHeader(bytes, start, channel, propertiesSize, content.bodySize)
  const end = copyBytes(content.bytes, content.propertiesAt, propertiesSize, bytes, propertiesAt)
  bytes[end] = FRAME_END
  return end + 1
}

/** All before the properties; answers where these begin. */
export function startContentHeader(
  bytes: Uint8Array,
  start: number,
  channel: number,
  propertiesSize: number,
  bodySize: number,
): number {
  bytes[start] = FRAME_HEADER
  setU16At(bytes, start + 1, channel)
  setU32At(bytes, start + 3, HEADER_PROPERTIES_AT + propertiesSize)
  const at = start + FRAME_HEADER_SIZE
  setU32At(bytes, at, CLASS_BASIC * 2 ** 16)
  setU64At(bytes, at + 4, bodySize)
  return at + HEADER_PROPERTIES_AT
}

/** One body frame with `size` bytes of the content's body from `offset`; answers where it ended. */
export function writeBodyFrame(
  bytes: Uint8Array,
  at: number,
  channel: number,
  content: ContentView,
  offset: number,
  size: number,
): number {
  bytes[at] = FRAME_BODY
  setU16At(bytes, at + 1, channel)
  setU32At(bytes, at + 3, size)
  const bodyAt = content.bodyAt + offset
  const end = copyBytes(content.bytes, bodyAt, size, bytes, at + FRAME_HEADER_SIZE)
  bytes[end] = FRAME_END
  return end + 1
}

/**
 * How every delivery to one consumer begins: frame header, class, method and tag. The size in it is written anew
 * each time.
 */
export function deliverPrefix(channel: number, consumerTag: string): Uint8Array {
  const writer = new Writer()
  writer.u8(FRAME_METHOD)
  writer.u16be(channel)
  writer.u32be(0)
  writer.u32be(BASIC_DELIVER)
  writeShortString(writer, consumerTag)
  return writer.take()
}

/** Bytes of the method frame of a delivery. */
export function deliverSize(prefix: Uint8Array, content: ContentView): number {
  return prefix.length + DELIVER_REST_SIZE + content.headSize + 1
}

/** The tag and the redelivered bit. */
const DELIVER_REST_SIZE = 9

/** The method frame of a delivery; `redelivered` is 0 or 1. Answers where it ended. */
export function writeDeliver(
  bytes: Uint8Array,
  at: number,
  prefix: Uint8Array,
  tag: number,
  redelivered: number,
  content: ContentView,
): number {
  const tagAt = copyBytes(prefix, 0, prefix.length, bytes, at)
  setU64At(bytes, tagAt, tag)
  bytes[tagAt + 8] = redelivered
  const headAt = tagAt + DELIVER_REST_SIZE
  const end = copyBytes(content.bytes, content.headAt, content.headSize, bytes, headAt)
  setU32At(bytes, at + 3, end - at - FRAME_HEADER_SIZE)
  bytes[end] = FRAME_END
  return end + 1
}

/** Bytes of the frame of an ack or a nack. */
export const SETTLE_FRAME_SIZE: number = FRAME_OVERHEAD + SETTLE_SIZE

/** The frame that tells a publisher how far we are: `method` is BASIC_ACK or BASIC_NACK. */
export function writeConfirm(
  bytes: Uint8Array,
  start: number,
  channel: number,
  method: number,
  tag: number,
  bits: number,
): number {
  bytes[start] = FRAME_METHOD
  setU16At(bytes, start + 1, channel)
  setU32At(bytes, start + 3, SETTLE_SIZE)
  const at = start + FRAME_HEADER_SIZE
  setU32At(bytes, at, method)
  setU64At(bytes, at + 4, tag)
  bytes[at + 12] = bits
  bytes[at + SETTLE_SIZE] = FRAME_END
  return at + SETTLE_SIZE + 1
}

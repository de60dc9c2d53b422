/**
 * The frame is what everything in AMQP 0-9-1 travels in. This file says how long the next one is, and writes
 * the few bytes around a payload; it never looks inside one.
 *
 *   stream   = header frame*                       all integers big-endian
 *   header   = "AMQP" 0 0 9 1                      the client's first bytes; the broker sends it only to refuse
 *   frame    = type:u8 channel:u16 size:u32 payload end
 *   type     : 1 method, 2 content header, 3 content body, 8 heartbeat (channel 0, no payload)
 *   payload  : `size` bytes
 *   end      : 0xCE
 *
 * The frame-max that two peers agree on counts all of it, so a payload has 8 bytes less.
 */
import { Fault } from '../../base/fault.ts'
import { setU16At, setU32At, u32At } from './integers.ts'

export const FRAME_METHOD = 1
export const FRAME_HEADER = 2
export const FRAME_BODY = 3
export const FRAME_HEARTBEAT = 8

export const FRAME_END = 0xce

/** Bytes before the payload. */
export const FRAME_HEADER_SIZE = 7

/** Bytes around the payload. */
export const FRAME_OVERHEAD = 8

// RabbitMQ grants as much, because clients are out that forget the overhead when they cut a body.
const FRAME_SLACK = 8

export const PROTOCOL_HEADER_SIZE = 8

/** `AMQP 0 0 9 1`. */
export const PROTOCOL_HEADER: Uint8Array = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1)

/** The same protocol under the number that AMQP 0-9 clients send: `AMQP 1 1 0 9`. */
const PROTOCOL_HEADER_0_9: Uint8Array = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 1, 1, 0, 9)

/** Sent to say that one is there. */
export const HEARTBEAT_FRAME: Uint8Array = Uint8Array.of(
  FRAME_HEARTBEAT,
  0,
  0,
  0,
  0,
  0,
  0,
  FRAME_END,
)

/**
 * Whether [at, end) begins with a protocol header that we speak: `more` while it may become one. The first
 * byte that is wrong decides, so that nobody waits for the rest of an HTTP request.
 */
export function matchProtocolHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
): 'ours' | 'foreign' | 'more' {
  const size = Math.min(PROTOCOL_HEADER_SIZE, end - at)
  const same = (header: Uint8Array): boolean => {
    for (let index = 0; index < size; index++) {
      if (bytes[at + index] !== header[index]) return false
    }
    return true
  }
  if (!same(PROTOCOL_HEADER) && !same(PROTOCOL_HEADER_0_9)) return 'foreign'
  return size === PROTOCOL_HEADER_SIZE ? 'ours' : 'more'
}

/**
 * Bytes of the first whole frame in [at, end), or -1 if more input is needed. Rejects the declared size before
 * waiting for it, and an end that is none.
 */
export function frameLength(bytes: Uint8Array, at: number, end: number, frameMax: number): number {
  if (end - at < FRAME_HEADER_SIZE) return -1
  const payloadSize = u32At(bytes, at + 3)
  if (payloadSize > frameMax - FRAME_OVERHEAD + FRAME_SLACK) {
    throw new Fault('frame-error', `frame of ${payloadSize} bytes, ${frameMax} are the most`)
  }
  const size = payloadSize + FRAME_OVERHEAD
  if (end - at < size) return -1
  if (bytes[at + size - 1] !== FRAME_END) {
    throw new Fault('frame-error', `frame of ${payloadSize} bytes without its end`)
  }
  return size
}

/** Writes type, channel and size at `at`; answers where the payload begins. */
export function writeFrameHeader(
  bytes: Uint8Array,
  at: number,
  frame: { readonly type: number; readonly channel: number; readonly payloadSize: number },
): number {
  bytes[at] = frame.type
  setU16At(bytes, at + 1, frame.channel)
  setU32At(bytes, at + 3, frame.payloadSize)
  return at + FRAME_HEADER_SIZE
}

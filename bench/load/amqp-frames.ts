/** AMQP 0-9-1 frames that a raw load client sends, encoded beforehand. Encodes only; it never reads. */

// frame  = type:u8 channel:u16 size:u32 payload end:u8(0xce)        all integers big-endian
// method = class:u16 method:u16 arguments                           the payload of a frame of type 1

export const FRAME_METHOD = 1
const FRAME_HEADER = 2
const FRAME_BODY = 3
const FRAME_END = 0xce
export const FRAME_OVERHEAD = 8
const DELIVERY_MODE = 0x1000 // the flag of the one property that a message has here
const PERSISTENT = 2

export const PROTOCOL_HEADER: Uint8Array = Buffer.from('AMQP\0\0\x09\x01', 'latin1')

/** A method by the numbers of its class and itself. */
export type MethodId = readonly [classId: number, methodId: number]

export function u8(value: number): Buffer {
  return Buffer.of(value)
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

export function shortString(text: string): Buffer {
  return Buffer.concat([u8(Buffer.byteLength(text)), Buffer.from(text)])
}

export function longString(text: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)])
}

/** A table of texts. */
export function table(fields: { readonly [name: string]: string }): Buffer {
  const S = 'S'.charCodeAt(0)
  const members = Object.entries(fields).flatMap(([name, value]) => [
    shortString(name),
    u8(S),
    longString(value),
  ])
  const bytes = Buffer.concat(members)
  return Buffer.concat([u32(bytes.length), bytes])
}

export function method(channel: number, id: MethodId, parts: readonly Buffer[] = []): Buffer {
  return frame(FRAME_METHOD, channel, Buffer.concat([u16(id[0]), u16(id[1]), ...parts]))
}

export type Publish = {
  readonly queue: string
  readonly body: Uint8Array
  readonly persistence: 'persistent' | 'transient'
}

/** A whole basic.publish to the default exchange on channel 1: method, header and body. */
export function publish({ queue, body, persistence }: Publish): Buffer {
  const key = [u16(0), shortString(''), shortString(queue), u8(0)]
  const header = [u16(60), u16(0), u64(body.length), ...properties(persistence)]
  return Buffer.concat([
    method(1, [60, 40], key),
    frame(FRAME_HEADER, 1, Buffer.concat(header)),
    frame(FRAME_BODY, 1, body),
  ])
}

/** Settles all up to this delivery on channel 1. */
export function ackThrough(deliveryTag: number): Buffer {
  const MULTIPLE = 1
  return method(1, [60, 80], [u64(deliveryTag), u8(MULTIPLE)])
}

function properties(persistence: Publish['persistence']): readonly Buffer[] {
  return persistence === 'persistent' ? [u16(DELIVERY_MODE), u8(PERSISTENT)] : [u16(0)]
}

function frame(type: number, channel: number, payload: Uint8Array): Buffer {
  return Buffer.concat([u8(type), u16(channel), u32(payload.length), payload, u8(FRAME_END)])
}

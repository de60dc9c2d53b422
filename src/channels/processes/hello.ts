/**
 * The first frame of each side of a link: who speaks, which purpose is meant, and what may be sent to it.
 * Only encoding and decoding; who is let in is the listener's decision.
 */
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import { ChannelMisuse } from '../contract.ts'
import {
  bytesCeiling,
  helloTextMax,
  type LinkLimits,
  silenceMsMax,
  silenceMsMin,
  windowMessagesCeiling,
} from './limits.ts'

// hello = magic version purpose token windowMessages windowBytes messageBytesMax silenceMs
// magic           : u32  "NARU"
// version         : u8   1; a peer with another one is refused
// purpose, token  : u16 size, UTF-8
// the four limits : u32 each
// Bytes after them are ignored, so that a later version can say more.
const VERSION = 1
const MAGIC = 0x5552414e // "NARU" as little-endian bytes

export interface Hello {
  /** What the link is for: `channel`, `rpc`, `coordinator`, or a name of the program's own. */
  readonly purpose: string
  /** A secret both sides know, or empty. */
  readonly token: string
  readonly limits: LinkLimits
}

export function encodeHello(hello: Hello): Uint8Array {
  const purpose = textBytes(hello.purpose)
  const token = textBytes(hello.token)
  const bytes = Buffer.alloc(5 + 2 + purpose.length + 2 + token.length + 16)
  let at = bytes.writeUInt32LE(MAGIC, 0)
  at = bytes.writeUInt8(VERSION, at)
  for (const text of [purpose, token]) {
    at = bytes.writeUInt16LE(text.length, at)
    at += text.copy(bytes, at)
  }
  const { windowMessages, windowBytes, messageBytesMax, silenceMs } = hello.limits
  for (const limit of [windowMessages, windowBytes, messageBytesMax, silenceMs]) {
    at = bytes.writeUInt32LE(limit, at)
  }
  return bytes
}

/** Throws a Fault, whatever the bytes are, unless they are a hello that makes sense. */
export function decodeHello(bytes: Uint8Array): Hello {
  const reader = new Reader(bytes)
  if (reader.u32() !== MAGIC)
    throw new Fault('no-naru', 'the other side does not speak to channels')
  const version = reader.u8()
  if (version !== VERSION) throw new Fault('version', `version ${version}, and this is ${VERSION}`)
  const purpose = text(reader)
  const token = text(reader)
  const limits: LinkLimits = {
    windowMessages: reader.u32(),
    windowBytes: reader.u32(),
    messageBytesMax: reader.u32(),
    silenceMs: reader.u32(),
  }
  const wrong = wrongLimit(limits)
  if (wrong !== null) throw new Fault('hello', wrong)
  return { purpose, token, limits }
}

/** Throws where a program's own choice makes no sense. */
export function checkLimits(limits: LinkLimits): void {
  const wrong = wrongLimit(limits)
  if (wrong !== null) throw new ChannelMisuse(wrong)
}

function wrongLimit(limits: LinkLimits): string | null {
  for (const [name, [min, max]] of Object.entries(limitBounds)) {
    const value = limits[name as keyof LinkLimits]
    if (!within(value, min, max))
      return `${name} is a whole number from ${min} to ${max}, not ${value}`
  }
  return null
}

const limitBounds: Readonly<Record<keyof LinkLimits, readonly [min: number, max: number]>> = {
  windowMessages: [1, windowMessagesCeiling],
  windowBytes: [1, bytesCeiling],
  messageBytesMax: [1, bytesCeiling],
  silenceMs: [silenceMsMin, silenceMsMax],
}

function within(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}

function text(reader: Reader): string {
  const size = reader.u16()
  if (size > helloTextMax) throw new Fault('hello', `a name of ${size} bytes`)
  return reader.utf8(size)
}

function textBytes(value: string): Buffer {
  const bytes = Buffer.from(value)
  if (bytes.length <= helloTextMax) return bytes
  throw new ChannelMisuse(`a name or token of ${bytes.length} bytes: at most ${helloTextMax}`)
}

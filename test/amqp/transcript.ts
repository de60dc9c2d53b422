/**
 * What a client hears, as text: one line a method with its fields, contents behind the method that brings them.
 * It is a decoder of its own kind: strict about the order of frames, so that what the broker mixes up is found.
 */
import assert from 'node:assert/strict'
import { Fault } from '../../src/base/fault.ts'
import type { Field } from '../../src/wire/amqp/field-table.ts'
import {
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  frameLength,
} from '../../src/wire/amqp/frame.ts'
import { decodeMethod } from '../../src/wire/amqp/method-codec.ts'
import { decodeProperties } from '../../src/wire/amqp/properties.ts'

const withContent: ReadonlySet<string> = new Set(['basic.deliver', 'basic.return', 'basic.get-ok'])
const FRAME_MAX = 2 ** 20 // more than any frame that is agreed on

interface Pending {
  readonly channel: number
  readonly text: string
  properties: string
  /** -1 until the header came. */
  missing: number
  body: string
  frames: number
}

export class Transcript {
  readonly lines: string[] = []
  #rest = Buffer.alloc(0)
  /** By channel: their frames may come between one another. */
  readonly #pending = new Map<number, Pending>()

  add(bytes: Uint8Array): void {
    let rest = Buffer.concat([this.#rest, bytes])
    if (rest.subarray(0, 4).toString('latin1') === 'AMQP') {
      this.lines.push(`header ${[...rest.subarray(4, 8)].join('.')}`)
      rest = rest.subarray(8)
    }
    for (;;) {
      const size = frameLength(rest, 0, rest.length, FRAME_MAX)
      if (size < 0) break
      this.#frame(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
    this.#rest = Buffer.from(rest)
  }

  #frame(frame: Buffer): void {
    const type = frame[0]
    const channel = frame.readUInt16BE(1)
    const payload = frame.subarray(7, -1)
    if (type === FRAME_METHOD) this.#method(channel, payload)
    else if (type === FRAME_HEADER) this.#header(channel, payload)
    else if (type === FRAME_BODY) this.#body(channel, payload)
    else if (type === FRAME_HEARTBEAT) this.lines.push('heartbeat')
    else assert.fail(`a frame of type ${type}`)
  }

  #method(channel: number, payload: Buffer): void {
    assert.equal(this.#pending.get(channel), undefined, 'a method within a message')
    const { name, fields } = decodeMethod(payload, 0, payload.length)
    const shown = Object.entries(fields as Record<string, unknown>)
      .filter(([, value]) => value !== false && value !== '' && !isEmpty(value))
      .map(([field, value]) => (value === true ? field : `${field}=${show(value)}`))
    const text = [channel, name, ...shown].join(' ')
    if (!withContent.has(name)) this.lines.push(text)
    else {
      const pending = { channel, text, properties: '', missing: -1, body: '', frames: 0 }
      this.#pending.set(channel, pending)
    }
  }

  #header(channel: number, payload: Buffer): void {
    const pending = this.#pending.get(channel)
    assert.ok(pending?.missing === -1, 'a header that nothing announced')
    assert.equal(payload.readUInt16BE(0), 60)
    pending.missing = Number(payload.readBigUInt64BE(4))
    pending.properties = showProperties(payload.subarray(12))
    this.#finish(pending)
  }

  #body(channel: number, payload: Buffer): void {
    const pending = this.#pending.get(channel)
    assert.ok(pending !== undefined && pending.missing >= payload.length, 'a body too many')
    pending.missing -= payload.length
    pending.body += payload.toString()
    pending.frames++
    this.#finish(pending)
  }

  #finish({ channel, text, properties, missing, body, frames }: Pending): void {
    if (missing > 0) return
    const many = frames > 1 ? ` frames=${frames}` : ''
    const shown = body.length > 100 ? `${body.length} bytes` : JSON.stringify(body)
    this.lines.push(`${text}${properties} body=${shown}${many}`)
    this.#pending.delete(channel)
  }
}

function isEmpty(value: unknown): boolean {
  return (Array.isArray(value) || value instanceof Uint8Array) && value.length === 0
}

/** What has texts that are none is shown as it is. */
function showProperties(bytes: Buffer): string {
  try {
    return Object.entries(decodeProperties(bytes, 0, bytes.length))
      .filter(([, value]) => value !== null)
      .map(([field, value]) => ` ${field}=${show(value)}`)
      .join('')
  } catch (error) {
    assert(error instanceof Fault, String(error))
    return ` properties=${bytes.toString('hex')}`
  }
}

/** The name of a header, and its value if it is a number. */
function showField({ name, value: { value } }: Field): string {
  return typeof value === 'number' || typeof value === 'bigint' ? `${name}=${value}` : name
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (Array.isArray(value)) return `[${value.map(showField).join(',')}]`
  return String(value)
}

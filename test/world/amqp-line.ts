/**
 * An AMQP connection of a client in the world, with one channel: it says the handshake, sends methods and messages
 * as bytes, and sorts what it hears into answers, deliveries and confirms. It decides nothing.
 */
import assert from 'node:assert/strict'
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD, frameLength } from '../../src/wire/amqp/frame.ts'
import { decodeMethod, type Method, type MethodName } from '../../src/wire/amqp/method-codec.ts'
import { handshake, method } from '../amqp/amqp-world.ts'
import { Cut, Line } from './line.ts'
import type { Session } from './session.ts'

export const AMQP_PORT = 5672
export const CHANNEL = 1

const FRAME_MAX = 2 ** 20 // more than any frame that is agreed on
const PREFETCH_SCOPE = { prefetchSize: 0, global: false }

type Named<N extends MethodName> = Extract<Method, { readonly name: N }>

/** A message that came, with the method that brought it. */
export type Arrival = {
  readonly tag: number
  readonly redelivered: 'redelivered' | 'new'
  readonly body: Uint8Array
}

type Confirm = { readonly tag: number; readonly many: boolean; readonly verdict: 'ack' | 'nack' }

type Coming = { readonly method: Method; missing: number; body: Uint8Array }

export class AmqpLine {
  /** Messages, delivered or asked for, in the order in which they came. */
  readonly arrivals: Arrival[] = []
  readonly confirms: Confirm[] = []
  /** Answers to basic.get, empty ones too. */
  getCount = 0
  /** Why the broker closed the channel or the connection; null while it did not. */
  closed: string | null = null
  readonly #session: Session
  readonly #answers: Method[] = []
  #coming: Coming | null = null
  #line: Line | null = null

  private constructor(session: Session) {
    this.#session = session
  }

  /** An open connection with an open channel; null when there is none to be had now. */
  static async open(session: Session): Promise<AmqpLine | null> {
    const made = new AmqpLine(session)
    made.#line = await Line.open(session, AMQP_PORT, (bytes) => made.#take(bytes))
    if (made.#line === null) return null
    made.send(handshake(), method(CHANNEL, 'channel.open', { outOfBand: '' }))
    await made.answer('connection.start')
    await made.answer('connection.tune')
    await made.answer('connection.open-ok')
    await made.answer('channel.open-ok')
    return made
  }

  get isOver(): boolean {
    return this.closed !== null || (this.#line?.isOver ?? true)
  }

  send(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#line?.send(part)
  }

  cut(): void {
    this.#line?.cut()
  }

  /** The next answer, which has to be this one. */
  async answer<N extends MethodName>(name: N): Promise<Named<N>> {
    while (this.#answers.length === 0) await this.news()
    const [answer] = this.#answers.splice(0, 1)
    assert.equal(answer?.name, name)
    return answer as Named<N>
  }

  /** Waits until something was heard. */
  async news(): Promise<void> {
    if (this.#line === null || this.closed !== null) throw new Cut(this.closed ?? 'no connection')
    await this.#line.news(this.#session)
    if (this.closed !== null) throw new Cut(this.closed)
  }

  /** Everything that was sent before has been read. */
  async sync(): Promise<void> {
    this.send(method(CHANNEL, 'basic.qos', { ...PREFETCH_SCOPE, prefetchCount: 0 }))
    await this.answer('basic.qos-ok')
  }

  /** In good order. */
  async close(): Promise<void> {
    const reason = { replyCode: 200, replyText: '', classId: 0, methodId: 0 }
    this.send(method(0, 'connection.close', reason))
    // What was on its way comes before.
    while (this.#answers[0]?.name !== 'connection.close-ok') {
      this.#answers.shift()
      if (this.#answers.length === 0) await this.news()
    }
    this.cut()
  }

  #take(bytes: Uint8Array): number {
    const size = frameLength(bytes, 0, bytes.length, FRAME_MAX)
    if (size < 0) return 0
    const payload = bytes.slice(7, size - 1)
    if (bytes[0] === FRAME_METHOD) {
      const isOurs = bytes[1] !== 0 || bytes[2] !== 0
      // Those of the connection may come anywhere.
      if (isOurs) assert.equal(this.#coming, null, 'a method within a message')
      this.#method(decodeMethod(payload, 0, payload.length))
    } else if (bytes[0] === FRAME_HEADER) this.#header(payload)
    else if (bytes[0] === FRAME_BODY) this.#body(payload)
    return size
  }

  #method(heard: Method): void {
    const { name, fields } = heard
    switch (name) {
      case 'basic.deliver':
      case 'basic.get-ok':
        this.#coming = { method: heard, missing: -1, body: new Uint8Array(0) }
        return
      case 'basic.get-empty':
        this.getCount++
        return
      case 'basic.recover-ok':
        // What came before has gone back; what comes from here on is new to us.
        this.arrivals.length = 0
        this.#answers.push(heard)
        return
      case 'basic.ack':
        this.confirms.push({
          tag: Number(fields.deliveryTag),
          many: fields.multiple,
          verdict: 'ack',
        })
        return
      case 'basic.nack':
        this.confirms.push({
          tag: Number(fields.deliveryTag),
          many: fields.multiple,
          verdict: 'nack',
        })
        return
      case 'connection.close':
        this.closed = `${fields.replyCode} ${fields.replyText}`
        this.send(method(0, 'connection.close-ok', {}))
        return
      case 'channel.close':
        assert.fail(`the channel was closed: ${fields.replyCode} ${fields.replyText}`)
        return
      default:
        this.#answers.push(heard)
    }
  }

  #header(payload: Uint8Array): void {
    const coming = this.#coming
    assert(coming !== null && coming.missing === -1, 'a header that nothing announced')
    coming.missing = Number(Buffer.from(payload.buffer).readBigUInt64BE(payload.byteOffset + 4))
    this.#finish(coming)
  }

  #body(payload: Uint8Array): void {
    const coming = this.#coming
    assert(coming !== null && coming.missing >= payload.length, 'a body too many')
    coming.missing -= payload.length
    coming.body = Buffer.concat([coming.body, payload])
    this.#finish(coming)
  }

  #finish({ method: heard, missing, body }: Coming): void {
    if (missing > 0) return
    this.#coming = null
    assert(heard.name === 'basic.deliver' || heard.name === 'basic.get-ok')
    const { deliveryTag, redelivered } = heard.fields
    const arrival: Arrival = {
      tag: Number(deliveryTag),
      redelivered: redelivered ? 'redelivered' : 'new',
      body,
    }
    this.arrivals.push(arrival)
    if (heard.name === 'basic.get-ok') this.getCount++
  }
}

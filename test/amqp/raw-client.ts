/**
 * An AMQP client on any network, real or simulated: one connection, one channel, our own codec. It does what it is
 * told and hides nothing; whoever uses it waits for what must come, and is told when it cannot come any more.
 */
import type { Address, Connection, ConnectionHandler, Net } from '../../src/base/ports.ts'
import {
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  frameLength,
} from '../../src/wire/amqp/frame.ts'
import { decodeMethod, type Method, type MethodName } from '../../src/wire/amqp/method-codec.ts'
import { decodeProperties, type Properties } from '../../src/wire/amqp/properties.ts'
import { contentHeader, frame, handshake, method } from './amqp-world.ts'

/** The broker closed the channel or the connection, or is gone. */
export class AmqpClosed extends Error {
  override readonly name = 'AmqpClosed'
  /** The reply code; 0 when there was none. */
  readonly code: number

  constructor(code: number, text: string) {
    super(text)
    this.code = code
  }
}

export type AmqpMessage = {
  readonly method: Method
  readonly properties: Properties
  readonly body: Uint8Array
}

export type Outgoing = {
  readonly queue: string
  readonly body: Uint8Array
  readonly contentType: string | null
  readonly persistence: 'persistent' | 'transient'
}

type Arriving = {
  readonly method: Method
  properties: Properties | null
  body: Buffer
  missing: number
}

const CHANNEL = 1
const FRAME_MAX = 131_072 // what RabbitMQ and this broker offer
/** Bytes of a body in one frame. */
const PIECE_BYTES = FRAME_MAX - 8

export class AmqpClient implements ConnectionHandler {
  readonly #connection: Connection
  #rest = Buffer.alloc(0)
  #arriving: Arriving | null = null
  #waiting: (() => void)[] = []
  /** Of the last request; null until it came. */
  #answer: Method | AmqpMessage | null = null
  /** Why no channel is open; null while one is. */
  #channelClosed: AmqpClosed | null = null
  #lost: AmqpClosed | null = null
  /** Delivered and not yet looked at by the user, who may take them out. */
  readonly deliveries: AmqpMessage[] = []
  /** Published since confirms were asked for. */
  published = 0
  /** Publishes up to here are confirmed. */
  confirmed = 0
  /** What the broker says of blocked publishers, in order. */
  readonly blocked: string[] = []
  heartbeats = 0
  /** Told of every confirm: of one, or of all up to it. */
  onConfirm: (tag: number, many: 'one' | 'many', verdict: 'ack' | 'nack') => void = () => {}

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  static async connect(
    net: Net,
    address: Address,
    greeting: Uint8Array = handshake(),
  ): Promise<AmqpClient> {
    const client = new AmqpClient(await net.connect(address))
    client.#connection.start(client)
    await client.ask(greeting, 'connection.open-ok')
    await client.openChannel()
    return client
  }

  get isLost(): boolean {
    return this.#lost !== null
  }

  /** Opens the channel, again after it was closed, with confirms. */
  async openChannel(): Promise<void> {
    this.#channelClosed = null
    this.deliveries.length = 0
    this.published = 0
    this.confirmed = 0
    await this.ask(method(CHANNEL, 'channel.open', { outOfBand: '' }), 'channel.open-ok')
    await this.ask(method(CHANNEL, 'confirm.select', { noWait: false }), 'confirm.select-ok')
  }

  async closeChannel(): Promise<void> {
    const fields = { replyCode: 200, replyText: '', classId: 0, methodId: 0 }
    await this.ask(method(CHANNEL, 'channel.close', fields), 'channel.close-ok')
  }

  /** Sends a request; resolves with its answer, which is one of these. */
  async ask(request: Uint8Array, ...answers: readonly MethodName[]): Promise<Method | AmqpMessage> {
    this.#answer = null
    this.say(request)
    return this.until(() => {
      const answer = this.#answer
      if (answer === null) return null
      return answers.includes('method' in answer ? answer.method.name : answer.name) ? answer : null
    })
  }

  /** Sends and expects no answer. */
  say(request: Uint8Array): void {
    if (this.#lost !== null) throw this.#lost
    this.#connection.write(request)
  }

  /** Its number is what confirms name. */
  publish({ queue, body, contentType, persistence }: Outgoing): number {
    const address = { exchange: '', routingKey: queue, mandatory: false, immediate: false }
    const pieces: Uint8Array[] = []
    for (let at = 0; at < body.length; at += PIECE_BYTES) {
      pieces.push(frame(FRAME_BODY, CHANNEL, body.subarray(at, at + PIECE_BYTES)))
    }
    const properties = { contentType, deliveryMode: persistence === 'persistent' ? 2 : 1 }
    this.say(
      Buffer.concat([
        method(CHANNEL, 'basic.publish', { ticket: 0, ...address }),
        contentHeader(CHANNEL, body.length, properties),
        ...pieces,
      ]),
    )
    return ++this.published
  }

  /** Resolves when everything that was published is confirmed. */
  async allConfirmed(): Promise<void> {
    await this.until(() => (this.confirmed === this.published ? true : null))
  }

  /** Resolves with what `look` finds, as soon as it finds something; rejects when nothing can come any more. */
  async until<T>(look: () => T | null): Promise<T> {
    for (;;) {
      const found = look()
      if (found !== null) return found
      const error = this.#lost ?? this.#channelClosed
      if (error !== null) throw error
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Says goodbye and waits until it is heard. */
  async close(): Promise<void> {
    if (this.#lost !== null) return
    const fields = { replyCode: 200, replyText: '', classId: 0, methodId: 0 }
    await this.ask(method(0, 'connection.close', fields), 'connection.close-ok')
    this.#connection.destroy()
  }

  /** Is gone without a word. */
  drop(): void {
    this.#lose(new AmqpClosed(0, 'we left'))
    this.#connection.destroy()
  }

  data(bytes: Uint8Array): void {
    let rest = Buffer.concat([this.#rest, bytes])
    for (;;) {
      const size = frameLength(rest, 0, rest.length, FRAME_MAX)
      if (size < 0) break
      this.#frame(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
    this.#rest = rest
    this.#wake()
  }

  ended(): void {
    this.#connection.destroy()
  }

  drained(): void {}

  closed(): void {
    this.#lose(new AmqpClosed(0, 'the connection is gone'))
  }

  #frame(bytes: Buffer): void {
    const payload = bytes.subarray(7, -1)
    if (bytes[0] === FRAME_METHOD) this.#method(decodeMethod(payload, 0, payload.length))
    else if (bytes[0] === FRAME_HEADER) this.#header(payload)
    else if (bytes[0] === FRAME_BODY) this.#body(payload)
    else if (bytes[0] === FRAME_HEARTBEAT) this.heartbeats++
  }

  #method(incoming: Method): void {
    switch (incoming.name) {
      case 'basic.deliver':
      case 'basic.get-ok':
        this.#arriving = { method: incoming, properties: null, body: Buffer.alloc(0), missing: -1 }
        return
      case 'basic.ack':
      case 'basic.nack':
        this.#confirm(incoming)
        return
      case 'channel.close':
        this.#channelClosed = new AmqpClosed(incoming.fields.replyCode, incoming.fields.replyText)
        this.#connection.write(method(CHANNEL, 'channel.close-ok', {}))
        return
      case 'connection.close':
        this.#connection.write(method(0, 'connection.close-ok', {}))
        this.#lose(new AmqpClosed(incoming.fields.replyCode, incoming.fields.replyText))
        this.#connection.end()
        return
      case 'connection.blocked':
        this.blocked.push(incoming.fields.reason)
        return
      case 'connection.unblocked':
        this.blocked.push('')
        return
      default:
        this.#answer = incoming
    }
  }

  #confirm({ name, fields }: Method & { name: 'basic.ack' | 'basic.nack' }): void {
    const tag = Number(fields.deliveryTag)
    this.confirmed = Math.max(this.confirmed, tag)
    this.onConfirm(tag, fields.multiple ? 'many' : 'one', name === 'basic.ack' ? 'ack' : 'nack')
  }

  #header(payload: Buffer): void {
    const arriving = this.#arriving!
    arriving.missing = Number(payload.readBigUInt64BE(4))
    arriving.properties = decodeProperties(payload, 12, payload.length)
    this.#finish(arriving)
  }

  #body(payload: Buffer): void {
    const arriving = this.#arriving!
    arriving.missing -= payload.length
    arriving.body = Buffer.concat([arriving.body, payload])
    this.#finish(arriving)
  }

  #finish({ method: incoming, properties, body, missing }: Arriving): void {
    if (missing > 0) return
    this.#arriving = null
    const message = { method: incoming, properties: properties!, body: new Uint8Array(body) }
    if (incoming.name === 'basic.deliver') this.deliveries.push(message)
    else this.#answer = message
  }

  #lose(error: AmqpClosed): void {
    this.#lost ??= error
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

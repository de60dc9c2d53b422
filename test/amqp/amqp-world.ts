/**
 * A broker in memory, or on a simulated disk, with an AMQP listener, and clients that are scripts: what they send is
 * bytes, what they hear is one line for each frame. Time stands still unless a test moves it.
 */
// A broker loads this one when it opens a directory: here before time stands still, which waits for no file.
import '../../src/journal/journal.ts'
import assert from 'node:assert/strict'
import type { Connection, Disk, Net, World } from '../../src/base/ports.ts'
import { Writer } from '../../src/base/writer.ts'
import type { BrokerLimits } from '../../src/broker/limits.ts'
import { Runtime } from '../../src/broker/runtime.ts'
import type { AmqpLimits } from '../../src/gateway/amqp/limits.ts'
import { type AmqpListener, openAmqpListener } from '../../src/gateway/amqp/listener.ts'
import type { FieldTable } from '../../src/wire/amqp/field-table.ts'
import { longString } from '../../src/wire/amqp/field-table.ts'
import { FRAME_BODY, FRAME_END, FRAME_HEADER, PROTOCOL_HEADER } from '../../src/wire/amqp/frame.ts'
import { type Fields, type MethodName, writeMethod } from '../../src/wire/amqp/method-codec.ts'
import { type Properties, writeProperties } from '../../src/wire/amqp/properties.ts'
import { Clockwork } from '../channels/clockwork.ts'
import { ScriptedConnection } from '../gateway/scripted-connection.ts'
import { tinyLimits } from '../journal/journal-world.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { Transcript } from './transcript.ts'

/** How long a sync of the disk takes, to be changed at any time. */
export type DiskPace = { syncMs: number }

const LOOPBACK = '127.0.0.1:50000'
const IN_MEMORY = { directory: null, durability: 'memory' } as const
/** In tiny files, of which little stays in memory. */
const ON_DISK = { directory: 'data', durability: 'fsync', journalLimits: tinyLimits } as const

export class AmqpWorld {
  readonly clockwork: Clockwork
  readonly warnings: string[]
  readonly broker: Runtime
  readonly listener: AmqpListener
  readonly #accept: (connection: Connection) => void

  private constructor(parts: {
    readonly broker: Runtime
    readonly listener: AmqpListener
    readonly accept: (connection: Connection) => void
    readonly clockwork: Clockwork
    readonly warnings: string[]
  }) {
    this.broker = parts.broker
    this.listener = parts.listener
    this.clockwork = parts.clockwork
    this.warnings = parts.warnings
    this.#accept = parts.accept
  }

  static async open(
    limits: Partial<AmqpLimits> = {},
    brokerLimits: Partial<BrokerLimits> = {},
    on: CrashDisk | DiskPace | null = null,
  ): Promise<AmqpWorld> {
    const clockwork = new Clockwork()
    const warnings: string[] = []
    let accept: (connection: Connection) => void = () => assert.fail('nobody listens')
    const address = { kind: 'tcp', host: '127.0.0.1', port: 5672 } as const
    const net: Net = {
      listen: (_address, accepts) => {
        accept = accepts
        return Promise.resolve({ address, close: () => Promise.resolve() })
      },
      connect: () => assert.fail('a broker calls nobody'),
    }
    const { clock, random, scheduler } = clockwork
    const disk = on === null || on instanceof CrashDisk ? on : diskOf(clockwork, on)
    const world: World = { clock, random, scheduler, net, disk: disk ?? (null as never) }
    const log = { info: () => {}, warn: (text: string) => warnings.push(text), error: assert.fail }
    const place = disk === null ? IN_MEMORY : ON_DISK
    const opening = Runtime.open({ ...place, world, log, limits: brokerLimits })
    const broker = await clockwork.until(opening)
    const listener = await openAmqpListener({ broker, address, log, limits })
    return new AmqpWorld({ broker, listener, accept, clockwork, warnings })
  }

  /** A connection on which nothing was said. */
  connect(peer: string = LOOPBACK): ScriptedClient {
    const client = new ScriptedClient(this.clockwork, peer)
    this.#accept(client)
    return client
  }

  /** A connection that is open, with channel 1; what was heard until then is forgotten. */
  async client(clientProperties: FieldTable = []): Promise<ScriptedClient> {
    const client = this.connect()
    await client.say(handshake(clientProperties), method(1, 'channel.open', { outOfBand: '' }))
    await this.clockwork.advance(0) // for a disk that takes no time
    assert.deepEqual(
      client.heard.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['0 connection.start', '0 connection.tune', '0 connection.open-ok', '1 channel.open-ok'],
    )
    client.forget()
    return client
  }

  /** Nothing was thrown where nobody could catch it. */
  check(): void {
    assert.deepEqual(this.clockwork.errors, [])
    assert.equal(this.broker.failure, null)
  }
}

function diskOf(clockwork: Clockwork, pace: DiskPace): Disk {
  const { clock, scheduler } = clockwork
  const delayMs = ({ kind }: { readonly kind: string }): number =>
    kind === 'sync' ? pace.syncMs : 0
  const timing = { clock, scheduler, bytesPerSecond: Number.POSITIVE_INFINITY, delayMs }
  return new CrashDisk({ timing, history: 'none' })
}

/** One client, whose frames are written down. */
export class ScriptedClient extends ScriptedConnection {
  #transcript = new Transcript()

  constructor(clockwork: Clockwork, peer: string) {
    super(clockwork, peer, 5672)
  }

  /** What was heard, a line for each frame, a content with its method. */
  get heard(): readonly string[] {
    return this.#transcript.lines
  }

  forget(): void {
    this.#transcript.lines.length = 0
  }

  /** Sends, lets everything happen, and answers what was heard since it was last asked. */
  async say(...parts: readonly Uint8Array[]): Promise<readonly string[]> {
    const before = this.heard.length
    for (const part of parts) this.receive(part)
    await this.clockwork.settle()
    return this.heard.slice(before)
  }

  /** The same in pieces, with time for everything to happen between two. */
  async sayInPieces(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) await this.say(piece)
  }

  protected override hear(bytes: Uint8Array): void {
    this.#transcript.add(bytes)
  }
}

// What clients say.

export function method<N extends MethodName>(
  channel: number,
  name: N,
  fields: Fields<N>,
): Uint8Array {
  const writer = new Writer()
  writeMethod(writer, channel, { name, fields })
  return writer.take()
}

export function handshake(clientProperties: FieldTable = [], user = 'guest'): Uint8Array {
  return handshakeWith({ clientProperties, user })
}

export function handshakeWith(terms: {
  readonly clientProperties?: FieldTable
  readonly user?: string
  readonly frameMax?: number
  readonly heartbeat?: number
}): Uint8Array {
  const { clientProperties = [], user = 'guest', frameMax = 131072, heartbeat = 0 } = terms
  return Buffer.concat([
    PROTOCOL_HEADER,
    method(0, 'connection.start-ok', {
      clientProperties,
      mechanism: 'PLAIN',
      response: Buffer.from(`\0${user}\0guest`),
      locale: 'en_US',
    }),
    method(0, 'connection.tune-ok', { channelMax: 2047, frameMax, heartbeat }),
    method(0, 'connection.open', { virtualHost: '/', capabilities: '', insist: false }),
  ])
}

/** Client properties that claim these. */
export function capable(...names: readonly string[]): FieldTable {
  const value = names.map((name) => ({ name, value: { type: 't', value: true } as const }))
  return [
    { name: 'product', value: longString('script') },
    { name: 'capabilities', value: { type: 'F', value } },
  ]
}

export function frame(type: number, channel: number, payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(7)
  head[0] = type
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, Buffer.of(FRAME_END)])
}

/** A piece of a body. */
export function bodyFrame(channel: number, text: string): Uint8Array {
  return frame(FRAME_BODY, channel, Buffer.from(text))
}

export interface Message {
  readonly exchange?: string
  readonly key: string
  readonly body: string
  readonly properties?: Partial<Properties>
  readonly mandatory?: boolean
  readonly immediate?: boolean
  /** Bytes of the body in each frame; all of them without. */
  readonly pieceSize?: number
}

export function publish(channel: number, message: Message): Uint8Array {
  const { exchange = '', key: routingKey, mandatory = false, immediate = false } = message
  const body = Buffer.from(message.body)
  const pieceSize = message.pieceSize ?? Math.max(1, body.length)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < body.length; at += pieceSize) {
    pieces.push(frame(FRAME_BODY, channel, body.subarray(at, at + pieceSize)))
  }
  return Buffer.concat([
    method(channel, 'basic.publish', { ticket: 0, exchange, routingKey, mandatory, immediate }),
    contentHeader(channel, body.length, message.properties ?? {}),
    ...pieces,
  ])
}

export function contentHeader(
  channel: number,
  bodySize: number,
  properties: Partial<Properties> = {},
): Uint8Array {
  const writer = new Writer()
  writer.u32be(60 * 2 ** 16)
  writer.u53be(bodySize)
  writeProperties(writer, properties)
  return frame(FRAME_HEADER, channel, writer.take())
}

export function declare(
  channel: number,
  queue: string,
  options: Partial<Fields<'queue.declare'>> = {},
): Uint8Array {
  return method(channel, 'queue.declare', {
    ticket: 0,
    queue,
    passive: false,
    durable: false,
    exclusive: false,
    autoDelete: false,
    noWait: false,
    arguments: [],
    ...options,
  })
}

export function consume(
  channel: number,
  queue: string,
  options: Partial<Fields<'basic.consume'>> = {},
): Uint8Array {
  return method(channel, 'basic.consume', {
    ticket: 0,
    queue,
    consumerTag: 'c',
    noLocal: false,
    noAck: false,
    exclusive: false,
    noWait: false,
    arguments: [],
    ...options,
  })
}

export function get(channel: number, queue: string, acks: 'ack' | 'no-ack' = 'ack'): Uint8Array {
  return method(channel, 'basic.get', { ticket: 0, queue, noAck: acks === 'no-ack' })
}

export function ack(channel: number, tag: number, many: 'one' | 'many' = 'one'): Uint8Array {
  const fields = { deliveryTag: BigInt(tag), multiple: many === 'many' }
  return method(channel, 'basic.ack', fields)
}

export function qos(
  channel: number,
  prefetchCount: number,
  scope: 'consumer' | 'channel',
): Uint8Array {
  const global = scope === 'channel'
  return method(channel, 'basic.qos', { prefetchSize: 0, prefetchCount, global })
}

/**
 * One connection with one channel of a raw AMQP load client: the handshake, and calls that are answered by one
 * method. Afterwards the link belongs to whoever counts what comes. It knows no consumer and no publisher.
 */
import type { Address } from '../../src/base/ports.ts'
import {
  FRAME_METHOD,
  FRAME_OVERHEAD,
  longString,
  type MethodId,
  method,
  PROTOCOL_HEADER,
  shortString,
  table,
  u8,
  u16,
  u32,
} from './amqp-frames.ts'
import { Link } from './link.ts'

/** Thrown when a broker answers what no load client can go on with. */
export class AmqpRefused extends Error {
  override readonly name = 'AmqpRefused'
  readonly code = 'BENCH_AMQP_REFUSED'
}

export type QueueKind = {
  readonly queue: string
  readonly durability: 'durable' | 'transient'
  /** `x-queue-type` and its like. */
  readonly arguments: { readonly [name: string]: string }
}

const CONNECTION_CLOSE: MethodId = [10, 50]
const CHANNEL_CLOSE: MethodId = [20, 40]
const DURABLE = 2

export class AmqpClient implements AsyncDisposable {
  readonly link: Link

  private constructor(link: Link) {
    this.link = link
  }

  static async connect(address: Address): Promise<AmqpClient> {
    const client = new AmqpClient(await Link.connect(address))
    await client.#ask(PROTOCOL_HEADER, [10, 10])
    const login = [u32(0), shortString('PLAIN'), longString('\0guest\0guest'), shortString('en_US')]
    const tune = await client.#ask(method(0, [10, 11], login), [10, 30])
    const NO_HEARTBEAT = u16(0)
    client.link.write(method(0, [10, 31], [tune.subarray(0, 6), NO_HEARTBEAT]))
    await client.#ask(method(0, [10, 40], [shortString('/'), shortString(''), u8(0)]), [10, 41])
    await client.#ask(method(1, [20, 10], [shortString('')]), [20, 11])
    return client
  }

  async declare({ queue, durability, arguments: fields }: QueueKind): Promise<void> {
    const flags = u8(durability === 'durable' ? DURABLE : 0)
    const parts = [u16(0), shortString(queue), flags, table(fields)]
    await this.#ask(method(1, [50, 10], parts), [50, 11])
  }

  /** Answers how many messages were there that nobody held. */
  async purge(queue: string): Promise<number> {
    const answer = await this.#ask(
      method(1, [50, 30], [u16(0), shortString(queue), u8(0)]),
      [50, 31],
    )
    return answer.readUInt32BE(0)
  }

  async selectConfirms(): Promise<void> {
    await this.#ask(method(1, [85, 10], [u8(0)]), [85, 11])
  }

  async prefetch(messages: number): Promise<void> {
    await this.#ask(method(1, [60, 10], [u32(0), u16(messages), u8(0)]), [60, 11])
  }

  /** Deliveries come from now on: the next reader of the link gets them. */
  async consume(queue: string, settling: 'by-consumer' | 'on-delivery'): Promise<void> {
    const NO_ACK = 2
    const flags = u8(settling === 'on-delivery' ? NO_ACK : 0)
    const parts = [u16(0), shortString(queue), shortString(CONSUMER_TAG), flags, u32(0)]
    await this.#ask(method(1, [60, 20], parts), [60, 21])
  }

  async close(): Promise<void> {
    await this.link.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Sends, and resolves with the arguments of the method that was expected. */
  async #ask(bytes: Uint8Array, expected: MethodId): Promise<Buffer> {
    const answer = new Promise<Buffer>((resolve, reject) => {
      let waiting = Buffer.alloc(0)
      this.link.onLost(reject)
      this.link.read((read) => {
        waiting = Buffer.concat([waiting, read])
        if (waiting.length < FRAME_OVERHEAD) return
        const size = waiting.readUInt32BE(3) + FRAME_OVERHEAD
        if (waiting.length < size) return
        // Whatever lies behind the answer, a first delivery, is the next reader's.
        this.link.unread(waiting.subarray(size))
        const answered = argumentsOf(waiting.subarray(0, size), expected)
        if (answered instanceof Error) reject(answered)
        else resolve(answered)
      })
    })
    this.link.write(bytes)
    return await answer
  }
}

const CONSUMER_TAG = 'c'

function argumentsOf(frame: Buffer, expected: MethodId): Buffer | AmqpRefused {
  const METHOD_AT = 7 // behind the frame's header
  if (frame[0] !== FRAME_METHOD) return new AmqpRefused(`a frame of type ${frame[0]}`)
  const id: MethodId = [frame.readUInt16BE(METHOD_AT), frame.readUInt16BE(METHOD_AT + 2)]
  const rest = frame.subarray(METHOD_AT + 4, frame.length - 1)
  if (isSame(id, expected)) return rest
  if (isSame(id, CONNECTION_CLOSE) || isSame(id, CHANNEL_CLOSE)) {
    const text = rest.toString('utf8', 3, 3 + (rest[2] ?? 0))
    return new AmqpRefused(`closed with ${rest.readUInt16BE(0)} ${text}`)
  }
  return new AmqpRefused(`method ${id.join('.')} where ${expected.join('.')} was expected`)
}

function isSame(one: MethodId, other: MethodId): boolean {
  return one[0] === other[0] && one[1] === other[1]
}

/**
 * A Kafka connection of a client in the world: requests out, answers back in their order, with the codecs of the
 * product. It decides nothing.
 */
import assert from 'node:assert/strict'
import { decodeResponseHeader, frameSize, openRequest } from '../../src/wire/kafka/frame.ts'
import { kafkaWireLimits } from '../../src/wire/kafka/limits.ts'
import { type ApiName, apis } from '../../src/wire/kafka/messages/apis.generated.ts'
import { WireReader } from '../../src/wire/kafka/reader.ts'
import { WireWriter } from '../../src/wire/kafka/writer.ts'
import { Line } from './line.ts'
import type { Session } from './session.ts'

export const KAFKA_PORT = 9092

/** One kind of request in one version. */
export type Exchange<Q, A> = {
  readonly api: ApiName
  readonly version: number
  readonly encode: (w: WireWriter, version: number, request: Q) => void
  readonly decode: (r: WireReader, version: number) => A
}

type Open = {
  readonly api: ApiName
  readonly version: number
  readonly correlationId: number
  readonly hear: (r: WireReader) => void
}

/** What was asked for, once it is there. */
export type Asked<A> = { answer: A | null }

export class KafkaLine {
  readonly #session: Session
  readonly #clientId: string
  readonly #asked: Open[] = []
  #line: Line | null = null
  #correlationId = 0

  private constructor(session: Session, clientId: string) {
    this.#session = session
    this.#clientId = clientId
  }

  /** null: nobody listens there now. */
  static async open(session: Session, clientId: string): Promise<KafkaLine | null> {
    const made = new KafkaLine(session, clientId)
    made.#line = await Line.open(session, KAFKA_PORT, (bytes) => made.#take(bytes))
    return made.#line === null ? null : made
  }

  get isOver(): boolean {
    return this.#line?.isOver ?? true
  }

  cut(): void {
    this.#line?.cut()
  }

  /** Sends without waiting: the answer will be in what this returns. */
  send<Q, A>({ api, version, encode, decode }: Exchange<Q, A>, request: Q): Asked<A> {
    const asked: Asked<A> = { answer: null }
    const correlationId = this.#correlationId++
    const header = { apiKey: apis[api].key, version, correlationId, clientId: this.#clientId }
    const w = new WireWriter()
    const at = openRequest(w, header)
    encode(w, version, request)
    w.closeFrame(at)
    this.#asked.push({
      ...{ api, version, correlationId },
      hear: (r) => {
        asked.answer = decode(r, version)
      },
    })
    this.#line?.send(w.take())
    return asked
  }

  async ask<Q, A>(exchange: Exchange<Q, A>, request: Q): Promise<A> {
    const asked = this.send(exchange, request)
    while (asked.answer === null) await this.news()
    return asked.answer
  }

  async news(): Promise<void> {
    await this.#line?.news(this.#session)
  }

  #take(bytes: Uint8Array): number {
    const span = { at: 0, end: bytes.length, max: kafkaWireLimits.frameBytes }
    const size = frameSize(bytes, span)
    if (size < 0 || bytes.length < size) return 0
    const next = this.#asked.shift()
    assert(next !== undefined, 'an answer that nobody asked for')
    // A copy: what is decoded are views of it.
    const r = new WireReader(bytes.slice(4, size))
    const { api, version, correlationId } = next
    const heard = decodeResponseHeader(r, { apiKey: apis[api].key, version })
    assert.equal(heard, correlationId, 'answers come in the order of the requests')
    next.hear(r)
    assert.equal(r.remaining, 0, 'bytes behind an answer')
    return size
  }
}

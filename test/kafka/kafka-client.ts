/**
 * A Kafka client that is a script. It encodes what it asks for and decodes what it hears, and fails where an answer is
 * not the one of the oldest request.
 */
import assert from 'node:assert/strict'
import { decodeResponseHeader, openRequest } from '../../src/wire/kafka/frame.ts'
import { type ApiName, apis } from '../../src/wire/kafka/messages/apis.generated.ts'
import { WireReader } from '../../src/wire/kafka/reader.ts'
import { WireWriter } from '../../src/wire/kafka/writer.ts'
import type { Clockwork } from '../channels/clockwork.ts'
import { ScriptedConnection } from '../gateway/scripted-connection.ts'
import { type Answer, apiCodecs, type Body } from './api-codecs.ts'

/** A request that was sent; its answer once there is one. */
export class Asked<N extends ApiName> {
  readonly name: N
  readonly version: number
  readonly correlationId: number
  #answer: Answer<N> | null = null

  constructor(name: N, version: number, correlationId: number) {
    this.name = name
    this.version = version
    this.correlationId = correlationId
  }

  get isAnswered(): boolean {
    return this.#answer !== null
  }

  get answer(): Answer<N> {
    assert.ok(this.#answer !== null, `${this.name} ${this.correlationId} is not answered`)
    return this.#answer
  }

  /** Takes the frame of its answer. */
  take(frame: Uint8Array): void {
    const r = new WireReader(frame)
    const key = apis[this.name].key
    const correlationId = decodeResponseHeader(r, { apiKey: key, version: this.version })
    assert.equal(correlationId, this.correlationId, 'an answer out of turn')
    this.#answer = apiCodecs[this.name].decode(r, this.version)
    r.end()
  }
}

export class KafkaClient extends ScriptedConnection {
  /** Told before an answer is looked at. */
  onAnswer: () => void = () => undefined
  readonly #waiting: Asked<ApiName>[] = []
  readonly #received: Uint8Array[] = []
  #partial: Uint8Array = new Uint8Array(0)
  #correlationId = 0

  constructor(clockwork: Clockwork, peer: string) {
    super(clockwork, peer, 9092)
  }

  /** Everything that was heard, as it came. */
  get received(): Buffer {
    return Buffer.concat(this.#received)
  }

  /** Sends a request and lets everything happen that needs no time. */
  async send<N extends ApiName>(name: N, version: number, body: Body<N>): Promise<Asked<N>> {
    const asked = new Asked(name, version, ++this.#correlationId)
    this.#waiting.push(asked as unknown as Asked<ApiName>)
    await this.bytes(frameOf(asked, body))
    return asked
  }

  /** The same for a request that is answered at once. */
  async ask<N extends ApiName>(name: N, version: number, body: Body<N>): Promise<Answer<N>> {
    const asked = await this.send(name, version, body)
    return asked.answer
  }

  /** A request that has no answer. */
  async tell<N extends ApiName>(name: N, version: number, body: Body<N>): Promise<void> {
    await this.bytes(frameOf(new Asked(name, version, ++this.#correlationId), body))
  }

  /** Several requests in one piece. */
  async sendTogether<N extends ApiName>(
    name: N,
    version: number,
    bodies: readonly Body<N>[],
  ): Promise<Asked<N>[]> {
    const all = bodies.map(() => new Asked(name, version, ++this.#correlationId))
    this.#waiting.push(...(all as unknown as Asked<ApiName>[]))
    await this.bytes(Buffer.concat(all.map((asked, index) => frameOf(asked, bodies[index]!))))
    return all
  }

  /** Any bytes; what they are answered with is in `received`. */
  async bytes(bytes: Uint8Array): Promise<void> {
    this.receive(bytes)
    await this.clockwork.advance(0)
  }

  protected override hear(bytes: Uint8Array): void {
    const copy = Buffer.from(bytes)
    this.#received.push(copy)
    let all = Buffer.concat([this.#partial, copy])
    for (;;) {
      if (all.length < 4) break
      const end = 4 + all.readUInt32BE(0)
      if (all.length < end) break
      this.onAnswer()
      this.#waiting.shift()?.take(all.subarray(4, end))
      all = all.subarray(end)
    }
    this.#partial = all
  }
}

/** The bytes of a request. */
export function frameOf<N extends ApiName>(
  asked: Pick<Asked<N>, 'name' | 'version' | 'correlationId'>,
  body: Body<N>,
  clientId = 'script',
): Uint8Array {
  const { name, version, correlationId } = asked
  const w = new WireWriter()
  const at = openRequest(w, { apiKey: apis[name].key, version, correlationId, clientId })
  apiCodecs[name].encode(w, version, body)
  w.closeFrame(at)
  return w.take()
}

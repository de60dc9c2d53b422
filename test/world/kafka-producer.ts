/**
 * A client that produces over Kafka with acks=all, several requests under way at a time, and loses its connection now
 * and then. It never sends a batch twice, so what comes twice is the broker's doing.
 */
import { below } from '../../src/base/random.ts'
import { errorCodes } from '../../src/wire/kafka/error-codes.ts'
import {
  decodeProduceResponse,
  encodeProduceRequest,
  type ProduceRequest,
  type ProduceResponse,
} from '../../src/wire/kafka/messages/produce.generated.ts'
import { NO_UUID } from '../../src/wire/kafka/reader.ts'
import { makeBatch } from '../kafka/batches.ts'
import type { HistoryMessage } from '../sim/history.ts'
import type { Stamp } from './bodies.ts'
import { type Asked, type Exchange, KafkaLine } from './kafka-line.ts'
import { makeTopic, readingOf, TOPIC, TOPIC_PARTITIONS } from './kafka-topic.ts'
import { Cut } from './line.ts'
import type { Client, Session } from './session.ts'
import type { Witness } from './witness.ts'

type Pending = {
  readonly asked: Asked<ProduceResponse>
  readonly partition: number
  readonly stamps: readonly Stamp[]
}

const ACKS_ALL = -1
const RECORDS_MAX = 5 // of a batch: with its head a fifth of what a commit of the tiny journal holds
const IN_FLIGHT_MAX = 5 // what clients have by default
const STEPS_MAX = 30 // of a connection: several in each run of the broker
const TIMEOUT_MS = 1_000
const TIME_MS = 1_000_000

const produce: Exchange<ProduceRequest, ProduceResponse> = {
  ...{ api: 'Produce', version: 9 },
  ...{ encode: encodeProduceRequest, decode: decodeProduceResponse },
}

export class KafkaProducer implements Client {
  readonly name: string
  readonly #witness: Witness
  #left: number
  /** Records keep their order on one connection, so each is a producer of its own. */
  #life = 0
  #counter = 0
  /** Not answered on this connection, the oldest first. */
  readonly #pending: Pending[] = []

  constructor(name: string, batches: number, witness: Witness) {
    this.name = name
    this.#left = batches
    this.#witness = witness
  }

  get isDone(): boolean {
    return this.#left === 0
  }

  async serve(session: Session): Promise<void> {
    while (!this.isDone && !session.isEnding) {
      await session.sleep(below(session.random, 40) / 8)
      await this.#live(session)
    }
  }

  async #live(session: Session): Promise<void> {
    this.#pending.length = 0
    this.#life++
    this.#counter = 0
    let line: KafkaLine | null = null
    try {
      line = await KafkaLine.open(session, this.name)
      if (line !== null && (await makeTopic(line))) await this.#work(session, line)
    } catch (error) {
      if (!(error instanceof Cut)) throw error
    } finally {
      line?.cut()
    }
  }

  async #work(session: Session, line: KafkaLine): Promise<void> {
    const { random, run } = session
    const steps = run.isLast ? Number.POSITIVE_INFINITY : below(random, STEPS_MAX)
    for (let step = 0; step < steps && !this.isDone && !session.isEnding; step++) {
      this.#produce(session, line)
      if (below(random, 2) === 0) await session.sleep(below(random, 60) / 8)
      await this.#untilFewer(IN_FLIGHT_MAX, session, line)
    }
    // Gone in the middle of it, or once everything was answered.
    if (!run.isLast && below(random, 2) === 0) return
    await this.#untilFewer(1, session, line)
  }

  /** Waits for answers, unless none will come any more. */
  async #untilFewer(count: number, session: Session, line: KafkaLine): Promise<void> {
    while (this.#hear() >= count && !session.isEnding) {
      if (line.isOver) throw new Cut('the connection is over')
      await session.sleep(1)
    }
  }

  #produce(session: Session, line: KafkaLine): void {
    const { random } = session
    const partition = below(random, TOPIC_PARTITIONS)
    const stamps = Array.from({ length: 1 + below(random, RECORDS_MAX) }, () => ({
      producer: `${this.name}.${this.#life}`,
      counter: this.#counter++,
    }))
    for (const stamp of stamps) this.#witness.history.attempted(messageOf(partition, stamp))
    this.#left--
    session.operation()
    const records = makeBatch(
      stamps.map(({ producer, counter }) => ({
        timestampMs: TIME_MS + counter,
        value: `${producer} ${counter}`,
      })),
    )
    const partitionData = [{ index: partition, records }]
    const asked = line.send(produce, {
      ...{ transactionalId: null, acks: ACKS_ALL, timeoutMs: TIMEOUT_MS },
      topicData: [{ name: TOPIC, topicId: NO_UUID, partitionData }],
    })
    this.#pending.push({ asked, partition, stamps })
  }

  /** Takes what was answered; tells how many requests are not. */
  #hear(): number {
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      const { answer } = first.asked
      if (answer === null) break
      this.#pending.shift()
      this.#told(first, answer)
    }
    return this.#pending.length
  }

  #told({ partition, stamps }: Pending, { responses }: ProduceResponse): void {
    const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!
    for (const [place, stamp] of stamps.entries()) {
      if (errorCode !== errorCodes.NONE) {
        this.#witness.history.refused(messageOf(partition, stamp))
        continue
      }
      this.#witness.record(`${TOPIC}/${partition}`, baseOffset + place, stamp)
      this.#witness.history.acked(messageOf(partition, stamp))
    }
  }
}

function messageOf(partition: number, stamp: Stamp): HistoryMessage {
  return { queue: readingOf(partition), ...stamp }
}

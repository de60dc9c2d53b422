/**
 * Produce: batches go into the log as they came, and the answer when they are durable. Costs are per
 * batch; the records inside are never touched.
 */
import { mark } from '../../base/mark.ts'
import { HELD } from '../../broker/room.ts'
import { Batch } from '../../machine/batch.ts'
import { FORMAT_KAFKA } from '../../machine/message.ts'
import type { Partition } from '../../machine/partition.ts'
import type { Stream } from '../../machine/stream.ts'
import { BatchFlaw, judgeBatch, placeBatch } from '../../wire/kafka/batch.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  decodeProduceRequest,
  encodeProduceResponse,
  type PartitionProduceData,
  type PartitionProduceResponse,
  type ProduceRequest,
  type TopicProduceData,
} from '../../wire/kafka/messages/produce.generated.ts'
import { NO_UUID, type WireReader } from '../../wire/kafka/reader.ts'
import type { Call } from './call.ts'
import { findPartition, findTopic, LEADER_EPOCH, OFFSET_MAX } from './gateway.ts'
import { codeOf } from './replies.ts'

/** How many nodes must have a record: none (and no answer), the leader, or all. The last two are one here. */
const ACKS_NONE = 0
const ACKS_LEADER = 1
const ACKS_ALL = -1

/** Used again for each append: the broker takes what is in it before it returns. */
const batch = new Batch()
batch.format = FORMAT_KAFKA

export function answerProduce(call: Call, r: WireReader): void {
  const request = decodeProduceRequest(r, call.version)
  new Produce(call, request).run()
}

class Produce {
  readonly #call: Call
  #request: ProduceRequest
  readonly #responses: PartitionProduceResponse[][] = []
  /** The partition that comes next. */
  #topic = 0
  #partition = 0
  /** The newest batch of all; 0 while there is none. */
  #ticket = 0
  #hasError = false
  /** The bytes of what is still to come are ours, because this turn's are gone. */
  #isKept = false
  #isDropped = false

  constructor(call: Call, request: ProduceRequest) {
    this.#call = call
    this.#request = request
  }

  /** Appends until all is done or the journal has no room; then it goes on when there is some. */
  readonly run = (): void => {
    if (this.#isDropped) return
    const { topicData } = this.#request
    for (; this.#topic < topicData.length; this.#topic++) {
      const topic = topicData[this.#topic]!
      const stream = findTopic(this.#call.gateway, topic)
      const responses = this.#responsesOf(this.#topic)
      for (; this.#partition < topic.partitionData.length; this.#partition++) {
        const answer = this.#append(topic, stream, topic.partitionData[this.#partition]!)
        if (answer === null) {
          this.#hold()
          return
        }
        if (answer.errorCode !== 0) this.#hasError = true
        responses.push(answer)
      }
      this.#partition = 0
    }
    this.#answer()
  }

  #responsesOf(topic: number): PartitionProduceResponse[] {
    let responses = this.#responses[topic]
    if (responses === undefined) {
      responses = []
      this.#responses.push(responses)
    }
    return responses
  }

  /** The answer for one partition; null when there is no room now. */
  #append(
    topic: TopicProduceData,
    stream: Stream | null,
    { index, records }: PartitionProduceData,
  ): PartitionProduceResponse | null {
    const { gateway, version } = this.#call
    const error = this.#refuse()
    if (error !== null) return failed(index, error, null)
    const partition = findPartition(stream, index)
    if (partition === null) {
      const isById = stream === null && topic.topicId !== NO_UUID
      return failed(index, isById ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION', null)
    }
    const { broker, limits, world } = gateway
    const verdict = judgeBatch(records, {
      sizeBytesMax: broker.limits.batchBytes,
      produceVersion: version,
      timestampMax: world.clock.wallMs() + limits.timestampAheadMs,
    })
    if (verdict instanceof BatchFlaw) return failed(index, verdict.error, verdict.text)
    const bytes = records!
    const baseOffset = partition.nextOffset
    if (baseOffset + verdict.count > OFFSET_MAX) {
      return failed(index, 'INVALID_RECORD', 'the partition has no offsets left')
    }
    placeBatch(bytes, baseOffset, LEADER_EPOCH)
    batch.count = verdict.count
    batch.timeMs = Math.max(0, verdict.timestampMax)
    batch.bytes = bytes
    batch.size = bytes.length
    const ticket = broker.append(partition, batch)
    if (ticket !== HELD) {
      this.#ticket = ticket
      return appended(partition, baseOffset)
    }
    if (!broker.isDiskFull && broker.failure === null) return null
    mark('kafka/produce-refused')
    return failed(index, 'KAFKA_STORAGE_ERROR', 'there is no space left for records')
  }

  #refuse(): ErrorName | null {
    const { acks, transactionalId } = this.#request
    if (acks !== ACKS_NONE && acks !== ACKS_LEADER && acks !== ACKS_ALL) {
      return 'INVALID_REQUIRED_ACKS'
    }
    return transactionalId === null ? null : 'INVALID_TXN_STATE'
  }

  #hold(): void {
    mark('kafka/produce-held')
    if (!this.#isKept) {
      this.#isKept = true
      this.#request = keep(this.#request)
    }
    this.#call.dropped = () => {
      this.#isDropped = true
    }
    this.#call.gateway.broker.whenRoom(this.run)
  }

  #answer(): void {
    const call = this.#call
    const { acks, topicData } = this.#request
    if (acks === ACKS_NONE) {
      // Nobody waits for an answer, so the only way to say that something failed is to go.
      if (this.#hasError) call.fail('a produce request without an answer failed')
      else call.silence()
      return
    }
    const responses = topicData.map(({ name, topicId }, index) => {
      return { name, topicId, partitionResponses: this.#responses[index] ?? [] }
    })
    const response = { responses, throttleTimeMs: 0, nodeEndpoints: [] }
    call.answerAfter(this.#ticket, (w) => encodeProduceResponse(w, call.version, response))
  }
}

/** A copy that outlives the turn. */
function keep(request: ProduceRequest): ProduceRequest {
  const topicData = request.topicData.map((topic) => ({
    ...topic,
    partitionData: topic.partitionData.map(({ index, records }) => ({
      index,
      records: records === null ? null : new Uint8Array(records),
    })),
  }))
  return { ...request, topicData }
}

function appended(partition: Partition, baseOffset: number): PartitionProduceResponse {
  return {
    index: partition.index,
    errorCode: 0,
    baseOffset,
    logAppendTimeMs: -1,
    logStartOffset: partition.firstOffset,
    recordErrors: [],
    errorMessage: null,
    currentLeader: null,
  }
}

function failed(
  index: number,
  error: ErrorName,
  errorMessage: string | null,
): PartitionProduceResponse {
  return {
    index,
    errorCode: codeOf(error),
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: [],
    errorMessage,
    currentLeader: null,
  }
}

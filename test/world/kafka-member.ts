/**
 * A client that reads over Kafka as a member of a group: it goes on where the group had come, commits now and then,
 * and leaves with or without a word.
 */
import assert from 'node:assert/strict'
import { below, pick } from '../../src/base/random.ts'
import { errorCodes } from '../../src/wire/kafka/error-codes.ts'
import {
  decodeFetchResponse,
  encodeFetchRequest,
  type FetchRequest,
  type FetchResponse,
  type PartitionData,
} from '../../src/wire/kafka/messages/fetch.generated.ts'
import {
  decodeOffsetCommitResponse,
  encodeOffsetCommitRequest,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '../../src/wire/kafka/messages/offset-commit.generated.ts'
import {
  decodeOffsetFetchResponse,
  encodeOffsetFetchRequest,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '../../src/wire/kafka/messages/offset-fetch.generated.ts'
import { NO_UUID } from '../../src/wire/kafka/reader.ts'
import { RecordBytes } from '../../src/wire/kafka/record-source.ts'
import { stampOf } from './bodies.ts'
import { type Exchange, KafkaLine } from './kafka-line.ts'
import { Membership } from './kafka-membership.ts'
import { readBatches } from './kafka-records.ts'
import { GROUP, type GroupView, makeTopic, readingOf, TOPIC } from './kafka-topic.ts'
import { Cut } from './line.ts'
import type { Client, Session } from './session.ts'
import type { Witness } from './witness.ts'

const fetch: Exchange<FetchRequest, FetchResponse> = {
  ...{ api: 'Fetch', version: 11 },
  ...{ encode: encodeFetchRequest, decode: decodeFetchResponse },
}
const offsetCommit: Exchange<OffsetCommitRequest, OffsetCommitResponse> = {
  ...{ api: 'OffsetCommit', version: 7 },
  ...{ encode: encodeOffsetCommitRequest, decode: decodeOffsetCommitResponse },
}
const offsetFetch: Exchange<OffsetFetchRequest, OffsetFetchResponse> = {
  ...{ api: 'OffsetFetch', version: 5 },
  ...{ encode: encodeOffsetFetchRequest, decode: decodeOffsetFetchResponse },
}

const STEPS_MAX = 40 // of a connection: several in each run of the broker
const SESSIONLESS = { sessionId: 0, sessionEpoch: -1, forgottenTopicsData: [], rackId: '' }
const NO_EPOCHS = { currentLeaderEpoch: -1, lastFetchedEpoch: -1, logStartOffset: -1 }

export class KafkaMember implements Client {
  readonly name: string
  readonly isDone: boolean = false
  readonly #views: readonly GroupView[]
  readonly #witness: Witness
  #life = 0
  /** The next offset of each partition that is its own now. */
  readonly #offsets = new Map<number, number>()

  constructor(name: string, views: readonly GroupView[], witness: Witness) {
    this.name = name
    this.#views = views
    this.#witness = witness
  }

  async serve(session: Session): Promise<void> {
    while (!session.isEnding) {
      await session.sleep(below(session.random, 80) / 8)
      await this.#live(session)
    }
  }

  async #live(session: Session): Promise<void> {
    let line: KafkaLine | null = null
    try {
      line = await KafkaLine.open(session, this.name)
      if (line !== null && (await makeTopic(line))) await this.#belong(session, line)
    } catch (error) {
      if (!(error instanceof Cut)) throw error
    } finally {
      line?.cut()
    }
  }

  /** Generation after generation, until it leaves. */
  async #belong(session: Session, line: KafkaLine): Promise<void> {
    const { random, run } = session
    const membership = new Membership(line)
    let steps = run.isLast ? Number.POSITIVE_INFINITY : below(random, STEPS_MAX)
    while (steps > 0 && !session.isEnding) {
      steps--
      await session.sleep(below(random, 20) / 8)
      if (!(await membership.join())) continue
      this.#life++
      await this.#resume(line, membership.partitions)
      while (steps > 0 && !session.isEnding) {
        steps--
        await session.sleep(below(random, 40) / 8)
        if (!(await membership.stay())) break
        await this.#fetch(session, line)
        if (below(random, 2) === 0) await this.#commit(session, line, membership)
      }
    }
    if (run.isLast || below(random, 2) === 0) await membership.leave()
  }

  async #resume(line: KafkaLine, partitions: readonly number[]): Promise<void> {
    this.#offsets.clear()
    if (partitions.length === 0) return
    const { topics } = await line.ask(offsetFetch, {
      groupId: GROUP,
      topics: [{ name: TOPIC, partitionIndexes: partitions }],
      ...{ groups: [], requireStable: false },
    })
    for (const { partitionIndex, committedOffset, metadata } of topics[0]!.partitions) {
      const offset = Math.max(0, committedOffset)
      const { atLeast, atMost } = this.#views[partitionIndex]!
      assert(offset >= atLeast, `${this.name}: committed ${atLeast}, came back at ${offset}`)
      assert(offset <= atMost, `${this.name}: tried ${atMost} at most, came back at ${offset}`)
      if (committedOffset >= 0) assert.equal(metadata, `note ${offset}`)
      this.#offsets.set(partitionIndex, offset)
    }
  }

  async #fetch(session: Session, line: KafkaLine): Promise<void> {
    const { random } = session
    if (this.#offsets.size === 0) return
    const partitions = [...this.#offsets].map(([partition, fetchOffset]) => ({
      ...{ partition, fetchOffset, partitionMaxBytes: pick(random, [1, 300, 100_000]) },
      ...{ ...NO_EPOCHS, replicaDirectoryId: NO_UUID, highWatermark: Number.MAX_SAFE_INTEGER },
    }))
    const { responses } = await line.ask(fetch, {
      ...{ clusterId: null, replicaId: -1, replicaState: null, ...SESSIONLESS },
      ...{ maxWaitMs: below(random, 30), minBytes: pick(random, [0, 1, 200]) },
      ...{ maxBytes: pick(random, [1, 500, 100_000]), isolationLevel: 0 },
      topics: [{ topic: TOPIC, topicId: NO_UUID, partitions }],
    })
    for (const data of responses[0]!.partitions) this.#see(session, data)
  }

  #see(
    session: Session,
    { partitionIndex, errorCode, highWatermark, records }: PartitionData,
  ): void {
    // The disk failed a read: it is to be fetched again.
    if (errorCode === errorCodes.KAFKA_STORAGE_ERROR) return
    assert.equal(errorCode, errorCodes.NONE)
    if (records === null) return
    assert(records instanceof RecordBytes)
    const view = this.#views[partitionIndex]!
    let next = this.#offsets.get(partitionIndex)!
    for (const { offset, value } of readBatches(records.bytes)) {
      assert(offset < highWatermark, 'nothing is shown that is not durable')
      if (offset < next) continue
      assert.equal(offset, next, 'offsets are dense')
      next++
      const stamp = stampOf(Buffer.from(value))
      session.operation()
      this.#witness.record(`${TOPIC}/${partitionIndex}`, offset, stamp)
      this.#witness.delivered({
        ...{ ...stamp, queue: readingOf(partitionIndex), consumer: `${this.name} ${this.#life}` },
        ...{
          redelivered: offset < view.unseen ? 'redelivered' : 'new',
          told: 'at-once',
          through: 0,
        },
      })
      view.unseen = Math.max(view.unseen, next)
    }
    this.#offsets.set(partitionIndex, next)
  }

  async #commit(session: Session, line: KafkaLine, membership: Membership): Promise<void> {
    const partitions = [...this.#offsets].map(([partitionIndex, committedOffset]) => ({
      ...{ partitionIndex, committedOffset, committedLeaderEpoch: -1 },
      committedMetadata: `note ${committedOffset}`,
    }))
    if (partitions.length === 0) return
    for (const { partitionIndex, committedOffset } of partitions) {
      const view = this.#views[partitionIndex]!
      view.atMost = Math.max(view.atMost, committedOffset)
    }
    session.operation()
    const { topics } = await line.ask(offsetCommit, {
      ...{ groupId: GROUP, memberId: membership.memberId, groupInstanceId: null },
      ...{ generationIdOrMemberEpoch: membership.generation, retentionTimeMs: -1 },
      topics: [{ name: TOPIC, topicId: NO_UUID, partitions }],
    })
    for (const [place, { errorCode }] of topics[0]!.partitions.entries()) {
      if (errorCode !== errorCodes.NONE) continue
      const { partitionIndex, committedOffset } = partitions[place]!
      const view = this.#views[partitionIndex]!
      view.atLeast = Math.max(view.atLeast, committedOffset)
    }
  }
}

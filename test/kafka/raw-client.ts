/**
 * A Kafka client on any network, real or simulated: one connection, our own codec. Calls may overlap; their answers
 * come in their order. It keeps no metadata and joins no group.
 */
import type { Address, Connection, ConnectionHandler, Net } from '../../src/base/ports.ts'
import { decodeResponseHeader, frameSize, openRequest } from '../../src/wire/kafka/frame.ts'
import { type ApiName, apis } from '../../src/wire/kafka/messages/apis.generated.ts'
import {
  decodeCreateTopicsResponse,
  encodeCreateTopicsRequest,
} from '../../src/wire/kafka/messages/create-topics.generated.ts'
import {
  decodeDeleteTopicsResponse,
  encodeDeleteTopicsRequest,
} from '../../src/wire/kafka/messages/delete-topics.generated.ts'
import {
  decodeFetchResponse,
  encodeFetchRequest,
} from '../../src/wire/kafka/messages/fetch.generated.ts'
import {
  decodeListOffsetsResponse,
  encodeListOffsetsRequest,
} from '../../src/wire/kafka/messages/list-offsets.generated.ts'
import {
  decodeOffsetCommitResponse,
  encodeOffsetCommitRequest,
} from '../../src/wire/kafka/messages/offset-commit.generated.ts'
import {
  decodeOffsetFetchResponse,
  encodeOffsetFetchRequest,
} from '../../src/wire/kafka/messages/offset-fetch.generated.ts'
import {
  decodeProduceResponse,
  encodeProduceRequest,
} from '../../src/wire/kafka/messages/produce.generated.ts'
import { NO_UUID, WireReader } from '../../src/wire/kafka/reader.ts'
import { RecordBytes } from '../../src/wire/kafka/record-source.ts'
import { WireWriter } from '../../src/wire/kafka/writer.ts'

export class KafkaLost extends Error {
  override readonly name = 'KafkaLost'
}

type Call = {
  readonly apiKey: number
  readonly version: number
  readonly answer: (r: WireReader) => void
  readonly fail: (error: KafkaLost) => void
}

type Codec<Request, Response> = {
  readonly api: ApiName
  readonly version: number
  readonly encode: (w: WireWriter, version: number, request: Request) => void
  readonly decode: (r: WireReader, version: number) => Response
}

/** One partition's batch, and where it went: an error code and its first offset. */
export type Produced = {
  readonly partition: number
  readonly error: number
  readonly offset: number
}

export type Fetched = {
  readonly error: number
  /** Everything before it can be read. */
  readonly end: number
  readonly bytes: Uint8Array
}

const FRAME_MAX = 64 * 2 ** 20 // more than any answer has
const FETCH_BYTES = 8 * 2 ** 20
const ACKS_ALL = -1

export class KafkaClient implements ConnectionHandler {
  readonly #connection: Connection
  readonly #calls: Call[] = []
  #rest = Buffer.alloc(0)
  #correlation = 0
  #lost: KafkaLost | null = null

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  static async connect(net: Net, address: Address): Promise<KafkaClient> {
    const client = new KafkaClient(await net.connect(address))
    client.#connection.start(client)
    return client
  }

  /** Answers the error code. */
  async createTopic(name: string, numPartitions: number): Promise<number> {
    const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }
    const { topics } = await this.#call(
      {
        ...{ api: 'CreateTopics', version: 5 },
        ...{ encode: encodeCreateTopicsRequest, decode: decodeCreateTopicsResponse },
      },
      { topics: [topic], timeoutMs: 1_000, validateOnly: false },
    )
    return topics[0]!.errorCode
  }

  /** Answers the error code. */
  async deleteTopic(name: string): Promise<number> {
    const { responses } = await this.#call(
      {
        ...{ api: 'DeleteTopics', version: 5 },
        ...{ encode: encodeDeleteTopicsRequest, decode: decodeDeleteTopicsResponse },
      },
      { topics: [], topicNames: [name], timeoutMs: 1_000 },
    )
    return responses[0]!.errorCode
  }

  /** One batch for each partition, acks=all. */
  async produce(
    topic: string,
    batches: readonly { readonly partition: number; readonly bytes: Uint8Array }[],
  ): Promise<readonly Produced[]> {
    const partitionData = batches.map(({ partition, bytes }) => ({
      index: partition,
      records: bytes,
    }))
    const { responses } = await this.#call(
      {
        ...{ api: 'Produce', version: 9 },
        ...{ encode: encodeProduceRequest, decode: decodeProduceResponse },
      },
      {
        ...{ transactionalId: null, acks: ACKS_ALL, timeoutMs: 30_000 },
        topicData: [{ name: topic, topicId: NO_UUID, partitionData }],
      },
    )
    return responses[0]!.partitionResponses.map(({ index, errorCode, baseOffset }) => {
      return { partition: index, error: errorCode, offset: baseOffset }
    })
  }

  /** Whole batches from the one that holds `offset`, as they are there now or come within `waitMs`. */
  async fetch(
    topic: string,
    from: {
      readonly partition: number
      readonly offset: number
      readonly waitMs?: number
      readonly bytesMax?: number
    },
  ): Promise<Fetched> {
    const asked = {
      ...{ partition: from.partition, currentLeaderEpoch: -1, fetchOffset: from.offset },
      ...{
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: from.bytesMax ?? FETCH_BYTES,
      },
      ...{ replicaDirectoryId: NO_UUID, highWatermark: -1 },
    }
    const { responses } = await this.#call(
      {
        ...{ api: 'Fetch', version: 12 },
        ...{ encode: encodeFetchRequest, decode: decodeFetchResponse },
      },
      {
        ...{ clusterId: null, replicaId: -1, replicaState: null },
        ...{ maxWaitMs: from.waitMs ?? 0, minBytes: 1, maxBytes: FETCH_BYTES },
        ...{ isolationLevel: 0, sessionId: 0, sessionEpoch: -1 },
        topics: [{ topic, topicId: NO_UUID, partitions: [asked] }],
        ...{ forgottenTopicsData: [], rackId: '' },
      },
    )
    const { errorCode, highWatermark, records } = responses[0]!.partitions[0]!
    const bytes = records instanceof RecordBytes ? records.bytes.slice() : new Uint8Array(0)
    return { error: errorCode, end: highWatermark, bytes }
  }

  /** The first record that is not older, and its own time. */
  async offsetAt(
    topic: string,
    place: { readonly partition: number; readonly timeMs: number },
  ): Promise<{ readonly offset: number; readonly timeMs: number }> {
    const asked = {
      ...{ partitionIndex: place.partition, currentLeaderEpoch: -1, timestamp: place.timeMs },
    }
    const { topics } = await this.#call(
      {
        ...{ api: 'ListOffsets', version: 6 },
        ...{ encode: encodeListOffsetsRequest, decode: decodeListOffsetsResponse },
      },
      {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: topic, partitions: [asked] }],
        timeoutMs: 0,
      },
    )
    const { offset, timestamp } = topics[0]!.partitions[0]!
    return { offset, timeMs: timestamp }
  }

  /** Where the group goes on; -1 where it never said. */
  async committed(group: string, topic: string, partition: number): Promise<number> {
    const topics = [{ name: topic, topicId: NO_UUID, partitionIndexes: [partition] }]
    const { groups } = await this.#call(
      {
        ...{ api: 'OffsetFetch', version: 8 },
        ...{ encode: encodeOffsetFetchRequest, decode: decodeOffsetFetchResponse },
      },
      {
        ...{ groupId: '', topics: null, requireStable: false },
        groups: [{ groupId: group, memberId: null, memberEpoch: -1, topics }],
      },
    )
    return groups[0]!.topics[0]!.partitions[0]!.committedOffset
  }

  /** As somebody who is no member. Answers the error code. */
  async commit(
    group: string,
    topic: string,
    place: { readonly partition: number; readonly offset: number },
  ): Promise<number> {
    const partition = {
      ...{ partitionIndex: place.partition, committedOffset: place.offset },
      ...{ committedLeaderEpoch: -1, committedMetadata: null },
    }
    const { topics } = await this.#call(
      {
        ...{ api: 'OffsetCommit', version: 8 },
        ...{ encode: encodeOffsetCommitRequest, decode: decodeOffsetCommitResponse },
      },
      {
        ...{ groupId: group, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null },
        retentionTimeMs: -1,
        topics: [{ name: topic, topicId: NO_UUID, partitions: [partition] }],
      },
    )
    return topics[0]!.partitions[0]!.errorCode
  }

  drop(): void {
    this.#lose()
    this.#connection.destroy()
  }

  data(bytes: Uint8Array): void {
    let rest = Buffer.concat([this.#rest, bytes])
    for (;;) {
      const size = frameSize(rest, { at: 0, end: rest.length, max: FRAME_MAX })
      if (size < 0 || rest.length < size) break
      const call = this.#calls.shift()!
      const r = new WireReader(rest.subarray(0, size), 4)
      decodeResponseHeader(r, call)
      call.answer(r)
      rest = rest.subarray(size)
    }
    this.#rest = rest
  }

  ended(): void {
    this.#connection.destroy()
  }

  drained(): void {}

  closed(): void {
    this.#lose()
  }

  #call<Request, Response>(
    { api, version, encode, decode }: Codec<Request, Response>,
    request: Request,
  ): Promise<Response> {
    if (this.#lost !== null) return Promise.reject(this.#lost)
    const { key: apiKey } = apis[api]
    const w = new WireWriter({ sizeMax: FRAME_MAX })
    const header = { apiKey, version, correlationId: ++this.#correlation, clientId: 'raw' }
    const at = openRequest(w, header)
    encode(w, version, request)
    w.closeFrame(at)
    return new Promise((resolve, reject) => {
      const answer = (r: WireReader): void => resolve(decode(r, version))
      this.#calls.push({ apiKey, version, answer, fail: reject })
      this.#connection.write(w.take())
    })
  }

  #lose(): void {
    this.#lost ??= new KafkaLost('the connection is gone')
    for (const { fail } of this.#calls.splice(0)) fail(this.#lost)
  }
}

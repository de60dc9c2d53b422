/**
 * Fetch: answers with whole batches as they were stored, and waits while there is too little. What is
 * in memory is copied once, into the answer; what is not is read first.
 */
import { mark } from '../../base/mark.ts'
import type { Writer } from '../../base/writer.ts'
import type { Runtime } from '../../broker/runtime.ts'
import { FORMAT_KAFKA } from '../../machine/message.ts'
import type { Partition } from '../../machine/partition.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  decodeFetchRequest,
  encodeFetchResponse,
  type FetchPartition,
  type FetchRequest,
  type FetchTopic,
  type PartitionData,
} from '../../wire/kafka/messages/fetch.generated.ts'
import { NO_UUID, type WireReader } from '../../wire/kafka/reader.ts'
import { RecordBytes, type RecordSource } from '../../wire/kafka/record-source.ts'
import type { Call } from './call.ts'
import { FetchWait } from './fetch-wait.ts'
import { findPartition, findTopic, type Gateway, LEADER_EPOCH } from './gateway.ts'
import { codeOf } from './replies.ts'

/** Sessions are not kept, which the protocol allows: every answer says that there is none. */
const NO_SESSION = 0
/** Epochs of requests that need no session: one that wants none, and one that would like one. */
const SESSIONLESS_EPOCHS: readonly number[] = [-1, 0]

/** What an answer takes beside its records, for each partition, at most: names are written once a topic. */
const PARTITION_BYTES = 96
const TOPIC_BYTES = 320
const NO_RECORDS: RecordSource = new RecordBytes(new Uint8Array(0))

/** A run of rows of one partition that goes into an answer, or why none does. */
interface Share {
  readonly index: number
  readonly partition: Partition | null
  readonly error: ErrorName
  readonly firstRow: number
  readonly endRow: number
  readonly sizeBytes: number
}

/** All of an answer, before a byte of it is copied. */
interface Plan {
  readonly topics: readonly { readonly topic: FetchTopic; readonly shares: readonly Share[] }[]
  readonly sizeBytes: number
  readonly hasError: boolean
}

export function answerFetch(call: Call, r: WireReader): void {
  const request = decodeFetchRequest(r, call.version)
  const { sessionId, sessionEpoch } = request
  if (sessionId !== NO_SESSION || !SESSIONLESS_EPOCHS.includes(sessionEpoch)) {
    const error =
      sessionId === NO_SESSION ? 'INVALID_FETCH_SESSION_EPOCH' : 'FETCH_SESSION_ID_NOT_FOUND'
    call.answerFrame(
      encode(call, { topics: [], sizeBytes: 0, hasError: true }, { error, records: null }),
    )
    return
  }
  const plan = planFetch(call.gateway, request)
  if (isEnough(plan, request) || request.maxWaitMs <= 0 || request.topics.length === 0) {
    send(call, plan)
    return
  }
  const partitions = plan.topics.flatMap(({ shares }) => shares.map(({ partition }) => partition))
  const wait = new FetchWait(call.gateway, {
    partitions: partitions.filter((partition) => partition !== null),
    waitMs: Math.min(request.maxWaitMs, call.gateway.limits.fetchWaitMs),
    check: (why) => {
      const now = planFetch(call.gateway, request)
      if (why === 'appended' && !isEnough(now, request)) {
        mark('kafka/fetch-waits-on')
        return false
      }
      send(call, now)
      return true
    },
  })
  call.dropped = () => wait.end()
  wait.begin()
}

function isEnough({ sizeBytes, hasError }: Plan, { minBytes }: FetchRequest): boolean {
  return hasError || sizeBytes >= minBytes
}

/** What the request would get now. */
function planFetch(gateway: Gateway, request: FetchRequest): Plan {
  let left = Math.min(request.maxBytes, gateway.limits.fetchBytes)
  let sizeBytes = 0
  let hasError = false
  const topics = request.topics.map((topic) => {
    const name = topic.topicId === NO_UUID ? topic.topic : null
    const stream = findTopic(gateway, { name, topicId: topic.topicId })
    const shares = topic.partitions.map((asked) => {
      const partition = findPartition(stream, asked.partition)
      const missing =
        topic.topicId === NO_UUID || stream !== null
          ? 'UNKNOWN_TOPIC_OR_PARTITION'
          : 'UNKNOWN_TOPIC_ID'
      const share =
        partition === null
          ? nothing(asked.partition, null, missing)
          : take(gateway, partition, { asked, left, isFirst: sizeBytes === 0 })
      left -= share.sizeBytes
      sizeBytes += share.sizeBytes
      if (share.error !== 'NONE') hasError = true
      return share
    })
    return { topic, shares }
  })
  return { topics, sizeBytes, hasError }
}

/** The rows of one partition: whole batches, from the one that holds the offset. */
function take(
  { broker }: Gateway,
  partition: Partition,
  bounds: { readonly asked: FetchPartition; readonly left: number; readonly isFirst: boolean },
): Share {
  const { asked, left, isFirst } = bounds
  const { fetchOffset, currentLeaderEpoch, partitionMaxBytes } = asked
  const index = asked.partition
  if (currentLeaderEpoch > LEADER_EPOCH) return nothing(index, partition, 'UNKNOWN_LEADER_EPOCH')
  if (fetchOffset < partition.firstOffset || fetchOffset > partition.nextOffset) {
    return nothing(index, partition, 'OFFSET_OUT_OF_RANGE')
  }
  const visible = broker.visibleOffset(partition)
  if (fetchOffset >= visible) return nothing(index, partition, 'NONE')
  const firstRow = partition.rowAt(fetchOffset)
  const budget = Math.min(left, partitionMaxBytes)
  let endRow = firstRow
  let sizeBytes = 0
  while (endRow < partition.nextRow && partition.offsetOf(endRow) < visible) {
    const size = partition.sizeOf(endRow)
    // The first batch of an answer goes whatever its size, or a small limit would stop a consumer for ever.
    if (sizeBytes + size > budget && !(isFirst && sizeBytes === 0)) break
    sizeBytes += size
    endRow++
  }
  return { index, partition, error: 'NONE', firstRow, endRow, sizeBytes }
}

function nothing(index: number, partition: Partition | null, error: ErrorName): Share {
  return { index, partition, error, firstRow: 0, endRow: 0, sizeBytes: 0 }
}

function send(call: Call, plan: Plan): void {
  const state: Copying = { flaws: new Map(), isCold: false }
  const frame = encode(call, plan, {
    error: 'NONE',
    records: (share) => new StoredRecords(call.gateway, share, state),
  })
  if (state.isCold) sendCold(call, plan)
  else if (state.flaws.size > 0) send(call, without(plan, state.flaws))
  else call.answerFrame(frame)
}

/** Shares that cannot be given, and why. */
type Flaws = Map<Share, ErrorName>

/** What a copy came upon. */
interface Copying {
  readonly flaws: Flaws
  /** A batch was not in memory; what was written is not an answer. */
  isCold: boolean
}

/** The rows of a share, copied straight from where the journal has them. */
class StoredRecords implements RecordSource {
  readonly sizeBytes: number
  readonly #gateway: Gateway
  readonly #share: Share
  readonly #state: Copying

  constructor(gateway: Gateway, share: Share, state: Copying) {
    this.sizeBytes = share.sizeBytes
    this.#gateway = gateway
    this.#share = share
    this.#state = state
  }

  write(w: Writer): void {
    const { partition, firstRow, endRow } = this.#share
    const end = w.size + this.sizeBytes
    for (let row = firstRow; row < endRow && !this.#state.isCold; row++) {
      const batch = this.#gateway.broker.batch(partition!, row)
      if (batch === null) {
        this.#state.isCold = true
        break
      }
      if (batch.format !== FORMAT_KAFKA) {
        this.#state.flaws.set(this.#share, 'UNSUPPORTED_FOR_MESSAGE_FORMAT')
      }
      w.bytes(batch.bytes.subarray(batch.at, batch.at + batch.size))
    }
    // It is thrown away then, but what was announced must be there.
    if (w.size < end) w.reserve(end - w.size)
  }
}

function sendCold(call: Call, plan: Plan): void {
  mark('kafka/fetch-reads')
  let isDropped = false
  call.dropped = () => {
    isDropped = true
  }
  readAll(call.gateway, plan).then(
    ({ records, flaws }) => {
      if (isDropped) return
      const filling = { error: 'NONE', records: (share: Share) => records.get(share)! } as const
      call.answerFrame(encode(call, without(plan, flaws), filling))
    },
    (error: unknown) => call.fail(String(error)),
  )
}

/** Reads every batch of the plan, one after the other; each is copied before the next may push it out. */
async function readAll(
  { broker }: Gateway,
  plan: Plan,
): Promise<{ readonly records: Map<Share, RecordBytes>; readonly flaws: Flaws }> {
  const records = new Map<Share, RecordBytes>()
  const flaws: Flaws = new Map()
  for (const { shares } of plan.topics) {
    for (const share of shares) {
      const read = await readShare(broker, share)
      if (read instanceof RecordBytes) records.set(share, read)
      else flaws.set(share, read)
    }
  }
  return { records, flaws }
}

async function readShare(broker: Runtime, share: Share): Promise<RecordBytes | ErrorName> {
  const bytes = new Uint8Array(share.sizeBytes)
  let at = 0
  for (let row = share.firstRow; row < share.endRow; row++) {
    const partition = share.partition!
    if (isGone(partition, row)) return whyGone(partition)
    if (broker.batch(partition, row) === null) await broker.load(partition, row)
    // Reading took its time, in which anything may have happened.
    const batch = isGone(partition, row) ? null : broker.batch(partition, row)
    if (batch === null) return whyGone(partition)
    if (batch.format !== FORMAT_KAFKA) return 'UNSUPPORTED_FOR_MESSAGE_FORMAT'
    bytes.set(batch.bytes.subarray(batch.at, batch.at + batch.size), at)
    at += batch.size
  }
  return new RecordBytes(bytes)
}

function isGone(partition: Partition, row: number): boolean {
  return partition.deleted || partition.firstRow > row
}

function whyGone({ deleted }: Partition): ErrorName {
  return deleted ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'OFFSET_OUT_OF_RANGE'
}

/** The same answer where some shares turned out not to be there: the others are as they were. */
function without(plan: Plan, flaws: Flaws): Plan {
  let { sizeBytes, hasError } = plan
  const topics = plan.topics.map(({ topic, shares }) => ({
    topic,
    shares: shares.map((share) => {
      const error = flaws.get(share)
      if (error === undefined) return share
      sizeBytes -= share.sizeBytes
      hasError = true
      return nothing(share.index, share.partition, error)
    }),
  }))
  return { topics, sizeBytes, hasError }
}

interface Filling {
  /** Of the whole answer. */
  readonly error: ErrorName
  readonly records: ((share: Share) => RecordSource) | null
}

function encode(call: Call, plan: Plan, { error, records }: Filling): Uint8Array {
  const { gateway, version } = call
  let sizeBytes = plan.sizeBytes + TOPIC_BYTES
  const responses = plan.topics.map(({ topic, shares }) => {
    sizeBytes += TOPIC_BYTES + PARTITION_BYTES * shares.length
    const partitions = shares.map((share) => {
      const source = share.sizeBytes > 0 && records !== null ? records(share) : NO_RECORDS
      return describe(gateway, share, source)
    })
    return { topic: topic.topic, topicId: topic.topicId, partitions }
  })
  const errorCode = codeOf(error)
  const response = {
    throttleTimeMs: 0,
    errorCode,
    sessionId: NO_SESSION,
    responses,
    nodeEndpoints: [],
  }
  return call.encode(sizeBytes, (w) => encodeFetchResponse(w, version, response))
}

function describe({ broker }: Gateway, share: Share, records: RecordSource): PartitionData {
  const { partition } = share
  const visible = partition === null ? -1 : broker.visibleOffset(partition)
  return {
    partitionIndex: share.index,
    errorCode: codeOf(share.error),
    highWatermark: visible,
    lastStableOffset: visible,
    logStartOffset: partition === null ? -1 : partition.firstOffset,
    divergingEpoch: null,
    currentLeader: null,
    snapshotId: null,
    // No transactions, so none was aborted.
    abortedTransactions: null,
    preferredReadReplica: -1,
    records,
  }
}

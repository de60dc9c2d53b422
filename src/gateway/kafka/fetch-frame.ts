/** The frame that answers a Fetch: everything around the records, which come from wherever they are. */
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  encodeFetchResponse,
  type PartitionData,
} from '../../wire/kafka/messages/fetch.generated.ts'
import { RecordBytes, type RecordSource } from '../../wire/kafka/record-source.ts'
import type { WireWriter } from '../../wire/kafka/writer.ts'
import type { Call } from './call.ts'
import type { Plan, Share } from './fetch-plan.ts'
import type { Gateway } from './gateway.ts'
import { codeOf } from './replies.ts'

/** Sessions are not kept, which the protocol allows: every answer says that there is none. */
export const NO_SESSION = 0
/** What an answer takes beside its records, for each partition, at most: names are written once a topic. */
const PARTITION_BYTES = 96
const TOPIC_BYTES = 320

export const NO_RECORDS: RecordSource = new RecordBytes(new Uint8Array(0))
export const NO_PLAN: Plan = {
  topics: [],
  sizeBytes: 0,
  availableBytes: 0,
  sizeBytesMax: 0,
  hasError: true,
}

export interface Filling {
  /** Of the whole answer. */
  readonly error: ErrorName
  /** Asked for each share that has records, in their order. */
  readonly records: (share: Share) => RecordSource
}

/** As large as the frame may get, if the records are as large as planned. */
export function frameSize(plan: Plan): number {
  let sizeBytes = plan.sizeBytes + TOPIC_BYTES
  for (const { shares } of plan.topics) sizeBytes += TOPIC_BYTES + PARTITION_BYTES * shares.length
  return sizeBytes
}

export function writeFetch(w: WireWriter, call: Call, plan: Plan, filling: Filling): void {
  const { gateway, version } = call
  const { error, records } = filling
  const responses = plan.topics.map(({ topic, shares }) => {
    const partitions = shares.map((share) => {
      return describe(gateway, share, share.sizeBytes === 0 ? NO_RECORDS : records(share))
    })
    return { topic: topic.topic, topicId: topic.topicId, partitions }
  })
  encodeFetchResponse(w, version, {
    throttleTimeMs: 0,
    errorCode: codeOf(error),
    sessionId: NO_SESSION,
    responses,
    nodeEndpoints: [],
  })
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

/** ListOffsets: where a partition begins and ends, and which record was the first of a time. */
import type { Partition } from '../../machine/partition.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  decodeListOffsetsRequest,
  encodeListOffsetsResponse,
  type ListOffsetsPartition,
  type ListOffsetsPartitionResponse,
} from '../../wire/kafka/messages/list-offsets.generated.ts'
import { NO_UUID, type WireReader } from '../../wire/kafka/reader.ts'
import { findRecordByTime } from '../../wire/kafka/records.ts'
import type { Call } from './call.ts'
import { isGone, whyGone } from './fetch-plan.ts'
import { kafkaBatch } from './foreign-batch.ts'
import { findPartition, findTopic, type Gateway, LEADER_EPOCH } from './gateway.ts'
import { loadBatch } from './load-batch.ts'
import { codeOf } from './replies.ts'

/** Times that mean something else, each from a version on. */
const LATEST = -1
const EARLIEST = -2
const NEWEST_TIME = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING = -6

const VERSION_MIN: ReadonlyMap<number, number> = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [NEWEST_TIME, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING, 11],
])

export function answerListOffsets(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const request = decodeListOffsetsRequest(r, version)
  const works = request.topics.map(async ({ name, partitions }) => {
    const stream = findTopic(gateway, { name, topicId: NO_UUID })
    const answers: ListOffsetsPartitionResponse[] = []
    for (const asked of partitions) {
      const partition = findPartition(stream, asked.partitionIndex)
      answers.push(
        partition === null
          ? failed(asked, 'UNKNOWN_TOPIC_OR_PARTITION')
          : isKnown(asked.timestamp, version)
            ? await list(gateway, partition, asked)
            : failed(asked, 'UNSUPPORTED_VERSION'),
      )
    }
    return { name, partitions: answers }
  })
  Promise.all(works).then(
    (topics) => {
      call.answer((w) => encodeListOffsetsResponse(w, version, { throttleTimeMs: 0, topics }))
    },
    (error: unknown) => call.fail(String(error)),
  )
}

function isKnown(timestamp: number, version: number): boolean {
  return timestamp >= 0 || version >= (VERSION_MIN.get(timestamp) ?? Number.POSITIVE_INFINITY)
}

async function list(
  gateway: Gateway,
  partition: Partition,
  asked: ListOffsetsPartition,
): Promise<ListOffsetsPartitionResponse> {
  if (asked.currentLeaderEpoch > LEADER_EPOCH) return failed(asked, 'UNKNOWN_LEADER_EPOCH')
  const { timestamp } = asked
  switch (timestamp) {
    case LATEST:
      return found(asked, gateway.broker.visibleOffset(partition), -1)
    case EARLIEST:
    case EARLIEST_LOCAL:
      return found(asked, partition.firstOffset, -1)
    case LATEST_TIERED:
    case EARLIEST_PENDING:
      return found(asked, -1, -1)
    case NEWEST_TIME:
      return byTime(gateway, partition, { asked, timeMs: newestTime(gateway, partition) })
    default:
      return byTime(gateway, partition, { asked, timeMs: timestamp })
  }
}

/** The latest time that a durable record has; -1 where there is none. */
function newestTime({ broker }: Gateway, partition: Partition): number {
  const visible = broker.visibleOffset(partition)
  let newestMs = -1
  const firstRow = partition.rowAt(partition.firstOffset)
  if (firstRow < 0) return newestMs
  for (let row = firstRow; row < partition.nextRow; row++) {
    if (partition.offsetOf(row) >= visible) break
    newestMs = Math.max(newestMs, partition.timeOf(row))
  }
  return newestMs
}

async function byTime(
  { broker }: Gateway,
  partition: Partition,
  { asked, timeMs }: { readonly asked: ListOffsetsPartition; readonly timeMs: number },
): Promise<ListOffsetsPartitionResponse> {
  const row = timeMs < 0 ? -1 : partition.rowAtTime(timeMs)
  if (row < 0 || partition.offsetOf(row) >= broker.visibleOffset(partition))
    return found(asked, -1, -1)
  const [base, rowTimeMs] = [partition.offsetOf(row), partition.timeOf(row)]
  let batch = broker.batch(partition, row)
  while (batch === null) {
    if (!(await loadBatch(broker, partition, row))) return failed(asked, 'KAFKA_STORAGE_ERROR')
    if (isGone(partition, row)) return failed(asked, whyGone(partition))
    batch = broker.batch(partition, row)
  }
  const bytes = kafkaBatch(batch)
  const record = bytes === null ? null : findRecordByTime(bytes, timeMs)
  // In a compressed batch nobody looks: its first record is not later than the one that is meant.
  if (record === null) return found(asked, base, rowTimeMs)
  return found(asked, base + record.offsetDelta, record.timestampMs)
}

function found(
  { partitionIndex }: ListOffsetsPartition,
  offset: number,
  timestamp: number,
): ListOffsetsPartitionResponse {
  const leaderEpoch = offset < 0 ? -1 : LEADER_EPOCH
  return { partitionIndex, errorCode: 0, timestamp, offset, leaderEpoch }
}

function failed(
  { partitionIndex }: ListOffsetsPartition,
  error: ErrorName,
): ListOffsetsPartitionResponse {
  return { partitionIndex, errorCode: codeOf(error), timestamp: -1, offset: -1, leaderEpoch: -1 }
}

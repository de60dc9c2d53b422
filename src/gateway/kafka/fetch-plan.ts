/** What a Fetch would get now: which rows of which partitions, before a byte of them is copied. Pure questions. */
import type { Partition } from '../../machine/partition.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import type {
  FetchPartition,
  FetchRequest,
  FetchTopic,
} from '../../wire/kafka/messages/fetch.generated.ts'
import { NO_UUID } from '../../wire/kafka/reader.ts'
import { findPartition, findTopic, type Gateway, LEADER_EPOCH } from './gateway.ts'

/** A run of rows of one partition that goes into an answer, or why none does. */
export interface Share {
  readonly index: number
  readonly partition: Partition | null
  readonly error: ErrorName
  readonly firstRow: number
  readonly endRow: number
  readonly sizeBytes: number
  /** What counts where the client asks for a least: all that is there, up to what it takes. */
  readonly availableBytes: number
  /** What the client takes of this partition. */
  readonly sizeBytesMax: number
}

/** All of an answer, before a byte of it is copied. */
export interface Plan {
  readonly topics: readonly { readonly topic: FetchTopic; readonly shares: readonly Share[] }[]
  readonly sizeBytes: number
  readonly availableBytes: number
  /** What the client takes in all. */
  readonly sizeBytesMax: number
  readonly hasError: boolean
}

/** What the request would get now. */
export function planFetch(gateway: Gateway, request: FetchRequest): Plan {
  const sizeBytesMax = Math.min(request.maxBytes, gateway.limits.fetchBytes)
  let left = sizeBytesMax
  let sizeBytes = 0
  let availableBytes = 0
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
      availableBytes += share.availableBytes
      if (share.error !== 'NONE') hasError = true
      return share
    })
    return { topic, shares }
  })
  return { topics, sizeBytes, availableBytes, sizeBytesMax, hasError }
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
  let availableBytes = 0
  while (endRow < partition.nextRow && partition.offsetOf(endRow) < visible) {
    const size = partition.sizeOf(endRow)
    // The first batch of an answer goes whatever its size, or a small limit would stop a consumer for ever.
    availableBytes = Math.max(sizeBytes, Math.min(sizeBytes + size, budget))
    if (sizeBytes + size > budget && !(isFirst && sizeBytes === 0)) break
    sizeBytes += size
    endRow++
  }
  const sizes = { sizeBytes, availableBytes, sizeBytesMax: partitionMaxBytes }
  return { index, partition, error: 'NONE', firstRow, endRow, ...sizes }
}

function nothing(index: number, partition: Partition | null, error: ErrorName): Share {
  const sizes = { sizeBytes: 0, availableBytes: 0, sizeBytesMax: 0 }
  return { index, partition, error, firstRow: 0, endRow: 0, ...sizes }
}

/** Nothing of a share, and why. */
export function refused({ index, partition }: Share, error: ErrorName): Share {
  return nothing(index, partition, error)
}

/** What of a share can be had when this row of it cannot be read: all before it, or the error. */
export function readable(share: Share, row: number): Share {
  const { firstRow, partition } = share
  if (row === firstRow) return refused(share, 'KAFKA_STORAGE_ERROR')
  let sizeBytes = 0
  for (let each = firstRow; each < row; each++) sizeBytes += partition!.sizeOf(each)
  return { ...share, endRow: row, sizeBytes }
}

/** The same answer where some shares turned out to be something else: the others are as they were. */
export function replaced(plan: Plan, instead: ReadonlyMap<Share, Share>): Plan {
  let { sizeBytes, hasError } = plan
  const topics = plan.topics.map(({ topic, shares }) => ({
    topic,
    shares: shares.map((share) => {
      const other = instead.get(share) ?? share
      sizeBytes += other.sizeBytes - share.sizeBytes
      if (other.error !== 'NONE') hasError = true
      return other
    }),
  }))
  return { ...plan, topics, sizeBytes, hasError }
}

/** Nobody can have the row any more. */
export function isGone({ deleted, firstRow }: Partition, row: number): boolean {
  return deleted || firstRow > row
}

export function whyGone({ deleted }: Partition): ErrorName {
  return deleted ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'OFFSET_OUT_OF_RANGE'
}

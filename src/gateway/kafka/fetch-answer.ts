/**
 * Answers to Fetch: batches as they were stored, copied once, from where the journal has them into the frame that is
 * sent. What is not in memory is read first; a partition that turns out to have nothing to give is told alone.
 */
import { assert } from '../../base/assert.ts'
import type { Writer } from '../../base/writer.ts'
import { FORMAT_KAFKA } from '../../machine/message.ts'
import type { Partition } from '../../machine/partition.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  encodeFetchResponse,
  type PartitionData,
} from '../../wire/kafka/messages/fetch.generated.ts'
import { RecordBytes, type RecordSource } from '../../wire/kafka/record-source.ts'
import type { Call } from './call.ts'
import { type Plan, type Share, without } from './fetch-plan.ts'
import type { Gateway } from './gateway.ts'
import { codeOf } from './replies.ts'

/** Sessions are not kept, which the protocol allows: every answer says that there is none. */
export const NO_SESSION = 0
/** What an answer takes beside its records, for each partition, at most: names are written once a topic. */
const PARTITION_BYTES = 96
const TOPIC_BYTES = 320
const NO_RECORDS: RecordSource = new RecordBytes(new Uint8Array(0))

/** Partitions of one answer of which more is read ahead: many at once would push out what was read for others. */
const READ_AHEAD_PARTITIONS = 4

export function refuseFetch(call: Call, error: ErrorName): void {
  call.answerFrame(
    encode(call, { topics: [], sizeBytes: 0, hasError: true }, { error, places: [] }),
  )
}

export function sendFetch(call: Call, plan: Plan): void {
  new FetchAnswer(call, plan).send()
}

/** Where the records of a share go in the frame. */
class Place implements RecordSource {
  readonly share: Share
  readonly sizeBytes: number
  at = 0

  constructor(share: Share) {
    this.share = share
    this.sizeBytes = share.sizeBytes
  }

  write(w: Writer): void {
    this.at = w.space(this.sizeBytes)
  }
}

class FetchAnswer {
  readonly #call: Call
  readonly #plan: Plan
  readonly #places: Place[] = []
  readonly #frame: Uint8Array
  readonly #flaws = new Map<Share, ErrorName>()
  /** What is copied next: the place, its row, and where in the frame. */
  #place = 0
  #row = 0
  #at = 0
  #isDropped = false

  constructor(call: Call, plan: Plan) {
    this.#call = call
    this.#plan = plan
    this.#frame = encode(call, plan, { error: 'NONE', places: this.#places })
    this.#enter(0)
  }

  send(): void {
    if (this.#copy()) {
      this.#finish()
      return
    }
    this.#call.dropped = () => {
      this.#isDropped = true
    }
    this.#read().then(
      () => this.#finish(),
      (error: unknown) => this.#call.fail(String(error)),
    )
  }

  #enter(place: number): void {
    this.#place = place
    this.#row = this.#places[place]?.share.firstRow ?? 0
    this.#at = this.#places[place]?.at ?? 0
  }

  /** Copies on, as far as all is in memory. Answers whether it is done. */
  #copy(): boolean {
    const { broker } = this.#call.gateway
    for (; this.#place < this.#places.length; this.#enter(this.#place + 1)) {
      const { share, at, sizeBytes } = this.#places[this.#place]!
      const partition = share.partition!
      for (; this.#row < share.endRow; this.#row++) {
        if (isGone(partition, this.#row)) {
          const error = partition.deleted ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'OFFSET_OUT_OF_RANGE'
          this.#flaws.set(share, error)
          break
        }
        const batch = broker.batch(partition, this.#row)
        if (batch === null) return false
        if (batch.format !== FORMAT_KAFKA) {
          this.#flaws.set(share, 'UNSUPPORTED_FOR_MESSAGE_FORMAT')
          break
        }
        this.#frame.set(batch.bytes.subarray(batch.at, batch.at + batch.size), this.#at)
        this.#at += batch.size
      }
      // The memory was somebody else's before: nothing of that may go out.
      assert(this.#flaws.has(share) || this.#at === at + sizeBytes, 'a place that is not filled')
    }
    return true
  }

  /** Reads what is not in memory, one batch after the other; each is copied before the next may push it out. */
  async #read(): Promise<void> {
    const { broker } = this.#call.gateway
    do {
      const partition = this.#places[this.#place]!.share.partition!
      try {
        await broker.load(partition, this.#row)
      } catch (error) {
        if (!isGone(partition, this.#row)) throw error
      }
    } while (!this.#isDropped && !this.#copy())
  }

  #finish(): void {
    if (this.#isDropped) {
      this.#call.discard(this.#frame)
      return
    }
    if (this.#flaws.size > 0) {
      this.#call.discard(this.#frame)
      sendFetch(this.#call, without(this.#plan, this.#flaws))
      return
    }
    this.#call.answerFrame(this.#frame)
    this.#readAhead()
  }

  /** Whoever asked goes on behind it, and looks at what it got first. Where this fails, the next Fetch will say so. */
  #readAhead(): void {
    const { broker } = this.#call.gateway
    for (const { share } of this.#places.slice(0, READ_AHEAD_PARTITIONS)) {
      const { endRow } = share
      const partition = share.partition!
      if (partition.deleted || endRow >= partition.nextRow || endRow < partition.firstRow) continue
      if (broker.batch(partition, endRow) === null) broker.load(partition, endRow).catch(() => {})
    }
  }
}

/** Nobody can have the row any more. */
function isGone({ deleted, firstRow }: Partition, row: number): boolean {
  return deleted || firstRow > row
}

interface Filling {
  /** Of the whole answer. */
  readonly error: ErrorName
  /** Takes up the place of each share that has records. */
  readonly places: Place[]
}

function encode(call: Call, plan: Plan, { error, places }: Filling): Uint8Array {
  const { gateway, version } = call
  let sizeBytes = plan.sizeBytes + TOPIC_BYTES
  const responses = plan.topics.map(({ topic, shares }) => {
    sizeBytes += TOPIC_BYTES + PARTITION_BYTES * shares.length
    const partitions = shares.map((share) => {
      if (share.sizeBytes === 0) return describe(gateway, share, NO_RECORDS)
      const place = new Place(share)
      places.push(place)
      return describe(gateway, share, place)
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
  return call.encodeLarge(sizeBytes, (w) => encodeFetchResponse(w, version, response))
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

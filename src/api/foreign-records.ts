/**
 * Records that Kafka clients wrote, as the embedded broker gives them: read when somebody asks, from the batch as it
 * lies in the journal, and the last batch kept, because a reader may want it in several pieces. Batches of our own
 * never come here.
 */
import { EMPTY, MiB } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import type { BatchView } from '../machine/batch.ts'
import type { Partition } from '../machine/partition.ts'
import { gunzip, type Inflate, unzstd } from '../node/inflate.ts'
import { type Batch, readStoredBatch } from '../wire/kafka/batch.ts'
import { type KafkaRecord, readRecords, recordBytesOf } from '../wire/kafka/read-records.ts'
import type { BodyKind } from '../wire/plain/body.ts'
import { type BrokerError, type RecordsPlace, RecordsUnreadable } from './errors.ts'
import type { RecordHeader } from './record.ts'

/** What a record is made of, besides its place. */
export type RecordContent = {
  readonly key: Uint8Array | null
  readonly timeMs: number
  readonly body: Uint8Array
  readonly kind: BodyKind
  readonly headers?: readonly RecordHeader[]
  readonly isTombstone?: boolean
}

/** Compressions by their number in a batch; null: not to be had here. */
const codecs: readonly { readonly name: string; readonly inflate: Inflate | null }[] = [
  { name: 'none', inflate: (bytes) => Promise.resolve(bytes) },
  { name: 'gzip', inflate: gunzip },
  { name: 'snappy', inflate: null },
  { name: 'lz4', inflate: null },
  { name: 'zstd', inflate: unzstd },
]

const inflatedBytesMax = 32 * MiB // of one batch: the largest has 1 MiB, and text rarely shrinks to a thirtieth

export class ForeignRecords {
  #partition: Partition | null = null
  #offset = -1
  #records: readonly RecordContent[] = []

  /** All records of the batch; the view is left alone once this returned. */
  async read(partition: Partition, view: BatchView): Promise<readonly RecordContent[]> {
    const { offset, appendedMs, count } = view
    if (this.#partition === partition && this.#offset === offset) return this.#records
    const bytes = view.bytes.slice(view.at, view.at + view.size)
    const { stream, index } = partition
    const place = { stream, partition: index, offset, next: offset + count }
    const records = await readAll(bytes, place)
    this.#records = records.map((record) => contentOf(record, appendedMs))
    this.#partition = partition
    this.#offset = offset
    return this.#records
  }
}

async function readAll(bytes: Uint8Array, place: RecordsPlace): Promise<readonly KafkaRecord[]> {
  const batch: Batch = readStoredBatch(bytes)
  const { name, inflate } = codecs[batch.codec]!
  if (inflate === null) {
    throw new RecordsUnreadable(
      place,
      `compressed with ${name}, which cannot be read here; a Kafka client can`,
    )
  }
  const inflated = await inflate(recordBytesOf(bytes), inflatedBytesMax).catch((cause: unknown) => {
    throw unreadable(place, cause)
  })
  try {
    return readRecords(inflated, batch)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw unreadable(place, error)
  }
}

/** Nobody looks into a batch when it is stored. */
function unreadable(place: RecordsPlace, cause: unknown): BrokerError {
  return new RecordsUnreadable(place, `the producer wrote what are no records: ${String(cause)}`, {
    cause,
  })
}

function contentOf(
  { key, value, headers, timestampMs }: KafkaRecord,
  appendedMs: number,
): RecordContent {
  return {
    key,
    timeMs: timestampMs < 0 ? appendedMs : timestampMs,
    body: value ?? EMPTY,
    kind: 'bytes',
    headers,
    isTombstone: value === null,
  }
}

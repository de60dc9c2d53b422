/**
 * Answers to Fetch that hold batches which no Kafka client wrote. They are converted one by one and get another size
 * than was planned, so that this answer is put together from pieces: the slower way, for crossed streams only.
 */
import type { Runtime } from '../../broker/runtime.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import { RecordBytes } from '../../wire/kafka/record-source.ts'
import type { Call } from './call.ts'
import { frameSize, writeFetch } from './fetch-frame.ts'
import { isGone, type Plan, refused, replaced, type Share, whyGone } from './fetch-plan.ts'
import { kafkaBatch } from './foreign-batch.ts'
import { loadBatch } from './load-batch.ts'

/** What was read for each share, or why there is nothing. */
interface Read {
  readonly records: Map<Share, RecordBytes>
  readonly instead: Map<Share, Share>
}

export function sendConverted(call: Call, plan: Plan): void {
  let isDropped = false
  call.dropped = () => {
    isDropped = true
  }
  readAll(call.gateway.broker, plan).then(
    ({ instead, records }) => {
      if (isDropped) return
      const rest = replaced(plan, instead)
      const filling = { error: 'NONE', records: (share: Share) => records.get(share)! } as const
      call.answerFrame(call.encode(frameSize(rest), (w) => writeFetch(w, call, rest, filling)))
    },
    (error: unknown) => call.fail(String(error)),
  )
}

/** Reads and converts while there is room for the client; what does not fit is left for its next request. */
async function readAll(broker: Runtime, plan: Plan): Promise<Read> {
  const records = new Map<Share, RecordBytes>()
  const instead = new Map<Share, Share>()
  let left = plan.sizeBytesMax
  for (const { shares } of plan.topics) {
    for (const share of shares) {
      if (share.sizeBytes === 0) continue
      const isFirst = left === plan.sizeBytesMax
      const sizeMax = Math.min(left, share.sizeBytesMax)
      const read = await readShare(broker, share, { sizeMax, isFirst })
      if (read instanceof RecordBytes) {
        records.set(share, read)
        left -= read.sizeBytes
      } else instead.set(share, refused(share, read))
    }
  }
  return { records, instead }
}

async function readShare(
  broker: Runtime,
  share: Share,
  { sizeMax, isFirst }: { readonly sizeMax: number; readonly isFirst: boolean },
): Promise<RecordBytes | ErrorName> {
  const partition = share.partition!
  const pieces: Uint8Array[] = []
  let size = 0
  for (let row = share.firstRow; row < share.endRow; row++) {
    if (isGone(partition, row)) return whyGone(partition)
    let batch = broker.batch(partition, row)
    while (batch === null) {
      const isRead = await loadBatch(broker, partition, row)
      // Reading took its time, in which anything may have happened.
      if (isGone(partition, row)) return whyGone(partition)
      if (!isRead) break
      batch = broker.batch(partition, row)
    }
    const bytes = batch === null ? null : kafkaBatch(batch)
    if (bytes === null) {
      // What stands before it can be had; the next request comes upon it first.
      if (size > 0) break
      return batch === null ? 'KAFKA_STORAGE_ERROR' : 'UNSUPPORTED_FOR_MESSAGE_FORMAT'
    }
    // The first batch of an answer goes whatever its size, or a small limit would stop a consumer for ever.
    if (size + bytes.length > sizeMax && !(isFirst && size === 0)) break
    // The next one that is read may push this one out.
    pieces.push(bytes.slice())
    size += bytes.length
  }
  return new RecordBytes(joined(pieces, size))
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

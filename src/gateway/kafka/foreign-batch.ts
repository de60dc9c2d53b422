/**
 * Batches that somebody else wrote, as a Kafka client gets them: the same records at the same offsets, with their
 * keys, times and bodies. Those that came from Kafka clients pass untouched.
 */
import type { BatchView } from '../../machine/batch.ts'
import { FORMAT_KAFKA } from '../../machine/message.ts'
import { placeBatch } from '../../wire/kafka/batch.ts'
import { writeRecords } from '../../wire/kafka/write-records.ts'
import { readPlainRecords } from '../../wire/plain/records.ts'
import { LEADER_EPOCH } from './gateway.ts'

const NO_HEADERS: readonly never[] = []

/** A view of the journal's memory, or memory of its own. */
export function kafkaBatch(view: BatchView): Uint8Array {
  const { at, size, count, offset } = view
  const bytes = view.bytes.subarray(at, at + size)
  if (view.format === FORMAT_KAFKA) return bytes
  const records = readPlainRecords(bytes, { at: 0, end: size }, count)
  const batch = writeRecords(
    records.map(({ key, body, timeMs }) => {
      return { key, value: body, timestampMs: timeMs, headers: NO_HEADERS }
    }),
  )
  placeBatch(batch, offset, LEADER_EPOCH)
  return batch
}

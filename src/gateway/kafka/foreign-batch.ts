/**
 * Batches that somebody else wrote, as a Kafka client gets them: the same records at the same offsets, with their
 * keys, times and bodies. Those that came from Kafka clients pass untouched.
 */
import { Fault } from '../../base/fault.ts'
import type { BatchView } from '../../machine/batch.ts'
import { FORMAT_KAFKA, FORMAT_PLAIN } from '../../machine/message.ts'
import { placeBatch } from '../../wire/kafka/batch.ts'
import { writeRecords } from '../../wire/kafka/write-records.ts'
import { type ReadRecord, readPlainRecords } from '../../wire/plain/records.ts'
import { LEADER_EPOCH } from './gateway.ts'

const NO_HEADERS: readonly never[] = []

/** A view of the journal's memory, or memory of its own; null for what is in no form that we know. */
export function kafkaBatch(view: BatchView): Uint8Array | null {
  const { at, size, offset } = view
  if (view.format === FORMAT_KAFKA) return view.bytes.subarray(at, at + size)
  const records = plainRecords(view)
  if (records === null) return null
  const batch = writeRecords(
    records.map(({ key, body, timeMs }) => {
      return { key, value: body, timestampMs: timeMs, headers: NO_HEADERS }
    }),
  )
  placeBatch(batch, offset, LEADER_EPOCH)
  return batch
}

function plainRecords(view: BatchView): ReadRecord[] | null {
  if (view.format !== FORMAT_PLAIN) return null
  try {
    return readPlainRecords(view.bytes, { at: view.at, end: view.at + view.size }, view.count)
  } catch (error) {
    if (error instanceof Fault) return null
    throw error
  }
}

/** What bounds the parts of a scratch, out of the limits of the broker and of its journal. */
import { ENTRY_HEADER_SIZE } from '../journal/format.ts'
import { checkedLimits, type JournalLimits } from '../journal/limits.ts'
import type { BrokerLimits } from './limits.ts'

export type ScratchSizes = {
  /** Of all files together. */
  readonly bytesMax: number
  readonly fileBytes: number
  /** Left free on the disk. */
  readonly spareBytes: number
  /** Given to the disk and not written. */
  readonly waitingBytes: number
  /** Until what the disk refused is tried again. */
  readonly retryMs: number
  /** What is written and read at once, but for a larger body. */
  readonly blockBytes: number
  /** Blocks that were read and are kept. */
  readonly blocksMax: number
}

export function scratchSizes(
  limits: BrokerLimits,
  journalLimits: Partial<JournalLimits>,
): ScratchSizes {
  const { entryBytes, readWindowBytes, readWindows } = checkedLimits(journalLimits)
  return {
    bytesMax: limits.scratchBytes,
    fileBytes: Math.max(limits.scratchFileBytes, ENTRY_HEADER_SIZE + entryBytes),
    spareBytes: limits.scratchSpareBytes,
    waitingBytes: limits.scratchWaitingBytes,
    retryMs: limits.scratchRetryMs,
    // Cold reads of transient messages are as those of persistent ones.
    blockBytes: readWindowBytes,
    blocksMax: readWindows,
  }
}

/** Makes the scratch of a directory, of which nothing is left of earlier runs, as large as the limits say. */
import { ENTRY_HEADER_SIZE } from '../journal/format.ts'
import { checkedLimits, type JournalLimits } from '../journal/limits.ts'
import type { BrokerLimits } from './limits.ts'
import { Scratch, type ScratchOptions } from './scratch.ts'
import { eraseScratch } from './scratch-names.ts'

export async function makeScratch(
  place: Pick<ScratchOptions, 'disk' | 'directory' | 'scheduler' | 'log'>,
  limits: BrokerLimits,
  journalLimits: Partial<JournalLimits>,
): Promise<Scratch> {
  await eraseScratch(place.disk, place.directory, place.log)
  const { entryBytes, readWindowBytes, readWindows } = checkedLimits(journalLimits)
  return new Scratch({
    ...place,
    bytesMax: limits.scratchBytes,
    fileBytes: Math.max(limits.scratchFileBytes, ENTRY_HEADER_SIZE + entryBytes),
    spareBytes: limits.scratchSpareBytes,
    waitingBytes: limits.scratchWaitingBytes,
    // Cold reads of transient messages are as those of persistent ones.
    blockBytes: readWindowBytes,
    blocksMax: readWindows,
  })
}

/**
 * Things that a journal does at the same time: what begins here is not awaited before the next thing
 * begins. They belong to the same workloads as the single steps.
 */
import { JournalError } from '../../src/journal/errors.ts'
import { bodyOfSize } from '../journal/journal-world.ts'
import { type Operation, put, release, type Stage, settle } from './journal-ops.ts'

export const overlaps: Readonly<Record<string, Operation>> = {
  /** A snapshot is written while groups are appended and released and a file is sealed. */
  besideSnapshot: async (stage) => {
    const count = stage.tried
    const appending = async (): Promise<void> => {
      await put(stage, [30])
      await release(stage, 1)
      await put(stage, [900, 700])
      await put(stage, [1300, 20])
    }
    await together(stage.world.snapshot(), appending())
    stage.ledger.note({ kind: 'settled', count })
    await settle(stage)
  },
  /** Files are recycled and cleaned while what lies in them is released. */
  besideTidy: async (stage) => {
    const appending = async (): Promise<void> => {
      await put(stage, [60])
      await release(stage, 3)
      await put(stage, [1000])
    }
    await together(stage.world.journal.tidy(), appending())
    await settle(stage)
  },
  /** A snapshot of what is not settled, over the end of a file: replay has to begin in the file before. */
  rollSnapshot: async (stage) => {
    // All in one turn, so that nothing of it has reached the disk.
    const puts = [
      put(stage, [1200, 100]),
      put(stage, [1100, 200]),
      put(stage, [1000, 300]),
      stage.world.snapshot(),
    ]
    await together(...puts)
    await settle(stage)
    stage.ledger.note({ kind: 'settled', count: stage.tried })
  },
  /** One group that asks for a sync behind two that do not, in one commit or in several. */
  osMixed: async (stage) => {
    await put(stage, [50], 'os')
    await put(stage, [400, 10], 'os')
    await put(stage, [70])
    await settle(stage)
  },
  /** Closed in the middle of everything. */
  closeBusy: async (stage) => {
    const { world } = stage
    await put(stage, [300])
    const appending = async (): Promise<void> => {
      await put(stage, [200, 100])
      await stage.reopen()
    }
    await together(untilStopped(world.snapshot()), untilStopped(world.journal.tidy()), appending())
  },
  /** Pieces of a body that never arrives whole. */
  orphans: async (stage: Stage) => {
    await stage.world.fragments([bodyOfSize(700, 1), bodyOfSize(500, 2)])
    await stage.world.settled()
  },
}

/** Waits for all of them, then throws what the first one to fail threw. */
async function together(...works: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(works)) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
}

/** What a close interrupts may be refused, in one way. */
async function untilStopped(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof JournalError && error.code === 'JOURNAL_STOPPED')) throw error
  }
}

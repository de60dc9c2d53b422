/**
 * Workloads of the journal on a disk that fails: each operation ends as it would or is refused in a way that
 * the journal defines, and afterwards, on a disk that works again, the journal goes on or is opened anew.
 */
import assert from 'node:assert/strict'
import { DiskError } from '../../src/base/ports.ts'
import { JournalError, JournalStopped } from '../../src/journal/errors.ts'
import type { CrashSpec } from '../crash/enumerate.ts'
import {
  type JournalNote,
  noteTried,
  put,
  type Stage,
  settle,
  stateOf,
} from '../crash/journal-ops.ts'
import {
  type Base,
  checkState,
  type JournalState,
  journalSpec,
  openStage,
} from '../crash/journal-spec.ts'
import type { Ledger } from '../crash/ledger.ts'
import { Refused } from '../journal/journal-world.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { drained } from '../sim/turn.ts'
import { failingOperations, readInTurn } from './cold-reads.ts'

/** Far above what any workload asks of its disk: whoever asks for more asks in a circle. */
const CALLS_MAX = 5_000

/** How often a publisher that is told to wait comes back on a disk that works, and how often one is asked for. */
const ATTEMPTS_MAX = 10

export function faultySpec(
  base: Base,
  names: readonly string[],
): CrashSpec<JournalState, JournalNote> {
  return {
    ...journalSpec(base, names),
    workload: (disk, ledger) => new FaultyRun({ disk, ledger, base }).run(names),
  }
}

type RunParts = {
  readonly disk: CrashDisk
  readonly ledger: Ledger<JournalNote>
  readonly base: Base
}

class FaultyRun {
  readonly #disk: CrashDisk
  readonly #ledger: Ledger<JournalNote>
  readonly #base: Base
  /**
   * The name of the directory itself was not synced. Whoever starts again on it may lose it whole in a power
   * cut: the next sync of its parent says nothing of what the failed one lost. Declared, and not followed up.
   */
  #isAdrift: boolean = false

  constructor({ disk, ledger, base }: RunParts) {
    this.#disk = disk
    this.#ledger = ledger
    this.#base = base
    disk.observe({
      issued: (call) => {
        if (call.number > CALLS_MAX) disk.cutPower()
      },
      failed: ({ path }) => {
        if (path === '.') this.#isAdrift = true
      },
    })
  }

  async run(names: readonly string[]): Promise<void> {
    const stage = await this.#open()
    if (stage === null) return
    for (const name of names) {
      try {
        await failingOperations[name]!(stage)
      } catch (error) {
        assertDefined(error)
      }
    }
    if (await this.#isOver(stage)) {
      await this.#end(stage)
      this.#disk.faults.heal()
      await this.#reopen(stage)
    }
    this.#disk.faults.heal()
    await resume(stage)
    const { world } = stage
    assert.equal((await readInTurn(world)).size, 0, 'unread on a disk that works')
    await world.journal.close()
    world.audit.assertHonest()
  }

  /** Null when nothing may be built on this disk. */
  async #open(): Promise<Stage | null> {
    try {
      return await openStage(this.#disk, this.#ledger)
    } catch (error) {
      assertDefined(error)
      this.#assertClosed()
      if (this.#isAdrift) return null
      this.#disk.faults.heal()
      const stage = await openStage(this.#disk, this.#ledger)
      assert.equal(stateOf(stage.world.owner), this.#base.state, 'lost by an opening that failed')
      return stage
    }
  }

  /**
   * What goes on in the background meets the fault too, before the disk works again. The question may itself begin a
   * file, and so it is asked until it begins nothing any more.
   */
  async #isOver(stage: Stage): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      await drained()
      const { callCount } = this.#disk
      if (isOver(stage)) return true
      await drained()
      if (this.#disk.callCount === callCount) return false
    }
    throw new Error('who asks whether it is over is never done')
  }

  /** The journal stopped and said so, or is closed because the next one could not be opened. */
  async #end(stage: Stage): Promise<void> {
    const { journal, stopped } = stage.world
    if (journal.stoppedBy !== null) {
      assert(stopped instanceof JournalStopped, 'it stopped and told nobody')
      await assert.rejects(journal.log.settled(journal.log.nextTicket), JournalStopped)
    }
    await journal.close()
    this.#assertClosed()
  }

  /** A new process finds all that was promised. */
  async #reopen(stage: Stage): Promise<void> {
    await stage.reopen()
    const state = stateOf(stage.world.owner)
    checkState(this.#base.state, state, this.#ledger.until(this.#ledger.length))
    // What a new process saw is the truth from now on: it goes on from there.
    noteTried(stage)
    this.#ledger.note({ kind: 'settled', count: stage.tried })
  }

  #assertClosed(): void {
    assert.deepEqual(this.#disk.openPaths, [], 'files left open')
  }
}

/** Whether the journal takes nothing any more. */
function isOver(stage: Stage): boolean {
  return stage.world.journal.log.reserve(0, 0, 'relief') === 'stopped'
}

/** A publisher that comes back gets through, and is told so. */
async function resume(stage: Stage): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await put(stage, [11])
      return await settle(stage)
    } catch (error) {
      assert(error instanceof Refused && error.answer === 'full', `resuming: ${String(error)}`)
      assert(attempt < ATTEMPTS_MAX, 'still full on a disk that works')
      const room = stage.world.journal.log.room()
      stage.fire()
      await room
    }
  }
}

/** Throws unless the journal may end an operation like this when its disk fails. */
function assertDefined(error: unknown): void {
  if (error instanceof Refused && (error.answer === 'full' || error.answer === 'stopped')) return
  if (
    error instanceof JournalError &&
    /^JOURNAL_(STOPPED|FULL|HANDLES|DENIED|DISK)$/.test(error.code)
  )
    return
  if (error instanceof DiskError) return
  throw error
}

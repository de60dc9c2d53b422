/**
 * The SnapshotTaker writes the machine into a snapshot when the journal asks for one, a piece between turns, and has
 * the journal tidied up when that may free space: after a snapshot, and for as long as the disk is full.
 */
import { assert } from '../base/assert.ts'
import type { Log } from '../base/log.ts'
import { mark } from '../base/mark.ts'
import { DiskError } from '../base/ports.ts'
import { Writer } from '../base/writer.ts'
import { JournalStopped } from '../journal/errors.ts'
import { freeze } from '../machine/snapshot.ts'
import type { Context } from './context.ts'

type Parts = {
  readonly log: Log
  /** Writes what the machine shows and no entry tells of yet; false when there is no room for all of it. */
  readonly writeDown: () => boolean
}

export class SnapshotTaker {
  readonly #context: Context
  readonly #parts: Parts
  #running: Promise<void> | null = null
  #closing = false

  constructor(context: Context, parts: Parts) {
    this.#context = context
    this.#parts = parts
  }

  /** Begins one if it is due and none is being written. Called after every commit. */
  consider(): void {
    const { engine } = this.#context
    if (engine.log.isFull) this.#tidy()
    if (this.#running !== null || this.#closing || !engine.snapshotDue) return
    // Else the entry would come behind the snapshot that has it in already, and count a second time.
    if (!this.#parts.writeDown()) {
      mark('snapshot/postponed')
      return
    }
    this.#running = this.#take().then((outcome) => {
      this.#running = null
      // What was written meanwhile may ask for the next one, and may be the last for long.
      if (outcome === 'kept') this.consider()
    })
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#running
  }

  /** Resolves when it counts, or when there will be none now. */
  async #take(): Promise<'kept' | 'given-up'> {
    const { engine, fail, limits, machine } = this.#context
    assert(!machine.freezer.held, 'one snapshot at a time')
    const pieces = freeze(machine)
    try {
      const snapshot = engine.snapshot()
      const writer = new Writer()
      for (const piece of pieces()) {
        writer.bytes(piece)
        if (writer.size < limits.snapshotPieceBytes) continue
        await snapshot.write(writer.take())
        await this.#turn()
        if (!this.#closing) continue
        await snapshot.abandon()
        return 'given-up'
      }
      await snapshot.write(writer.take())
      await snapshot.finish()
      mark('snapshot/taken')
      // Files of which little lives: nothing in them may die for long, and nobody else looks for them.
      this.#tidy()
      return 'kept'
    } catch (error) {
      if (error instanceof DiskError && isForNow(error)) {
        mark('snapshot/without-room')
        this.#parts.log.warn('no room for a snapshot; the next one will be tried later')
      } else if (!(error instanceof JournalStopped)) fail(error) // else everybody has been told
      return 'given-up'
    } finally {
      machine.thaw()
    }
  }

  /** In the background. */
  #tidy(): void {
    const { engine, fail } = this.#context
    if (!this.#closing) engine.tidy().catch(fail)
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#context.scheduler.soon(resolve))
  }
}

/** There was no space for it, or no file handle. */
function isForNow({ code }: DiskError): boolean {
  return code === 'full' || code === 'handles'
}

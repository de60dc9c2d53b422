/** The SnapshotTaker writes the machine into a snapshot when the journal asks for one, a piece between turns. */
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

  /** Begins one if it is due and none is being written. */
  consider(): void {
    if (this.#running !== null || this.#closing || !this.#context.engine.snapshotDue) return
    // Else the entry would come behind the snapshot that has it in already, and count a second time.
    if (!this.#parts.writeDown()) {
      mark('snapshot/postponed')
      return
    }
    this.#running = this.#take().finally(() => {
      this.#running = null
    })
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#running
  }

  /** Resolves when it counts, or when the disk had no room for it. */
  async #take(): Promise<void> {
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
        if (this.#closing) return await snapshot.abandon()
      }
      await snapshot.write(writer.take())
      await snapshot.finish()
      mark('snapshot/taken')
    } catch (error) {
      if (error instanceof JournalStopped) return // everybody has been told
      if (!(error instanceof DiskError) || error.code !== 'full') return fail(error)
      mark('snapshot/without-room')
      this.#parts.log.warn('no room for a snapshot; the next one will be tried later')
    } finally {
      machine.thaw()
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#context.scheduler.soon(resolve))
  }
}

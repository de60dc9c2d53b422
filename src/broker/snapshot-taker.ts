/** The SnapshotTaker writes the machine into a snapshot when the journal asks for one, a piece between turns. */
import type { Log } from '../base/log.ts'
import { DiskError, type Scheduler } from '../base/ports.ts'
import { JournalStopped } from '../journal/errors.ts'
import { freeze } from '../machine/snapshot.ts'
import type { Context } from './context.ts'

export class SnapshotTaker {
  readonly #context: Context
  readonly #scheduler: Scheduler
  readonly #log: Log
  #running: Promise<void> | null = null
  #closing = false

  constructor(context: Context, scheduler: Scheduler, log: Log) {
    this.#context = context
    this.#scheduler = scheduler
    this.#log = log
  }

  /** Begins one if it is due and none is being written. */
  consider(): void {
    if (this.#running !== null || this.#closing || !this.#context.engine.snapshotDue) return
    this.#running = this.take().finally(() => {
      this.#running = null
    })
  }

  /** Writes one now. Resolves when it counts, or when the disk had no room for it. */
  async take(): Promise<void> {
    const { engine, fail, machine } = this.#context
    const pieces = freeze(machine)
    const snapshot = engine.snapshot()
    try {
      for (const piece of pieces()) {
        await snapshot.write(piece)
        if (this.#closing) return await snapshot.abandon()
        await this.#turn()
      }
      await snapshot.finish()
    } catch (error) {
      if (error instanceof JournalStopped) return // everybody has been told
      if (!(error instanceof DiskError) || error.code !== 'full') return fail(error)
      this.#log.warn('no room for a snapshot; the next one will be tried later')
    } finally {
      machine.freezer.thaw()
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#running
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#scheduler.soon(resolve))
  }
}

/**
 * A snapshot on its way: opened at the first write, kept once its ticket is durable, abandoned on
 * any failure before that.
 */
import type { Snapshot } from './engine.ts'
import { JournalError } from './errors.ts'
import type { SnapshotHead } from './snapshot-format.ts'
import type { Snapshots, SnapshotWriter } from './snapshots.ts'

export type SnapshotHooks = {
  /** Resolves when the ticket is durable. */
  durable(ticket: number): Promise<void>
  /** Stops the journal: a directory that could not be synced is in an unknown state. */
  stop(cause: unknown): void
  ended(outcome: 'kept' | 'abandoned'): void
}

export class RunningSnapshot implements Snapshot {
  readonly #snapshots: Snapshots
  readonly #head: SnapshotHead
  readonly #hooks: SnapshotHooks
  #writer: SnapshotWriter | null = null
  /**
   * The write or finish under way; never rejects. Whoever abandons waits for it, so that no call
   * comes after a close.
   */
  #under: Promise<unknown> = Promise.resolve()
  #abandoned = false
  #ended = false

  constructor(snapshots: Snapshots, head: SnapshotHead, hooks: SnapshotHooks) {
    this.#snapshots = snapshots
    this.#head = head
    this.#hooks = hooks
  }

  get ticket(): number {
    return this.#head.ticket
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#run(() => this.#write(bytes))
  }

  finish(): Promise<void> {
    return this.#run(() => this.#finish())
  }

  async abandon(): Promise<void> {
    this.#abandoned = true
    await this.#under
    await this.#end('abandoned')
  }

  #run(work: () => Promise<void>): Promise<void> {
    const done = this.#under.then(work)
    this.#under = done.catch(() => undefined)
    return done
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#refuseAbandoned()
    try {
      this.#writer ??= await this.#snapshots.begin(this.#head)
      await this.#writer.write(bytes)
    } catch (error) {
      await this.#end('abandoned')
      throw error
    }
  }

  async #finish(): Promise<void> {
    if (this.#head.ticket === this.#snapshots.newestTicket) return this.#end('abandoned')
    let bytes = 0
    try {
      await this.#write(new Uint8Array(0))
      bytes = await this.#writer!.end()
      // A snapshot must never hold what a crash could still take back from the journal.
      await this.#hooks.durable(this.#head.ticket)
      this.#refuseAbandoned()
    } catch (error) {
      await this.#end('abandoned')
      throw error
    }
    try {
      await this.#snapshots.keep(this.#head, bytes)
    } catch (error) {
      this.#hooks.stop(error)
      throw error
    }
    await this.#end('kept')
  }

  #refuseAbandoned(): void {
    if (!this.#abandoned && !this.#ended) return
    throw new JournalError('JOURNAL_STOPPED', 'the snapshot was abandoned')
  }

  async #end(outcome: 'kept' | 'abandoned'): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#writer?.abandon()
    if (outcome === 'abandoned') this.#snapshots.giveUp()
    this.#hooks.ended(outcome)
  }
}

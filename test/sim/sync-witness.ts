/**
 * Knows which messages are durable on a disk, from what it sees written and synced: so that a test can refuse every
 * acknowledgement that leaves too early. It reads bytes only through the test's own eyes, and changes nothing.
 */
import type { CrashDisk } from './crash-disk.ts'

/** What a test recognises in bytes that go to a file. */
export type Recognise = (path: string, bytes: Uint8Array) => Iterable<string>

/** What was written to one file, and how far it is safe. */
class FileSeen {
  /** Messages in the order of their writing. */
  readonly messages: string[] = []
  /** For each sync under way: how many messages had been written when it was asked for. */
  readonly syncing: number[] = []
}

export class SyncWitness {
  readonly #recognise: Recognise
  readonly #durable = new Set<string>()

  constructor(recognise: Recognise) {
    this.#recognise = recognise
  }

  /** To be told of every disk that the program runs on, also after a crash. */
  watch(disk: CrashDisk): void {
    const files = new Map<string, FileSeen>()
    const seenOf = (path: string): FileSeen => {
      const seen = files.get(path) ?? new FileSeen()
      files.set(path, seen)
      return seen
    }
    disk.observe({
      written: (path, _position, bytes) => {
        seenOf(path).messages.push(...this.#recognise(path, bytes))
      },
      issued: ({ kind, path }) => {
        if (kind === 'sync') seenOf(path).syncing.push(seenOf(path).messages.length)
      },
      synced: (path) => {
        const { messages, syncing } = seenOf(path)
        const count = syncing.shift() ?? 0
        for (const message of messages.slice(0, count)) this.#durable.add(message)
      },
      failed: ({ kind, path }) => {
        if (kind === 'sync') seenOf(path).syncing.shift()
      },
    })
  }

  /** Whether a sync that was asked for after the message was written has succeeded. */
  isDurable(message: string): boolean {
    return this.#durable.has(message)
  }

  /** What recovery found: it was durable before this witness came. */
  vouch(message: string): void {
    this.#durable.add(message)
  }
}

/** A scratch of tiny blocks and files on a simulated disk, and bodies that say whose they are. */
import assert from 'node:assert/strict'
import type { Scheduler } from '../../src/base/ports.ts'
import { Scratch, type ScratchOptions } from '../../src/broker/scratch.ts'
import { checksum } from '../../src/journal/checksum.ts'
import type { EntryView } from '../../src/journal/entry-cursor.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'
import { drained, settled } from '../sim/turn.ts'

const QUEUE = 7
const KIND = 1

/** A body that was taken: the number of its message tells it from all others. */
export type Kept = {
  readonly number: number
  readonly size: number
  /** Moves with the body. */
  address: number
}

export class ScratchPlace {
  readonly scratch: Scratch
  readonly disk: CrashDisk
  readonly said: string[] = []
  /** How often it called that there may be room. */
  roomCount = 0
  #timers: (() => void)[] = []
  #number = 0
  readonly #kept = new Map<number, Kept>()

  private constructor(disk: CrashDisk, options: Partial<ScratchOptions>) {
    const scheduler: Scheduler = {
      soon: (task) => void Promise.resolve().then(task),
      after: (_delayMs, task) => {
        this.#timers.push(task)
        return {
          cancel: () => {
            this.#timers = this.#timers.filter((each) => each !== task)
          },
        }
      },
    }
    const say = (text: string): void => {
      this.said.push(text)
    }
    const log = { info: say, warn: say, error: say }
    const place = { disk, directory: 'data', scheduler, log, checksum, spareBytes: 0 }
    const sizes = { bytesMax: 2_048, fileBytes: 512, waitingBytes: 256, blockBytes: 128 }
    this.disk = disk
    this.scratch = new Scratch(
      { ...place, ...sizes, blocksMax: 2, retryMs: 1, ...options },
      {
        lives: ({ number }, address) => this.#kept.get(number)?.address === address,
        moved: ({ number }, address) => {
          this.#kept.get(number)!.address = address
        },
        room: () => {
          this.roomCount++
        },
      },
    )
  }

  static async make(disk: CrashDisk, options: Partial<ScratchOptions> = {}): Promise<ScratchPlace> {
    await disk.makeDirectory('data')
    return new ScratchPlace(disk, options)
  }

  /** Takes a body, or says why there is no room for one. */
  add(size: number): Kept | string {
    const answer = this.scratch.reserve(size)
    if (answer !== 'ok') return answer
    const number = ++this.#number
    const address = this.scratch.claim({ kind: KIND, flags: 1, log: QUEUE, number }, size)
    const { bytes, at } = this.scratch.slot
    bytes.set(bodyOf(number, size), at)
    const kept = { number, size, address }
    this.#kept.set(number, kept)
    return kept
  }

  /** Takes bodies of this size until there is no room; answers them, and why it ended. */
  fill(size: number): { readonly kept: readonly Kept[]; readonly why: string } {
    const kept: Kept[] = []
    for (;;) {
      const added = this.add(size)
      if (typeof added === 'string') return { kept, why: added }
      kept.push(added)
    }
  }

  /** Looks at the body, from wherever it is, and sees that it is as it was. */
  async check(kept: Kept): Promise<void> {
    while (this.scratch.peek(kept.address) === null) {
      const { address } = kept
      await settled(
        this.scratch.load(address).catch((error: unknown) => {
          // It moved meanwhile, and its file went.
          if (kept.address === address) throw error
        }),
        'a body',
      )
    }
    this.checkInMemory(kept)
  }

  checkInMemory({ number, size, address }: Kept): void {
    const entry: EntryView | null = this.scratch.peek(address)
    assert(entry !== null, 'not in memory')
    assert.deepEqual([entry.kind, entry.log, entry.number], [KIND, QUEUE, number])
    const body = entry.bytes.subarray(entry.bodyAt, entry.bodyAt + entry.bodySize)
    assert.deepEqual(body, bodyOf(number, size))
  }

  /** The same as often as there is room once all is written; answers the bodies. */
  async fillWhole(size: number): Promise<readonly Kept[]> {
    const kept: Kept[] = []
    for (;;) {
      const filled = this.fill(size)
      kept.push(...filled.kept)
      await drained()
      if (filled.why !== 'disk-slow') return kept
    }
  }

  release(...all: readonly Kept[]): void {
    for (const { address, number } of all) {
      this.#kept.delete(number)
      this.scratch.release(address)
    }
  }

  /** The scratch files there are. */
  async names(): Promise<readonly string[]> {
    await drained()
    const entries = await this.disk.list('data')
    return entries.map(({ name }) => name).sort()
  }

  /** A second passes. */
  async retry(): Promise<void> {
    const timers = this.#timers
    this.#timers = []
    for (const task of timers) task()
    await drained()
  }

  get isWaitingForRetry(): boolean {
    return this.#timers.length > 0
  }
}

function bodyOf(number: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => Math.imul(number * 31 + at, 77_377) >>> 8)
}

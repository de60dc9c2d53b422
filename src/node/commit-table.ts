/**
 * The table over which a disk and its commit thread talk: one piece of shared memory, written by
 * one side at a time. The counters say whose turn it is; nothing else is synchronised.
 */
import { assert } from '../base/assert.ts'
import { limits } from '../base/limits.ts'

// table   = header slot*                          all words are 32-bit, in the machine's own order
// header  = posted done messages isUp             counters, modulo 2^32, and a flag
//   posted   : orders that the disk has put into slots; moved by the disk, the thread waits on it
//   done     : orders that the thread has finished; moved by the thread, never past posted
//   messages : messages sent to the thread so far; it reads them only when this has moved
//   isUp     : 1 from when the thread runs
// slot    = handle file work positionLow positionHigh errno size pieceCount piece*
//   handle   : the file's descriptor, or -1: the thread shall end
//   file     : a number of its own for each opening of a file
//   work     : 0 to write, 1 to write and sync, 2 to read
//   errno    : the thread's answer, 0 for success
//   size     : the thread's answer to a read: how much there was
// piece   = slab offset size                      a slab is shared memory that a message has named
// Order k, a commit or a read, lives in slot k modulo the number of slots; the disk writes it while done >= k - slots.

const POSTED = 0
const DONE = 1
const MESSAGES = 2
const IS_UP = 3
const HEADER_WORDS = 4

const HANDLE = 0
const FILE = 1
const WORK = 2
const POSITION_LOW = 3
const POSITION_HIGH = 4
const ERRNO = 5
const SIZE = 6
const PIECE_COUNT = 7
const PIECES = 8
const PIECE_WORDS = 3
const SLOT_WORDS = PIECES + PIECE_WORDS * limits.commitPieces

const WORKS = ['no-sync', 'sync', 'read'] as const

const WORD = 2 ** 32
const HANDLE_END = -1

/** Where one piece lies. */
export interface PiecePlace {
  readonly slab: number
  readonly offset: number
  readonly size: number
}

/** What is to be done with the pieces: written, written and synced, or read into. */
export type Work = (typeof WORKS)[number]

/** One order as the table carries it. */
export interface TableEntry {
  readonly handle: number
  readonly file: number
  readonly work: Work
  readonly position: number
  readonly pieces: readonly PiecePlace[]
}

/** What is sent to the thread as a message: a slab to be known from now on, or to be forgotten. */
export type SlabMessage =
  | { readonly kind: 'slab'; readonly slab: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'forget'; readonly slab: number }

/** What became of an order: the number of the system's error or 0, and how many bytes were read. */
export interface Outcome {
  readonly errno: number
  readonly size: number
}

export class CommitTable {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array

  /** Over memory that the other side made, or over its own. */
  constructor(memory?: SharedArrayBuffer) {
    const words = HEADER_WORDS + SLOT_WORDS * limits.commitsInThread
    this.memory = memory ?? new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT)
    this.#words = new Int32Array(this.memory)
    assert(this.#words.length === words, 'the table has another shape')
  }

  /** The disk: puts order number `number` into its slot and wakes the thread. `null` ends it. */
  post(number: number, entry: TableEntry | null): void {
    const words = this.#words
    const slot = slotOf(number)
    words[slot + HANDLE] = entry === null ? HANDLE_END : entry.handle
    if (entry !== null) writeEntry(words, slot, entry)
    Atomics.store(words, POSTED, (number + 1) | 0)
    Atomics.notify(words, POSTED)
  }

  /** The thread: says that it runs. */
  comeUp(): void {
    Atomics.store(this.#words, IS_UP, 1)
  }

  /** The disk: whether the thread runs, so that what is posted begins at once. */
  get isUp(): boolean {
    return Atomics.load(this.#words, IS_UP) === 1
  }

  /** The thread: sleeps until order `number` is there. `null` says that it shall end. */
  take(number: number): TableEntry | null {
    const words = this.#words
    // Not moved past `number` yet: sleep. It wakes without cause too, so look again.
    while (Atomics.load(words, POSTED) === (number | 0)) Atomics.wait(words, POSTED, number | 0)
    const slot = slotOf(number)
    return words[slot + HANDLE] === HANDLE_END ? null : readEntry(words, slot)
  }

  /** The thread: order `number` is over; wakes the disk. */
  finish(number: number, { errno, size }: Outcome): void {
    this.#words[slotOf(number) + ERRNO] = errno
    this.#words[slotOf(number) + SIZE] = size
    Atomics.store(this.#words, DONE, (number + 1) | 0)
    Atomics.notify(this.#words, DONE)
  }

  /** The disk: resolves once order `number` is over. Keeps no process alive. */
  async whenDone(number: number): Promise<void> {
    await Atomics.waitAsync(this.#words, DONE, number | 0).value
  }

  /** The disk: whether order `number` is over; its slot may be read now, and then used again. */
  isDone(number: number): boolean {
    // Of the few that may be under way, so the difference is small whatever the counters are.
    return ((Atomics.load(this.#words, DONE) - number) | 0) > 0
  }

  outcomeOf(number: number): Outcome {
    const slot = slotOf(number)
    return { errno: this.#words[slot + ERRNO]!, size: this.#words[slot + SIZE]! }
  }

  /** The disk: one more message is under way. */
  countMessage(): void {
    Atomics.add(this.#words, MESSAGES, 1)
  }

  get messages(): number {
    return Atomics.load(this.#words, MESSAGES)
  }
}

function slotOf(number: number): number {
  return HEADER_WORDS + SLOT_WORDS * (number % limits.commitsInThread)
}

function writeEntry(words: Int32Array, slot: number, entry: TableEntry): void {
  words[slot + FILE] = entry.file
  words[slot + WORK] = WORKS.indexOf(entry.work)
  words[slot + POSITION_LOW] = entry.position | 0
  words[slot + POSITION_HIGH] = Math.floor(entry.position / WORD)
  words[slot + PIECE_COUNT] = entry.pieces.length
  let at = slot + PIECES
  for (const piece of entry.pieces) {
    words[at] = piece.slab
    words[at + 1] = piece.offset
    words[at + 2] = piece.size
    at += PIECE_WORDS
  }
}

function readEntry(words: Int32Array, slot: number): TableEntry {
  const pieces: PiecePlace[] = []
  for (let index = 0; index < words[slot + PIECE_COUNT]!; index++) {
    const at = slot + PIECES + index * PIECE_WORDS
    pieces.push({ slab: words[at]!, offset: words[at + 1]! >>> 0, size: words[at + 2]! >>> 0 })
  }
  return {
    handle: words[slot + HANDLE]!,
    file: words[slot + FILE]!,
    work: WORKS[words[slot + WORK]!]!,
    position: words[slot + POSITION_HIGH]! * WORD + (words[slot + POSITION_LOW]! >>> 0),
    pieces,
  }
}

/**
 * The table over which a disk and its commit thread talk: one piece of shared memory, written by
 * one side at a time. The counters say whose turn it is; nothing else is synchronised.
 */
import { assert } from '../base/assert.ts'
import { limits } from '../base/limits.ts'

// table   = header slot*                          all words are 32-bit, in the machine's own order
// header  = posted done messages                  counters, modulo 2^32
//   posted   : commits that the disk has put into slots; moved by the disk, the thread waits on it
//   done     : commits that the thread has finished; moved by the thread, never past posted
//   messages : messages sent to the thread so far; it reads them only when this has moved
// slot    = handle file sync positionLow positionHigh errno pieceCount piece*
//   handle   : the file's descriptor, or -1: the thread shall end
//   file     : a number of its own for each opening of a file
//   sync     : 1 or 0
//   errno    : the thread's answer, 0 for success
// piece   = slab offset size                      a slab is shared memory that a message has named
// Commit k lives in slot k modulo the number of slots; the disk writes it while done >= k - slots.

const POSTED = 0
const DONE = 1
const MESSAGES = 2
const HEADER_WORDS = 3

const HANDLE = 0
const FILE = 1
const SYNC = 2
const POSITION_LOW = 3
const POSITION_HIGH = 4
const ERRNO = 5
const PIECE_COUNT = 6
const PIECES = 7
const PIECE_WORDS = 3
const SLOT_WORDS = PIECES + PIECE_WORDS * limits.commitPieces

const WORD = 2 ** 32
const HANDLE_END = -1

/** Where one piece lies. */
export interface PiecePlace {
  readonly slab: number
  readonly offset: number
  readonly size: number
}

/** One commit as the table carries it. */
export interface CommitEntry {
  readonly handle: number
  readonly file: number
  readonly sync: 'sync' | 'no-sync'
  readonly position: number
  readonly pieces: readonly PiecePlace[]
}

/** What is sent to the thread as a message: a slab to be known from now on, or to be forgotten. */
export type SlabMessage =
  | { readonly kind: 'slab'; readonly slab: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'forget'; readonly slab: number }

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

  /** The disk: puts commit number `number` into its slot and wakes the thread. `null` ends it. */
  post(number: number, entry: CommitEntry | null): void {
    const words = this.#words
    const slot = slotOf(number)
    words[slot + HANDLE] = entry === null ? HANDLE_END : entry.handle
    if (entry !== null) writeEntry(words, slot, entry)
    Atomics.store(words, POSTED, (number + 1) | 0)
    Atomics.notify(words, POSTED)
  }

  /** The thread: sleeps until commit `number` is there. `null` says that it shall end. */
  take(number: number): CommitEntry | null {
    const words = this.#words
    // Not moved past `number` yet: sleep. It wakes without cause too, so look again.
    while (Atomics.load(words, POSTED) === (number | 0)) Atomics.wait(words, POSTED, number | 0)
    const slot = slotOf(number)
    return words[slot + HANDLE] === HANDLE_END ? null : readEntry(words, slot)
  }

  /** The thread: commit `number` is over; wakes the disk. */
  finish(number: number, errno: number): void {
    this.#words[slotOf(number) + ERRNO] = errno
    Atomics.store(this.#words, DONE, (number + 1) | 0)
    Atomics.notify(this.#words, DONE)
  }

  /** The disk: resolves once commit `number` is over. Keeps no process alive. */
  async whenDone(number: number): Promise<void> {
    await Atomics.waitAsync(this.#words, DONE, number | 0).value
  }

  /** The disk: whether commit `number` is over; its slot may be read now, and then used again. */
  isDone(number: number): boolean {
    // Of the few that may be under way, so the difference is small whatever the counters are.
    return ((Atomics.load(this.#words, DONE) - number) | 0) > 0
  }

  errnoOf(number: number): number {
    return this.#words[slotOf(number) + ERRNO]!
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

function writeEntry(words: Int32Array, slot: number, entry: CommitEntry): void {
  words[slot + FILE] = entry.file
  words[slot + SYNC] = entry.sync === 'sync' ? 1 : 0
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

function readEntry(words: Int32Array, slot: number): CommitEntry {
  const pieces: PiecePlace[] = []
  for (let index = 0; index < words[slot + PIECE_COUNT]!; index++) {
    const at = slot + PIECES + index * PIECE_WORDS
    pieces.push({ slab: words[at]!, offset: words[at + 1]! >>> 0, size: words[at + 2]! >>> 0 })
  }
  return {
    handle: words[slot + HANDLE]!,
    file: words[slot + FILE]!,
    sync: words[slot + SYNC] === 1 ? 'sync' : 'no-sync',
    position: words[slot + POSITION_HIGH]! * WORD + (words[slot + POSITION_LOW]! >>> 0),
    pieces,
  }
}

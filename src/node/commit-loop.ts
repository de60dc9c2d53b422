/**
 * The one loop that puts a commit on the disk: write all pieces, then sync. Pure but for the two
 * system calls that it is given, so that every way they can fail is tested without a disk.
 */
import { fdatasyncSync, writevSync } from 'node:fs'
import { constants } from 'node:os'
import { limits } from '../base/limits.ts'

/** The two calls, as node:fs has them: they throw an error with an `errno` below zero. */
export interface CommitCalls {
  /** Answers how many bytes were written, which may be fewer than there are. */
  writev(handle: number, pieces: readonly Uint8Array[], position: number): number
  fdatasync(handle: number): void
}

export const systemCalls: CommitCalls = {
  writev: (handle, pieces, position) => writevSync(handle, pieces, position),
  // On macOS libuv makes this F_FULLFSYNC, on Windows FlushFileBuffers: data and metadata.
  fdatasync: fdatasyncSync,
}

export interface CommitOrder {
  readonly handle: number
  /** Tells two openings of files apart, though they may have had the same handle one after the other. */
  readonly file: number
  readonly pieces: readonly Uint8Array[]
  readonly position: number
  readonly sync: 'sync' | 'no-sync'
}

const { EINTR, EIO } = constants.errno

/** Runs commits one after the other. Behind one that failed, none of the same file reaches the disk. */
export class CommitLoop {
  readonly #calls: CommitCalls
  readonly #failed: Set<number>

  constructor(calls: CommitCalls) {
    this.#calls = calls
    this.#failed = new Set()
  }

  /** A commit of this file failed elsewhere: none may follow it here. */
  refuse(file: number): void {
    this.#failed.add(file)
  }

  refuses(file: number): boolean {
    return this.#failed.has(file)
  }

  /** Answers 0, or the number of the system's error. What is no error of the system is thrown. */
  run(order: CommitOrder): number {
    if (this.#failed.has(order.file)) return EIO
    const errno = runCommit(this.#calls, order)
    if (errno !== 0) this.#failed.add(order.file)
    return errno
  }
}

/** One commit. Answers as the loop does. */
export function runCommit(calls: CommitCalls, order: CommitOrder): number {
  const errno = writePieces(calls, order)
  if (errno !== 0 || order.sync === 'no-sync') return errno
  // Once, whatever it answers: after a failed sync the system may call clean what it never wrote.
  return errnoOf(() => calls.fdatasync(order.handle))
}

function writePieces(calls: CommitCalls, order: CommitOrder): number {
  let pieces = order.pieces.filter((piece) => piece.length > 0)
  let position = order.position
  let interrupts = 0
  while (pieces.length > 0) {
    const batch = pieces.length > limits.writePieces ? pieces.slice(0, limits.writePieces) : pieces
    let size = 0
    const errno = errnoOf(() => {
      size = calls.writev(order.handle, batch, position)
    })
    if (errno === EINTR && ++interrupts <= limits.writeInterrupts) continue
    if (errno !== 0) return errno
    if (size === 0) return EIO // taking nothing without a word would keep us here for ever
    interrupts = 0
    position += size
    pieces = leftOf(pieces, size)
  }
  return 0
}

/** The pieces without their first `size` bytes. */
function leftOf(pieces: readonly Uint8Array[], size: number): Uint8Array[] {
  let index = 0
  let left = size
  while (index < pieces.length && left >= pieces[index]!.length) left -= pieces[index++]!.length
  const rest = pieces.slice(index)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}

/** 0, or the number of the system's error with which the call fails; other errors pass. */
export function errnoOf(call: () => void): number {
  try {
    call()
    return 0
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException
    if (typeof errno !== 'number' || errno >= 0) throw error
    return -errno
  }
}

/**
 * The one loop that reads a piece of a file, to its end or to the file's. Pure but for the system call
 * that it is given, so that every way it can fail is tested without a disk.
 */
import { errnoOf } from './commit-loop.ts'
import type { Outcome } from './commit-table.ts'

/** The call, as node:fs has it: it throws an error with an `errno` below zero. It answers 0 at the end of the file. */
export type ReadCall = (handle: number, into: Uint8Array, position: number) => number

export interface ReadOrder {
  readonly handle: number
  readonly into: Uint8Array
  readonly position: number
}

/** Reads until `into` is full or nothing comes. What is no error of the system is thrown. */
export function runRead(read: ReadCall, { handle, into, position }: ReadOrder): Outcome {
  let size = 0
  while (size < into.length) {
    let count = 0
    const errno = errnoOf(() => {
      count = read(handle, size === 0 ? into : into.subarray(size), position + size)
    })
    if (errno !== 0) return { errno, size: 0 }
    if (count === 0) break
    size += count
  }
  return { errno: 0, size }
}

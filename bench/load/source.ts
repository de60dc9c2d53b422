/** What a load sends: operations encoded beforehand, so that the client spends its core on the socket. */
import { assert } from '../../src/base/assert.ts'

export interface LoadSource {
  /** Operations that one call of `take` gives at most. */
  readonly batchMax: number
  /** The bytes of `count` operations that follow one another, the first being number `first`, from 0. */
  take(first: number, count: number): Uint8Array
}

const BLOCK_SIZE: number = 64 * 1024 // one system call's worth: larger blocks hold acknowledgements up

/** The same operation again and again: one block, sliced. */
export function repeated(operation: Uint8Array): LoadSource {
  assert(operation.length > 0, 'an operation has bytes')
  const batchMax = Math.max(1, Math.floor(BLOCK_SIZE / operation.length))
  const block = new Uint8Array(batchMax * operation.length)
  for (let index = 0; index < batchMax; index++) block.set(operation, index * operation.length)
  return {
    batchMax,
    take: (_first, count) => block.subarray(0, count * operation.length),
  }
}

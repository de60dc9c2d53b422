/**
 * What a simulated file holds: a size and blocks of 4 KiB that many versions of a file share. A
 * version is never changed; an editor makes the next one and copies only the blocks that it touches.
 * Knows nothing of names, of syncs or of crashes.
 */
import { assert } from '../../src/base/assert.ts'
import { KiB } from '../../src/base/bytes.ts'

/** The unit of sharing and of the memoised hash; a page of the kernel's, so that pages can be lost whole. */
export const BLOCK_SIZE: number = 4 * KiB

/** Blocks are carved out of pieces this large: a small allocation of its own costs a microsecond. */
const SLAB_SIZE = 32 * BLOCK_SIZE

/** Two 32-bit lanes, 53 bits of which name an image: among 10^7 images two are mistaken once in 180 runs. */
export type Lanes = readonly [left: number, right: number]

/** Stirs two values into one, well enough for hashes that nobody attacks. */
export function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e3779b1)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x85ebca77)
  return mixed ^ (mixed >>> 13)
}

class Block {
  readonly bytes: Uint8Array
  /** The editor's term in which it may still be changed; a frozen version shares it after that. */
  readonly owner: number
  /** Zero until first asked for; never changes while `owner` is over. */
  #lanes: Lanes | null = null

  constructor(bytes: Uint8Array, owner: number) {
    this.bytes = bytes
    this.owner = owner
  }

  forgetLanes(): void {
    this.#lanes = null
  }

  lanes(): Lanes {
    this.#lanes ??= hashBlock(this.bytes)
    return this.#lanes
  }
}

function hashBlock(bytes: Uint8Array): Lanes {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, BLOCK_SIZE >>> 2)
  let left = 0x243f6a88
  let right = 0x13198a2e
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as number
    left = Math.imul(left ^ word, 0x9e3779b1)
    left ^= left >>> 15
    right = Math.imul(right + word, 0x85ebca77)
    right ^= right >>> 13
  }
  return [left, right]
}

const ZERO_LANES: Lanes = hashBlock(new Uint8Array(BLOCK_SIZE))

let slab = new Uint8Array(0)
let slabUsed = 0

function newBytes(): Uint8Array {
  if (slabUsed === slab.length) {
    slab = new Uint8Array(SLAB_SIZE)
    slabUsed = 0
  }
  const bytes = slab.subarray(slabUsed, slabUsed + BLOCK_SIZE)
  slabUsed += BLOCK_SIZE
  return bytes
}

/** Below this a loop is faster than a view and `set`: headers and trailers, most of what a recovery reads. */
const LOOP_SIZE_MAX = 128

function copyInto(into: Uint8Array, at: number, { bytes, start, end }: Range): void {
  if (end - start > LOOP_SIZE_MAX) into.set(bytes.subarray(start, end), at)
  else for (let index = start; index < end; index++) into[at + index - start] = bytes[index]!
}

type Range = { readonly bytes: Uint8Array; readonly start: number; readonly end: number }

let lastOwner = 0

/** One version of a file's bytes; `null` is a hole, which reads as zeros and takes no space. */
export class Content {
  readonly size: number
  readonly blocks: readonly (Block | null)[]
  #lanes: Lanes | null = null

  constructor(size: number, blocks: readonly (Block | null)[]) {
    this.size = size
    this.blocks = blocks
  }

  /** Equal bytes have equal lanes, however they came about. */
  lanes(): Lanes {
    if (this.#lanes !== null) return this.#lanes
    let left = mix(this.size, 1)
    let right = mix(this.size, 2)
    for (const block of this.blocks) {
      const lanes = block === null ? ZERO_LANES : block.lanes()
      left = mix(left, lanes[0])
      right = mix(right, lanes[1])
    }
    this.#lanes = [left, right]
    return this.#lanes
  }
}

export const NO_CONTENT: Content = new Content(0, [])

/** Makes new versions. Invariant: bytes of the last block beyond `size` are zero. */
export class ContentEditor {
  #size: number
  #blocks: (Block | null)[]
  /** Whether `#blocks` belongs to a frozen version too and has to be copied before a change. */
  #shared: boolean = true
  #owner = ++lastOwner
  /** The version that equals the present state, if one was frozen since the last change. */
  #frozen: Content | null
  #allocatedBlocks = 0

  constructor(from: Content) {
    this.#size = from.size
    this.#blocks = from.blocks as (Block | null)[]
    this.#frozen = from
    for (const block of from.blocks) if (block !== null) this.#allocatedBlocks++
  }

  get size(): number {
    return this.#size
  }

  /** Space taken: holes take none. */
  get allocatedBytes(): number {
    return this.#allocatedBlocks * BLOCK_SIZE
  }

  /** The present state as a version that never changes. */
  freeze(): Content {
    if (this.#frozen === null) {
      this.#frozen = new Content(this.#size, this.#blocks)
      this.#shared = true
      this.#owner = ++lastOwner
    }
    return this.#frozen
  }

  read(into: Uint8Array, position: number): number {
    const end = Math.min(position + into.length, this.#size)
    let at = position
    while (at < end) {
      const within = at % BLOCK_SIZE
      const count = Math.min(BLOCK_SIZE - within, end - at)
      const block = this.#blocks[Math.floor(at / BLOCK_SIZE)] ?? null
      if (block === null) into.fill(0, at - position, at - position + count)
      else copyInto(into, at - position, { bytes: block.bytes, start: within, end: within + count })
      at += count
    }
    return Math.max(0, end - position)
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    this.grow(position + bytes.length)
    this.#change()
    let done = 0
    while (done < bytes.length) {
      const at = position + done
      const within = at % BLOCK_SIZE
      const count = Math.min(BLOCK_SIZE - within, bytes.length - done)
      const block = this.#writable(Math.floor(at / BLOCK_SIZE))
      block.bytes.set(bytes.subarray(done, done + count), within)
      done += count
    }
  }

  /** Takes zeros for the range inside the present size: holes where whole blocks go. */
  zero(start: number, end: number): void {
    assert(start <= end && end <= this.#size, 'zeros only inside the file')
    if (start === end) return
    this.#change()
    let at = start
    while (at < end) {
      const within = at % BLOCK_SIZE
      const count = Math.min(BLOCK_SIZE - within, end - at)
      const index = Math.floor(at / BLOCK_SIZE)
      if (this.#blocks[index] !== null) this.#writable(index).bytes.fill(0, within, within + count)
      at += count
    }
  }

  /** Makes the file at least so large; what is new is a hole. */
  grow(size: number): void {
    if (size <= this.#size) return
    this.#change()
    const count = Math.ceil(size / BLOCK_SIZE)
    while (this.#blocks.length < count) this.#blocks.push(null)
    this.#size = size
  }

  truncate(size: number): void {
    if (size >= this.#size) {
      this.grow(size)
      return
    }
    const within = size % BLOCK_SIZE
    const kept = Math.ceil(size / BLOCK_SIZE)
    if (within !== 0) this.zero(size, Math.min(kept * BLOCK_SIZE, this.#size))
    this.#change()
    for (let index = kept; index < this.#blocks.length; index++) {
      if (this.#blocks[index] !== null) this.#allocatedBlocks--
    }
    this.#blocks.length = kept
    this.#size = size
  }

  /** Space that a write of so many bytes there would newly take. */
  costBytes(position: number, sizeBytes: number): number {
    let missing = 0
    const last = Math.ceil((position + sizeBytes) / BLOCK_SIZE)
    for (let index = Math.floor(position / BLOCK_SIZE); index < last; index++) {
      if ((this.#blocks[index] ?? null) === null) missing++
    }
    return missing * BLOCK_SIZE
  }

  #change(): void {
    this.#frozen = null
    if (!this.#shared) return
    this.#blocks = this.#blocks.slice()
    this.#shared = false
  }

  #writable(index: number): Block {
    const old = this.#blocks[index] ?? null
    if (old !== null && old.owner === this.#owner) {
      old.forgetLanes()
      return old
    }
    const bytes = newBytes()
    if (old === null) this.#allocatedBlocks++
    else bytes.set(old.bytes)
    const block = new Block(bytes, this.#owner)
    this.#blocks[index] = block
    return block
  }
}

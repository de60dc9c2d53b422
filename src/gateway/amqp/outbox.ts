/**
 * The outbox of a connection: frames are written into one slab in a turn, and handed to the socket when the slab
 * is full or the turn ends. It knows how much the peer has not taken, and when that is too much.
 *
 *   reserve --> write at that place --> ... --> flush (by the owner, once a turn)
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import type { Connection } from '../../base/ports.ts'
import type { Slabs } from './slabs.ts'

export class Outbox {
  readonly #connection: Connection
  readonly #slabs: Slabs
  readonly #pendingMax: number
  /** Called at the first byte after a flush: somebody has to flush by the end of the turn. */
  readonly #onDirty: () => void
  /** Where to write what was reserved; another one after each `reserve`. */
  bytes: Uint8Array = EMPTY
  /** Bytes written into `bytes`. Invariant: #end <= bytes.length. */
  #end = 0
  /** Handed to the socket, which may still read them. */
  #inFlight: Uint8Array[] = []
  /** The connection will tell when it has taken all: only then may anything wait for that. */
  #willDrain = false
  /** Bytes ever written: a heartbeat is due only where this stands still. */
  sentBytes = 0

  constructor(owner: {
    readonly connection: Connection
    readonly slabs: Slabs
    readonly pendingMax: number
    readonly onDirty: () => void
  }) {
    this.#connection = owner.connection
    this.#slabs = owner.slabs
    this.#pendingMax = owner.pendingMax
    this.#onDirty = owner.onDirty
  }

  /** The largest frame that needs no memory of its own. */
  get slabBytes(): number {
    return this.#slabs.size
  }

  /** Bytes that are not with the system yet. */
  get pendingBytes(): number {
    return this.#connection.pendingBytes + this.#end
  }

  /** The peer does not take what it asked for: nothing more should be promised to it. */
  get isFull(): boolean {
    return this.#willDrain && this.#connection.pendingBytes > this.#pendingMax
  }

  /** Room for a frame, or several that belong together; answers where it begins in `bytes`. */
  reserve(size: number): number {
    if (this.#end + size > this.bytes.length) this.#turn(size)
    else if (this.#end === 0) this.#onDirty()
    const at = this.#end
    this.#end += size
    this.sentBytes += size
    return at
  }

  append(frames: Uint8Array): void {
    const at = this.reserve(frames.length)
    this.bytes.set(frames, at)
  }

  /** Hands over what was written. */
  flush(): void {
    if (this.#end > 0) {
      const isWhole = this.#end === this.bytes.length
      const written = isWhole ? this.bytes : this.bytes.subarray(0, this.#end)
      if (!this.#connection.write(written)) this.#willDrain = true
      this.#inFlight.push(this.bytes)
      this.bytes = EMPTY
      this.#end = 0
    }
    if (this.#connection.pendingBytes === 0) this.#reclaim()
  }

  /** The connection has taken all that it did not hurry to. */
  drained(): void {
    this.#willDrain = false
    this.flush()
  }

  /** The connection is gone: what was written is nobody's. */
  close(): void {
    this.bytes = EMPTY
    this.#end = 0
    this.#inFlight = []
  }

  #turn(size: number): void {
    const isFirst = this.#end === 0
    this.flush()
    this.bytes = size <= this.#slabs.size ? this.#slabs.take() : new Uint8Array(size)
    assert(this.#end === 0, 'a new slab is empty')
    if (isFirst) this.#onDirty()
  }

  /** The system has taken every byte, so that the slabs are ours again. */
  #reclaim(): void {
    for (const slab of this.#inFlight) this.#slabs.give(slab)
    this.#inFlight.length = 0
  }
}

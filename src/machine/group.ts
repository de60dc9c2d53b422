/**
 * A cursor Group remembers, for each partition, the offset of the record that its members read next, and a
 * note that whoever committed it wants back. Who its members are is not durable and not here.
 *
 *   offsets = offset*                                        body of an entry of kind `offsets`
 *   offset  = partition:u32 offset:u48 noteSize:u16 note     offset 2^48-1 takes the place out
 */
import { assert } from '../base/assert.ts'
import { Reader } from '../base/reader.ts'
import { Writer } from '../base/writer.ts'
import { setU48At, u48At } from './entry.ts'

export type Committed = { readonly offset: number; readonly note: string }

/** One place of a group; `committed` null forgets it. */
export type Commitment = { readonly partition: number; readonly committed: Committed | null }

export class Group {
  readonly id: number
  readonly name: string
  #offsets: Map<number, Committed> = new Map()
  /** Somebody reads the map as it is now: the next change is one of a copy. */
  #isFrozen = false

  constructor(id: number, name: string) {
    this.id = id
    this.name = name
  }

  /** By the id of the partition. */
  get offsets(): ReadonlyMap<number, Committed> {
    return this.#offsets
  }

  /** The offsets as they are now, for a snapshot: nothing is copied but by who changes them later. */
  freeze(): ReadonlyMap<number, Committed> {
    this.#isFrozen = true
    return this.#offsets
  }

  apply(commitments: readonly Commitment[]): void {
    const offsets = this.#writable()
    for (const { partition, committed } of commitments) {
      if (committed === null) offsets.delete(partition)
      else offsets.set(partition, committed)
    }
  }

  /** The partition is gone. */
  forget(partition: number): void {
    if (this.#offsets.has(partition)) this.#writable().delete(partition)
  }

  #writable(): Map<number, Committed> {
    if (this.#isFrozen) this.#offsets = new Map(this.#offsets)
    this.#isFrozen = false
    return this.#offsets
  }
}

const FORGET = 2 ** 48 - 1

export function encodeCommitments(commitments: readonly Commitment[]): Uint8Array {
  const writer = new Writer()
  writeCommitments(writer, commitments)
  return writer.take()
}

/** The same at the end of what is written already. */
export function writeCommitments(writer: Writer, commitments: readonly Commitment[]): void {
  for (const { partition, committed } of commitments) {
    writer.u32(partition)
    const offset = committed?.offset ?? 0
    assert(Number.isInteger(offset) && offset >= 0 && offset < FORGET, 'an offset of six bytes')
    const place = new Uint8Array(6)
    setU48At(place, 0, committed?.offset ?? FORGET)
    writer.bytes(place)
    const noteAt = writer.reserve(2)
    writer.patchU16(noteAt, writer.utf8(committed?.note ?? ''))
  }
}

export function decodeCommitments(bytes: Uint8Array, at: number, size: number): Commitment[] {
  const reader = new Reader(bytes, at, at + size)
  const commitments: Commitment[] = []
  while (reader.remaining > 0) {
    const partition = reader.u32()
    const offset = u48At(reader.bytes(6), 0)
    const note = reader.utf8(reader.u16())
    commitments.push({ partition, committed: offset === FORGET ? null : { offset, note } })
  }
  return commitments
}

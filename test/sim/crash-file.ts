/**
 * An open file of a crash disk. Its owner closes it; what it writes is pending until a sync. Holds no
 * state but the handle: bytes and their fate live in the node, numbering and failures in the engine.
 */
import { assert } from '../../src/base/assert.ts'
import { equalBytes } from '../../src/base/bytes.ts'
import { DiskError, type DiskFile } from '../../src/base/ports.ts'
import { type DiskEngine, NO_EFFECT, type Work } from './disk-engine.ts'
import type { Call, CallKind, Fault } from './disk-faults.ts'
import { applyOperation, doubtFile, type FileNode, syncFile } from './disk-names.ts'

export class CrashFile implements DiskFile {
  readonly #engine: DiskEngine
  readonly #node: FileNode
  readonly #path: string
  readonly #mode: 'read' | 'write'
  /** A commit failed: no later one of this opening reaches the disk. */
  #isFailed: boolean = false
  /** Settles with the newest commit of this file; never rejects. `null` before the first. */
  #commits: Promise<void> | null = null
  /** Settles with the newest read in order; never rejects. `null` before the first. */
  #reads: Promise<unknown> | null = null
  /** `null` while the file is open. */
  #closing: Promise<void> | null = null

  constructor(
    engine: DiskEngine,
    opened: { node: FileNode; path: string; mode: 'read' | 'write' },
  ) {
    this.#engine = engine
    this.#node = opened.node
    this.#path = opened.path
    this.#mode = opened.mode
    engine.handles.set(this, { path: opened.path, node: opened.node })
  }

  size(): Promise<number> {
    if (this.#closing !== null) return this.#refuse()
    return this.#perform('size', NOWHERE, {
      issue: NO_EFFECT,
      settle: () => this.#node.content.size,
      fail: NO_EFFECT,
    })
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#closing === null ? this.#read(into, position) : this.#refuse()
  }

  readInOrder(into: Uint8Array, position: number): Promise<number> {
    if (this.#closing !== null) return this.#refuse()
    const before = this.#reads
    const read =
      before === null ? this.#read(into, position) : before.then(() => this.#read(into, position))
    this.#reads = read.catch(NO_EFFECT)
    return read
  }

  #read(into: Uint8Array, position: number): Promise<number> {
    return this.#perform(
      'read',
      { position, sizeBytes: into.length },
      {
        issue: NO_EFFECT,
        settle: () => this.#node.content.read(into, position),
        fail: NO_EFFECT,
      },
    )
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    if (this.#closing !== null) return this.#refuse()
    return this.#writeAll(bytes, position)
  }

  commit(pieces: readonly Uint8Array[], position: number, sync: 'sync' | 'no-sync'): Promise<void> {
    if (this.#closing !== null) return this.#refuse()
    const engine = this.#engine
    // Compared at the end, where there is time for the owner to change them.
    const asked = engine.isTimed ? gather(pieces).slice() : null
    const committed = engine.inOrder(async () => {
      if (this.#isFailed) throw new DiskError('io', this.#path, `${this.#path}: a commit failed`)
      try {
        await this.#writeAll(gather(pieces), position)
        if (sync === 'sync') await this.#sync()
      } catch (error) {
        this.#isFailed = true
        throw error
      }
      const isUnchanged = asked === null || equalBytes(asked, gather(pieces))
      assert(isUnchanged, `${this.#path}: the pieces changed during their commit`)
    })
    this.#commits = committed.catch(NO_EFFECT)
    return committed
  }

  sync(): Promise<void> {
    return this.#closing === null ? this.#sync() : this.#refuse()
  }

  truncate(size: number): Promise<void> {
    if (this.#closing !== null) return this.#refuse()
    return this.#perform(
      'truncate',
      { position: size, sizeBytes: 0 },
      {
        issue: (fault) => {
          this.#beginWrite()
          if (fault === null) this.#apply('truncate', size, NO_BYTES)
        },
        settle: () => this.#endWrite(),
        fail: () => this.#endWrite(),
      },
    )
  }

  /** Not before its commits, and its reads in order, are done. */
  close(): Promise<void> {
    const under = [this.#commits, this.#reads].filter((call) => call !== null)
    this.#closing ??=
      under.length === 0 ? this.#close() : Promise.all(under).then(() => this.#close())
    return this.#closing
  }

  #close(): Promise<void> {
    return this.#perform('close', NOWHERE, {
      issue: () => {
        this.#engine.handles.delete(this)
      },
      settle: NO_EFFECT,
      fail: NO_EFFECT,
    })
  }

  #sync(): Promise<void> {
    const { tree } = this.#engine
    let through = 0
    return this.#perform('sync', NOWHERE, {
      issue: () => {
        through = tree.sequence
      },
      settle: () => {
        if (this.#engine.history === 'kept') syncFile(this.#node, through)
        this.#engine.changed()
        for (const observer of this.#engine.observers) observer.synced?.(this.#path)
      },
      fail: () => {
        doubtFile(this.#node, through)
        this.#engine.changed()
      },
    })
  }

  /** As the real port does: a short write is followed by one that writes the rest. */
  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      done += await this.#writeSome(done === 0 ? bytes : bytes.subarray(done), position + done)
    }
  }

  #writeSome(bytes: Uint8Array, position: number): Promise<number> {
    let count = 0
    return this.#perform(
      'write',
      { position, sizeBytes: bytes.length },
      {
        issue: (fault: Fault | null) => {
          this.#beginWrite()
          const wanted = fault === null ? bytes.length : Math.min(fault.writtenBytes, bytes.length)
          assert(wanted > 0 || fault?.code !== 'short', 'a short write takes at least one byte')
          count = this.#fitting(position, wanted)
          this.#apply('write', position, count === bytes.length ? bytes : bytes.subarray(0, count))
          if (count < wanted) throw new DiskError('full', this.#path, `${this.#path}: disk full`)
        },
        settle: () => {
          this.#endWrite()
          return count
        },
        fail: () => this.#endWrite(),
      },
    )
  }

  /** How much of a write the disk has room for: what fits is written, as real systems do. */
  #fitting(position: number, wanted: number): number {
    const { capacityBytes } = this.#engine
    if (capacityBytes === Number.POSITIVE_INFINITY) return wanted
    const free = capacityBytes - this.#engine.usedBytes()
    let count = wanted
    while (count > 0 && this.#node.content.costBytes(position, count) > Math.max(0, free)) {
      count -= Math.min(count, (position + count) % FIT_STEP || FIT_STEP)
    }
    return count
  }

  #apply(kind: 'write' | 'truncate', position: number, bytes: Uint8Array): void {
    if (kind === 'write' && bytes.length === 0) return
    const { tree, history, observers } = this.#engine
    tree.sequence++
    const keeps = history === 'kept'
    const operation = {
      sequence: tree.sequence,
      kind,
      position,
      bytes: keeps ? bytes.slice() : bytes,
      fate: 'unsynced',
    } as const
    applyOperation(this.#node.content, operation)
    if (keeps) this.#node.operations.push(operation)
    this.#engine.changed()
    if (kind === 'truncate') return
    for (const observer of observers) observer.written?.(this.#path, position, bytes)
  }

  #beginWrite(): void {
    if (this.#mode === 'read') {
      throw new DiskError('denied', this.#path, `${this.#path}: opened for reading only`)
    }
    assert(!this.#node.writing, `${this.#path}: two writes in flight at once`)
    this.#node.writing = true
  }

  #endWrite(): void {
    this.#node.writing = false
  }

  #refuse(): Promise<never> {
    return Promise.reject(new DiskError('other', this.#path, `${this.#path} is closed`))
  }

  #perform<T>(kind: CallKind, { position, sizeBytes }: Place, work: Work<T>): Promise<T> {
    const path = this.#path
    return this.#engine.perform({ number: 0, kind, path, position, sizeBytes }, work)
  }
}

type Place = Pick<Call, 'position' | 'sizeBytes'>

const NOWHERE: Place = { position: 0, sizeBytes: 0 }

const NO_BYTES = new Uint8Array(0)

/** Space is given out in blocks of this size. */
const FIT_STEP = 4_096

function gather(pieces: readonly Uint8Array[]): Uint8Array {
  const first = pieces[0]
  if (first === undefined) return NO_BYTES
  if (pieces.length === 1) return first
  const bytes = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

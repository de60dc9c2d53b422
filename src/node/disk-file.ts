/** One open file of the real disk. It owns the handle; the thread that commits is the disk's. */
import type { FileHandle } from 'node:fs/promises'
import type { DiskFile } from '../base/ports.ts'
import { DiskError } from '../base/ports.ts'
import type { CommitThread } from './commit-thread.ts'
import { diskErrorOf } from './disk-errors.ts'
import { OrderedReads } from './ordered-reads.ts'

export class NodeDiskFile implements DiskFile {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #thread: CommitThread
  readonly #file: number
  /** Settles with the newest commit, so, as they go in order, with all of them. Never rejects. */
  #commits: Promise<void>
  readonly #ordered: OrderedReads
  /** Settles with the newest read in order, as with commits. Never rejects. */
  #reads: Promise<void>
  /** `null` while the file is open. */
  #closing: Promise<void> | null

  constructor(handle: FileHandle, path: string, thread: CommitThread) {
    this.#handle = handle
    this.#path = path
    this.#thread = thread
    this.#file = thread.nextFile()
    this.#commits = Promise.resolve()
    this.#ordered = new OrderedReads({
      isThreadUp: () => thread.isUp,
      byPool: (into, position) => this.#read(into, position),
      byThread: ({ into, position, resolve, reject }) => {
        const { fd } = handle
        const [file, work] = [this.#file, 'read' as const]
        thread.take({ handle: fd, file, path, pieces: [into], position, work, resolve, reject })
      },
    })
    this.#reads = Promise.resolve()
    this.#closing = null
  }

  async size(): Promise<number> {
    return this.#call(async () => (await this.#handle.stat()).size)
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#call(() => this.#read(into, position))
  }

  readInOrder(into: Uint8Array, position: number): Promise<number> {
    if (this.#closing !== null) return Promise.reject(this.#closedError())
    const read = new Promise<number>((resolve, reject) => {
      this.#ordered.ask({ into, position, resolve, reject })
    })
    this.#reads = read.then(ignore, ignore)
    return read
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#call(async () => {
      let done = 0
      while (done < bytes.length) {
        const left = bytes.length - done
        const { bytesWritten } = await this.#handle.write(bytes, done, left, position + done)
        if (bytesWritten === 0) throw new DiskError('io', this.#path, 'the disk takes nothing')
        done += bytesWritten
      }
    })
  }

  commit(pieces: readonly Uint8Array[], position: number, sync: 'sync' | 'no-sync'): Promise<void> {
    if (this.#closing !== null) return Promise.reject(this.#closedError())
    const { fd: handle } = this.#handle
    const committed = new Promise<void>((resolve, reject) => {
      const [path, file] = [this.#path, this.#file]
      const settle = () => resolve()
      this.#thread.take({
        handle,
        file,
        path,
        pieces,
        position,
        work: sync,
        resolve: settle,
        reject,
      })
    })
    this.#commits = committed.catch(ignore)
    return committed
  }

  /** The data and what is needed to read it, the size included; not the times. */
  sync(): Promise<void> {
    return this.#call(() => this.#handle.datasync())
  }

  truncate(size: number): Promise<void> {
    return this.#call(() => this.#handle.truncate(size))
  }

  /** Not before what the thread has of it is done: the next file would be given the handle's number. */
  close(): Promise<void> {
    this.#closing ??= this.#commits.then(() => this.#reads).then(() => this.#handle.close())
    return this.#closing
  }

  async #read(into: Uint8Array, position: number): Promise<number> {
    try {
      let done = 0
      while (done < into.length) {
        const left = into.length - done
        const { bytesRead } = await this.#handle.read(into, done, left, position + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return done
    } catch (error) {
      throw diskErrorOf(error, this.#path)
    }
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closing !== null) throw this.#closedError()
    try {
      return await call()
    } catch (error) {
      throw diskErrorOf(error, this.#path)
    }
  }

  #closedError(): DiskError {
    return new DiskError('other', this.#path, `${this.#path} is closed`)
  }
}

function ignore(): void {}

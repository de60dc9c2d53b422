/**
 * The file system behind the Disk port. Commits go to their own thread (commit-thread.ts says why);
 * every other call to libuv's pool. Files are for their owner alone (0600), and so are directories
 * (0700). It decides nothing: when to sync, and what a failure means, is the journal's.
 */
import { type FileHandle, mkdir, open, readdir, rename, statfs, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { assert } from '../base/assert.ts'
import type { Disk, DiskEntry, DiskFile, DiskLock } from '../base/ports.ts'
import { DiskError } from '../base/ports.ts'
import { CommitThread } from './commit-thread.ts'
import { diskErrorOf } from './disk-errors.ts'
import { NodeDiskFile } from './disk-file.ts'

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

const flags = { read: 'r', write: 'r+', create: 'wx+' } as const

export class NodeDisk implements Disk {
  readonly #thread: CommitThread

  constructor() {
    this.#thread = new CommitThread()
  }

  join(directory: string, name: string): string {
    assert(!/[/\\]/.test(name) && name !== '' && name !== '..', 'not a name', name)
    return join(directory, name)
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const handle = await calling(path, open(path, flags[mode], FILE_MODE))
    return new NodeDiskFile(handle, path, this.#thread)
  }

  rename(from: string, to: string): Promise<void> {
    return calling(from, rename(from, to))
  }

  remove(path: string): Promise<void> {
    return calling(path, unlink(path))
  }

  /** Files and directories; a link, a socket or a device is neither, and never ours. */
  async list(directory: string): Promise<readonly DiskEntry[]> {
    const found = await calling(directory, readdir(directory, { withFileTypes: true }))
    return found
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => ({ name: entry.name, kind: entry.isFile() ? 'file' : 'directory' }))
  }

  async makeDirectory(path: string): Promise<void> {
    const made = await calling(path, mkdir(path, { recursive: true, mode: DIRECTORY_MODE }))
    // The nearest one even if it was there: whoever made it may have been killed before syncing it.
    const top = dirname(resolve(made ?? path))
    for (let at = resolve(path); at !== top; at = dirname(at)) await this.syncDirectory(dirname(at))
  }

  /** On Windows a directory cannot be synced, and NTFS journals its names: only looked for. */
  async syncDirectory(path: string): Promise<void> {
    if (process.platform === 'win32') {
      await calling(path, readdir(path))
      return
    }
    const handle = await calling(path, open(path, 'r'))
    try {
      await calling(path, handle.sync())
    } finally {
      await handle.close()
    }
  }

  /**
   * An advisory lock that goes with the open file, so that it ends with the process, however that
   * ends: OFD locks on Linux, flock on macOS, LockFileEx on Windows. All three refuse a second
   * opening within the same process too. The file stays: removing it would race with the next one.
   */
  async lock(path: string): Promise<DiskLock> {
    // Whoever owns a directory is about to commit: the thread starts while its files are made or read.
    this.#thread.start()
    const handle = await calling(path, open(path, 'a+', FILE_MODE))
    try {
      if (!(await tryLock(handle, path))) throw new DiskError('locked', path, `${path} is locked`)
    } catch (error) {
      await handle.close()
      throw error
    }
    return new NodeDiskLock(handle)
  }

  async freeBytes(directory: string): Promise<number> {
    const { bavail, bsize } = await calling(directory, statfs(directory))
    return Math.min(bavail * bsize, Number.MAX_SAFE_INTEGER)
  }

  allocate(size: number): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(size))
  }

  close(): Promise<void> {
    return this.#thread.close()
  }
}

class NodeDiskLock implements DiskLock {
  readonly #handle: FileHandle
  #released: Promise<void> | null

  constructor(handle: FileHandle) {
    this.#handle = handle
    this.#released = null
  }

  release(): Promise<void> {
    this.#released ??= this.#handle.close()
    return this.#released
  }
}

/** Loaded when first needed: a broker without a directory never pays for the native code. */
async function tryLock(handle: FileHandle, path: string): Promise<boolean> {
  try {
    const extensions = await import('fs-native-extensions')
    return extensions.default.tryLock(handle.fd)
  } catch (error) {
    // Where it has no build for this system, the directory stays closed: two brokers would ruin it.
    throw diskErrorOf(error, path)
  }
}

async function calling<T>(path: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw diskErrorOf(error, path)
  }
}

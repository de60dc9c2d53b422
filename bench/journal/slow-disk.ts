/** A slower disk: every commit takes a set time a sync and a set time a byte, on top of what the real one takes. */
import type { Disk, DiskEntry, DiskFile, DiskLock } from '../../src/base/ports.ts'

export type Slowness = { readonly syncMs: number; readonly bytesPerSecond: number }

export class SlowDisk implements Disk {
  readonly #disk: Disk
  readonly #slowness: Slowness
  /** When the device is free again: one thing at a time. */
  #freeAtMs = 0
  /** What was asked of the device before is done: answers come in the order of the questions. */
  #before: Promise<void> = Promise.resolve()

  constructor(disk: Disk, slowness: Slowness) {
    this.#disk = disk
    this.#slowness = slowness
  }

  /** Waits until the device would have done it, `sizeBytes` and a sync. */
  take(sizeBytes: number, syncs: number): Promise<void> {
    const { syncMs, bytesPerSecond } = this.#slowness
    const costMs = (sizeBytes / bytesPerSecond) * 1e3 + syncs * syncMs
    this.#freeAtMs = Math.max(this.#freeAtMs, performance.now()) + costMs
    this.#before = this.#wait(this.#freeAtMs, this.#before)
    return this.#before
  }

  async #wait(untilMs: number, before: Promise<void>): Promise<void> {
    // A timer comes late by up to a millisecond, so the last bit is waited for in turns of the loop.
    const restMs = untilMs - performance.now()
    if (restMs > 2) await new Promise((resolve) => setTimeout(resolve, restMs - 1.5))
    while (performance.now() < untilMs) await new Promise(setImmediate)
    await before
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    return new SlowFile(await this.#disk.open(path, mode), this)
  }

  join(directory: string, name: string): string {
    return this.#disk.join(directory, name)
  }
  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to)
  }
  remove(path: string): Promise<void> {
    return this.#disk.remove(path)
  }
  list(directory: string): Promise<readonly DiskEntry[]> {
    return this.#disk.list(directory)
  }
  makeDirectory(path: string): Promise<void> {
    return this.#disk.makeDirectory(path)
  }
  syncDirectory(path: string): Promise<void> {
    return this.#disk.syncDirectory(path)
  }
  lock(path: string): Promise<DiskLock> {
    return this.#disk.lock(path)
  }
  freeBytes(directory: string): Promise<number> {
    return this.#disk.freeBytes(directory)
  }
  allocate(size: number): Uint8Array {
    return this.#disk.allocate(size)
  }
  close(): Promise<void> {
    return this.#disk.close()
  }
}

class SlowFile implements DiskFile {
  readonly #file: DiskFile
  readonly #disk: SlowDisk

  constructor(file: DiskFile, disk: SlowDisk) {
    this.#file = file
    this.#disk = disk
  }

  async commit(
    pieces: readonly Uint8Array[],
    position: number,
    sync: 'sync' | 'no-sync',
  ): Promise<void> {
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const slow = this.#disk.take(size, sync === 'sync' ? 1 : 0)
    await this.#file.commit(pieces, position, sync)
    await slow
  }

  size(): Promise<number> {
    return this.#file.size()
  }
  read(into: Uint8Array, position: number): Promise<number> {
    return this.#file.read(into, position)
  }
  readInOrder(into: Uint8Array, position: number): Promise<number> {
    return this.#file.readInOrder(into, position)
  }
  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#file.write(bytes, position)
  }
  sync(): Promise<void> {
    return this.#file.sync()
  }
  truncate(size: number): Promise<void> {
    return this.#file.truncate(size)
  }
  close(): Promise<void> {
    return this.#file.close()
  }
}

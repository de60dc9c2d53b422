/**
 * A store of 200 lines that keeps a log and one setting, right unless it is asked to be wrong in one way. It
 * exists to judge the judges: the crash disk and its drivers must pass the right one and catch each flaw.
 */
import { assert } from '../../src/base/assert.ts'
import { type Disk, DiskError, type DiskFile, type DiskLock } from '../../src/base/ports.ts'
import { mix } from '../sim/disk-content.ts'

export type ToyFlaw =
  | 'none'
  | 'append-without-sync'
  | 'sync-before-append'
  | 'forget-directory-of-log'
  | 'no-checksum'
  | 'rename-without-directory-sync'
  | 'rename-before-sync'
  | 'overwrite-in-place'
  | 'retry-failed-sync'
  | 'trust-unsynced-after-kill'
  | 'repair-by-removal'
  | 'leak-on-failure'

export interface ToyState {
  readonly log: readonly string[]
  readonly setting: string
}

const DIRECTORY = '/toy'
const LOG = '/toy/log'
const SETTING = '/toy/setting'
const TEMPORARY = '/toy/setting.tmp'

// record = size checksum body      size and checksum u32 little-endian; a bad record ends the log
const HEADER_SIZE = 8

/** Bodies are repeated letters, so that sizes can be chosen and contents told apart. */
export function toyBody(letter: string, sizeBytes: number): string {
  return letter.repeat(sizeBytes)
}

export class ToyStore {
  readonly #disk: Disk
  readonly #flaw: ToyFlaw
  readonly #lock: DiskLock
  readonly #file: DiskFile
  readonly #log: string[]
  #setting: string
  #tail: number

  private constructor(
    disk: Disk,
    flaw: ToyFlaw,
    opened: { lock: DiskLock; file: DiskFile; log: string[]; setting: string; tail: number },
  ) {
    this.#disk = disk
    this.#flaw = flaw
    this.#lock = opened.lock
    this.#file = opened.file
    this.#log = opened.log
    this.#setting = opened.setting
    this.#tail = opened.tail
  }

  static async open(disk: Disk, flaw: ToyFlaw): Promise<ToyStore> {
    await disk.makeDirectory(DIRECTORY)
    const lock = await disk.lock('/toy/lock')
    let file: DiskFile | null = null
    try {
      file = await openLog(disk, flaw)
      if (flaw !== 'trust-unsynced-after-kill') await file.sync()
      const { log, tail } = await readLog(file, flaw)
      if (flaw !== 'forget-directory-of-log') await disk.syncDirectory(DIRECTORY)
      const setting = await readSetting(disk)
      return new ToyStore(disk, flaw, { lock, file, log, setting, tail })
    } catch (error) {
      if (flaw !== 'leak-on-failure') await file?.close()
      await lock.release()
      throw error
    }
  }

  get state(): ToyState {
    return { log: [...this.#log], setting: this.#setting }
  }

  async append(body: string): Promise<void> {
    const bytes = encode(body)
    if (this.#flaw === 'sync-before-append') await this.#file.sync()
    const isSynced = !['append-without-sync', 'sync-before-append'].includes(this.#flaw)
    const middle = bytes.length >>> 1
    const pieces = [bytes.subarray(0, middle), bytes.subarray(middle)]
    try {
      await this.#file.commit(pieces, this.#tail, isSynced ? 'sync' : 'no-sync')
    } catch (error) {
      if (this.#flaw !== 'retry-failed-sync') throw error
      await this.#file.sync()
    }
    this.#tail += bytes.length
    this.#log.push(body)
  }

  /** Old or new, whole, whatever happens. */
  async configure(setting: string): Promise<void> {
    const bytes = encode(setting)
    if (this.#flaw === 'overwrite-in-place') {
      await replaceIn(this.#disk, SETTING, bytes, 'sync')
    } else {
      const sync = this.#flaw === 'rename-before-sync' ? 'no-sync' : 'sync'
      await replaceIn(this.#disk, TEMPORARY, bytes, sync)
      await this.#disk.rename(TEMPORARY, SETTING)
    }
    if (this.#flaw !== 'rename-without-directory-sync') await this.#disk.syncDirectory(DIRECTORY)
    this.#setting = setting
  }

  async close(): Promise<void> {
    await this.#file.close()
    await this.#lock.release()
  }
}

async function openLog(disk: Disk, flaw: ToyFlaw): Promise<DiskFile> {
  const names = await disk.list(DIRECTORY)
  const isThere = names.some(({ name }) => name === 'log')
  if (isThere && flaw === 'repair-by-removal') {
    const file = await disk.open(LOG, 'read')
    const { tail } = await readLog(file, flaw)
    const isWhole = tail === (await file.size())
    await file.close()
    // What it read goes back into a new file later, it thinks; a crash in between finds neither.
    if (!isWhole) {
      await disk.remove(LOG)
      return await disk.open(LOG, 'create')
    }
  }
  return await disk.open(LOG, isThere ? 'write' : 'create')
}

async function readLog(file: DiskFile, flaw: ToyFlaw): Promise<{ log: string[]; tail: number }> {
  const bytes = new Uint8Array(await file.size())
  assert((await file.read(bytes, 0)) === bytes.length, 'short read')
  const log: string[] = []
  let tail = 0
  for (;;) {
    const body = decode(bytes.subarray(tail), flaw === 'no-checksum' ? 'trusting' : 'checking')
    if (body === null) return { log, tail }
    log.push(body)
    tail += HEADER_SIZE + body.length
  }
}

async function readSetting(disk: Disk): Promise<string> {
  try {
    const file = await disk.open(SETTING, 'read')
    try {
      const bytes = new Uint8Array(await file.size())
      await file.read(bytes, 0)
      return decode(bytes, 'checking') ?? 'broken'
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof DiskError && error.code === 'missing') return ''
    throw error
  }
}

async function replaceIn(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  sync: 'sync' | 'no-sync',
): Promise<void> {
  const names = await disk.list(DIRECTORY)
  const isThere = names.some(({ name }) => disk.join(DIRECTORY, name) === path)
  const file = await disk.open(path, isThere ? 'write' : 'create')
  try {
    await file.truncate(bytes.length)
    await file.commit([bytes], 0, sync)
  } finally {
    await file.close()
  }
}

function encode(body: string): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, body.length, true)
  view.setUint32(4, checksum(body), true)
  for (let index = 0; index < body.length; index++) {
    bytes[HEADER_SIZE + index] = body.charCodeAt(index)
  }
  return bytes
}

function decode(bytes: Uint8Array, mode: 'checking' | 'trusting'): string | null {
  if (bytes.length < HEADER_SIZE) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const size = view.getUint32(0, true)
  if (size === 0 || HEADER_SIZE + size > bytes.length) return null
  let body = ''
  for (let index = 0; index < size; index++) {
    body += String.fromCharCode(bytes[HEADER_SIZE + index] as number)
  }
  return mode === 'trusting' || checksum(body) === view.getUint32(4, true) ? body : null
}

function checksum(body: string): number {
  let sum = 1
  for (let index = 0; index < body.length; index++) sum = mix(sum, body.charCodeAt(index))
  return sum >>> 0
}

/**
 * A disk in memory that remembers what was not synced. It keeps the port `Disk`, and beside it lets a test
 * cut the power at any call, draw every state that the cut may leave, make calls fail, slow or short, and
 * run the product on any of those states, which are crash disks again. Deterministic; touches no real disk.
 */
import { assert } from '../../src/base/assert.ts'
import {
  type Disk,
  type DiskEntry,
  DiskError,
  type DiskFile,
  type DiskLock,
} from '../../src/base/ports.ts'
import { CrashFile } from './crash-file.ts'
import type { CrashPoint } from './crash-point.ts'
import { mix } from './disk-content.ts'
import { DiskEngine, type DiskObserver, type History, NO_EFFECT, type Work } from './disk-engine.ts'
import type { Call, CallKind, FaultPlan } from './disk-faults.ts'
import { DirectoryNode, type FileNode, NameTree } from './disk-names.ts'
import type { Image } from './disk-outcomes.ts'
import { DiskTiming, type DiskTimingOptions } from './disk-timing.ts'

export interface CrashDiskOptions {
  /** What the disk comes up with; empty without. */
  readonly image?: Image
  /** `none` forgets what was not synced: faster, for runs that never lose power. */
  readonly history?: History
  /** Space, in blocks of 4 KiB that were written; unlimited without. */
  readonly capacityBytes?: number
  /** How long calls take; without, they answer in the same turn. */
  readonly timing?: DiskTimingOptions
  /** `on` keeps every call in `calls`. */
  readonly log?: 'on' | 'off'
}

/** What a disk without a limit answers to `freeBytes`. */
const PLENTY_BYTES = 2 ** 50

export class CrashDisk implements Disk {
  readonly #engine: DiskEngine

  constructor(options: CrashDiskOptions = {}) {
    this.#engine = new DiskEngine({
      tree: options.image?.tree() ?? new NameTree(new DirectoryNode(new Map())),
      history: options.history ?? 'kept',
      timing: options.timing === undefined ? null : new DiskTiming(options.timing),
      log: options.log ?? 'off',
      capacityBytes: options.capacityBytes ?? Number.POSITIVE_INFINITY,
    })
  }

  /** How many calls were issued. */
  get callCount(): number {
    return this.#engine.callCount
  }

  /** Every call so far, if the log is on. */
  get calls(): readonly Call[] {
    return this.#engine.log
  }

  /** Which calls fail: `disk.faults.plan(...)`, `disk.faults.heal()`. */
  get faults(): FaultPlan {
    return this.#engine.faults
  }

  get capacityBytes(): number {
    return this.#engine.capacityBytes
  }

  set capacityBytes(bytes: number) {
    this.#engine.capacityBytes = bytes
  }

  get usedBytes(): number {
    return this.#engine.usedBytes()
  }

  /** Paths of the files that are open: empty after a clean close. */
  get openPaths(): readonly string[] {
    return [...this.#engine.handles.values()].map(({ path }) => path)
  }

  /** Whether the power was cut or the process killed: no call answers any more. */
  get isDead(): boolean {
    return this.#engine.isDead
  }

  observe(observer: DiskObserver): void {
    this.#engine.observers.push(observer)
  }

  /** From now on every call leaves a crash point in `points`; `mark` says how far the test's own ledger is. */
  record(mark: () => number): void {
    this.#engine.record(mark)
  }

  /** Crash points recorded so far; calls that change neither the disk nor the mark leave none. */
  get points(): readonly CrashPoint[] {
    return this.#engine.points
  }

  /** The present moment: what a power cut would leave if it came (or, once it came, left) now. */
  point(): CrashPoint {
    return this.#engine.point()
  }

  /** Call `call` will be issued, may reach the disk, and never answers; nor does any later one. */
  cutPowerAt(call: number): void {
    this.#engine.cutPowerAt(call)
  }

  /** No call answers from now on, the ones under way included. */
  cutPower(): void {
    this.#engine.cutPower()
  }

  /** Every state that a power cut may leave now. */
  images(): Generator<Image> {
    return this.point().images()
  }

  /** Kills the process, not the machine: this disk goes dead, the returned one has all its bytes, un-synced too. */
  killProcess(options: CrashDiskOptions = {}): CrashDisk {
    const image = this.point().killed()
    this.cutPower()
    return new CrashDisk({ ...options, image })
  }

  /** Names, sizes and bytes as 53 bits: equal disks have equal ones. */
  identity(): number {
    return this.point().killed().identity
  }

  join(directory: string, name: string): string {
    assert(!/[/\\]/.test(name) && name !== '' && name !== '..', `not a name: '${name}'`)
    return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`
  }

  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const { tree } = this.#engine
    let node: FileNode | null = null
    return this.#perform(mode === 'create' ? 'create' : 'open', path, {
      issue: (fault) => {
        if (fault !== null) return
        node = mode === 'create' ? this.#create(path) : tree.file(path)
      },
      settle: () => {
        assert(node !== null, 'an open without a file')
        return new CrashFile(this.#engine, { node, path, mode: mode === 'read' ? 'read' : 'write' })
      },
      fail: NO_EFFECT,
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change('rename', from, () => this.#engine.tree.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.#change('remove', path, () => this.#engine.tree.remove(path))
  }

  /** One call for the names and one for each directory that holds one of them: a crash may come in between. */
  async makeDirectory(path: string): Promise<void> {
    await this.#change('make-directory', path, () => this.#engine.tree.makeDirectory(path))
    for (const directory of parentsOf(path)) await this.syncDirectory(directory)
  }

  list(directory: string): Promise<readonly DiskEntry[]> {
    let found: DirectoryNode | null = null
    return this.#perform('list', directory, {
      issue: () => {
        found = this.#engine.tree.directory(directory)
      },
      settle: () => {
        const names = (found as DirectoryNode | null)?.current ?? new Map()
        const entries = [...names].map(([name, { kind }]): DiskEntry => ({ name, kind }))
        // The order means nothing on a real disk, so it is one that no caller could wish for.
        return entries.sort((left, right) => shuffleKey(left.name) - shuffleKey(right.name))
      },
      fail: NO_EFFECT,
    })
  }

  syncDirectory(path: string): Promise<void> {
    const { tree } = this.#engine
    let directory: DirectoryNode | null = null
    let through = 0
    return this.#perform('sync-directory', path, {
      issue: () => {
        directory = tree.directory(path)
        through = tree.sequence
      },
      settle: () => {
        if (directory !== null) tree.syncDirectory(directory, through)
        this.#engine.changed()
        for (const observer of this.#engine.observers) observer.synced?.(path)
      },
      fail: () => {
        if (directory !== null) tree.doubtDirectory(directory, through)
        this.#engine.changed()
      },
    })
  }

  lock(path: string): Promise<DiskLock> {
    const { tree } = this.#engine
    let node: FileNode | null = null
    return this.#perform('lock', path, {
      issue: (fault) => {
        if (fault !== null) return
        const found = tree.find(path) === null ? this.#create(path) : tree.file(path)
        if (found.locked) throw new DiskError('locked', path, `${path}: another process has it`)
        found.locked = true
        node = found
      },
      settle: () => {
        assert(node !== null, 'a lock without a file')
        return { release: this.#releaser(path, node) }
      },
      fail: NO_EFFECT,
    })
  }

  freeBytes(directory: string): Promise<number> {
    return this.#perform('free-bytes', directory, {
      issue: () => {
        this.#engine.tree.directory(directory)
      },
      settle: () => {
        const { capacityBytes } = this.#engine
        if (capacityBytes === Number.POSITIVE_INFINITY) return PLENTY_BYTES
        return Math.max(0, capacityBytes - this.#engine.usedBytes())
      },
      fail: NO_EFFECT,
    })
  }

  allocate(size: number): Uint8Array {
    return new Uint8Array(size)
  }

  /** Refuses while files are open: their owner forgot them. */
  close(): Promise<void> {
    assert(this.isDead || this.openPaths.length === 0, `left open: ${this.openPaths.join(', ')}`)
    return Promise.resolve()
  }

  #create(path: string): FileNode {
    const node = this.#engine.tree.create(path)
    this.#engine.changed()
    return node
  }

  #releaser(path: string, node: FileNode): () => Promise<void> {
    let isHeld = true
    return () => {
      if (!isHeld) return Promise.resolve()
      isHeld = false
      return this.#perform('unlock', path, {
        issue: () => {
          node.locked = false
        },
        settle: () => undefined,
        fail: NO_EFFECT,
      })
    }
  }

  #change(kind: CallKind, path: string, change: () => void): Promise<void> {
    return this.#perform(kind, path, {
      issue: (fault) => {
        if (fault !== null) return
        change()
        this.#engine.changed()
      },
      settle: () => undefined,
      fail: NO_EFFECT,
    })
  }

  #perform<T>(kind: CallKind, path: string, work: Work<T>): Promise<T> {
    return this.#engine.perform({ number: 0, kind, path, position: 0, sizeBytes: 0 }, work)
  }
}

/** The directories that name the parts of a path, the innermost first: `/a` and `/` for `/a/b`. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  const root = path.startsWith('/') ? '/' : ''
  const outers = parts.slice(1).map((_, index) => root + parts.slice(0, index + 1).join('/'))
  return [...outers.reverse(), root === '' ? '.' : root]
}

function shuffleKey(name: string): number {
  let key = 0
  for (let index = 0; index < name.length; index++) key = mix(key, name.charCodeAt(index))
  return key
}

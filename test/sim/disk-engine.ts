/**
 * What every call of a simulated disk goes through: it is numbered, may meet a fault, takes its time, is
 * a moment at which the power may go, and never answers once it went. The crash disk and its files share
 * one; it knows names and files but not what the calls mean.
 */
import { assert } from '../../src/base/assert.ts'
import { DiskError } from '../../src/base/ports.ts'
import { CrashPoint } from './crash-point.ts'
import { type Call, type Fault, FaultPlan } from './disk-faults.ts'
import type { FileNode, NameTree, Node } from './disk-names.ts'
import type { DiskTiming } from './disk-timing.ts'

/** Told of what happens, in order; for assertions such as "no acknowledgement before its sync". */
export interface DiskObserver {
  issued?(call: Call): void
  /** The file has the bytes; they are not durable. `path` is the one it was opened with. */
  written?(path: string, position: number, bytes: Uint8Array): void
  /** What was written to the file, or named in the directory, when the sync was issued is durable. */
  synced?(path: string): void
  failed?(call: Call, error: DiskError): void
}

/** What one call does. */
export interface Work<T> {
  /** When it is issued: its effects may reach the disk from now on. May throw a DiskError. */
  issue(fault: Fault | null): void
  /** When it succeeds. */
  settle(): T
  /** When it fails. */
  fail(): void
}

export const NO_EFFECT = (): void => undefined

/** A file that somebody opened. */
export interface OpenHandle {
  readonly path: string
  readonly node: FileNode
}

export type History = 'kept' | 'none'

export interface EngineOptions {
  readonly tree: NameTree
  readonly history: History
  readonly timing: DiskTiming | null
  readonly log: 'on' | 'off'
  readonly capacityBytes: number
}

/** A call as it comes to the engine: one object from there on, because there are a hundred in each recovery. */
export type Unnumbered = Omit<Call, 'number'> & { number: number }

export class DiskEngine {
  readonly tree: NameTree
  readonly history: History
  readonly faults: FaultPlan = new FaultPlan()
  readonly log: Call[] = []
  readonly points: CrashPoint[] = []
  readonly observers: DiskObserver[] = []
  /** Files opened and not closed, by their paths; a removed file lives as long as it is here. */
  readonly handles: Map<object, OpenHandle> = new Map()
  capacityBytes: number
  readonly isTimed: boolean
  readonly #timing: DiskTiming | null
  readonly #isLogging: boolean
  #callCount = 0
  /** Settles with the newest commit; `null` while none is under way. */
  #commits: Promise<void> | null = null
  /** Moved by whatever changes the images that a power cut may leave. */
  #version = 0
  #mark: (() => number) | null = null
  #cutAt = 0
  #isDead: boolean = false

  constructor(options: EngineOptions) {
    this.tree = options.tree
    this.history = options.history
    this.capacityBytes = options.capacityBytes
    this.#timing = options.timing
    this.isTimed = options.timing !== null
    this.#isLogging = options.log === 'on'
  }

  get callCount(): number {
    return this.#callCount
  }

  /** Whether the power is off: no call answers any more. */
  get isDead(): boolean {
    return this.#isDead
  }

  /** From now on every call leaves a crash point, save those that would equal the last one. */
  record(mark: () => number): void {
    assert(this.history === 'kept', 'a disk without history cannot lose power')
    this.#mark = mark
  }

  cutPowerAt(call: number): void {
    this.#cutAt = call
  }

  cutPower(): void {
    assert(this.history === 'kept', 'a disk without history cannot lose power')
    this.#isDead = true
  }

  /** The present moment: what a power cut would leave if it came now. */
  point(): CrashPoint {
    assert(this.history === 'kept', 'a disk without history cannot lose power')
    return this.#makePoint(this.#isDead ? this.#callCount : this.#callCount + 1)
  }

  /** Says that a change may have moved the set of images. */
  changed(): void {
    this.#version++
    if (this.history === 'none') this.tree.operations = []
  }

  /** Numbers the call, which is the engine's from now on. */
  perform<T>(call: Unnumbered, work: Work<T>): Promise<T> {
    if (this.#isDead) return new Promise(() => undefined)
    call.number = ++this.#callCount
    if (this.#isLogging) this.log.push(call)
    for (const observer of this.observers) observer.issued?.(call)
    const failure = this.#issue(call, work)
    if (this.#mark !== null) this.#record(call.number, this.#mark())
    if (call.number === this.#cutAt) {
      this.cutPower()
      return new Promise(() => undefined)
    }
    if (this.#timing === null) return this.#answer(call, work, failure)
    const timing = this.#timing
    return new Promise((resolve) => {
      timing.schedule(call, () => {
        if (!this.#isDead) resolve(this.#answer(call, work, failure))
      })
    })
  }

  /** Commits of all files are done one after the other, in the order in which they were started. */
  inOrder(commit: () => Promise<void>): Promise<void> {
    const done = this.#commits === null ? commit() : this.#commits.then(commit)
    const over = done.then(NO_EFFECT, NO_EFFECT).then(() => {
      if (this.#commits === over) this.#commits = null
    })
    this.#commits = over
    return done
  }

  /** Space that files take, the removed ones that are still open among them. */
  usedBytes(): number {
    const seen = new Set<Node>()
    let used = 0
    const visit = (node: Node): void => {
      if (seen.has(node)) return
      seen.add(node)
      if (node.kind === 'file') used += node.content.allocatedBytes
      else for (const child of node.current.values()) visit(child)
    }
    visit(this.tree.root)
    for (const { node } of this.handles.values()) visit(node)
    return used
  }

  #issue<T>(call: Call, work: Work<T>): DiskError | null {
    const fault = this.faults.take(call.number, call.kind)
    try {
      work.issue(fault)
    } catch (error) {
      if (error instanceof DiskError) return error
      throw error
    }
    if (fault === null || fault.code === 'short') return null
    const text = `${call.path}: planned failure of call ${call.number} (${call.kind})`
    return new DiskError(fault.code, call.path, text)
  }

  #answer<T>(call: Call, work: Work<T>, failure: DiskError | null): Promise<T> {
    if (failure === null) return Promise.resolve(work.settle())
    work.fail()
    for (const observer of this.observers) observer.failed?.(call, failure)
    return Promise.reject(failure)
  }

  #record(call: number, mark: number): void {
    const last = this.points.at(-1)?.moment
    if (last?.version === this.#version && last.mark === mark) return
    this.points.push(this.#makePoint(call))
  }

  #makePoint(call: number): CrashPoint {
    const mark = this.#mark === null ? 0 : this.#mark()
    return new CrashPoint(this.tree, { call, mark, version: this.#version })
  }
}

/**
 * The names of a simulated disk: a tree of directories and files, each of which knows what is durable
 * and what is only pending. Owns the rules of durability; never draws the states after a crash
 * (disk-outcomes.ts) and never counts or fails calls (crash-disk.ts).
 */
import { assert } from '../../src/base/assert.ts'
import { DiskError } from '../../src/base/ports.ts'
import { type Content, ContentEditor, NO_CONTENT } from './disk-content.ts'

/**
 * What a power cut may do to an operation. `unsynced`: take it, until a sync covers it. `doubtful`: take
 * it for ever, because a sync that covered it failed and the kernel marked its pages clean. `durable`:
 * nothing; it is only still listed because an older doubtful one has to be replayed below it.
 */
export type Fate = 'unsynced' | 'doubtful' | 'durable'

/** One change of one file; `truncate` carries the new size in `position`. */
export interface FileOperation {
  readonly sequence: number
  readonly kind: 'write' | 'truncate'
  readonly position: number
  readonly bytes: Uint8Array
  readonly fate: Fate
}

export class FileNode {
  readonly kind = 'file'
  /** What every state after a crash holds at least. Moved by `syncFile`. */
  durable: Content
  /** Since `durable`, oldest first. Only appended to; a sync puts a new array in its place. */
  operations: FileOperation[]
  /** What a reader sees. Invariant: `durable` with all `operations`. */
  readonly content: ContentEditor
  openHandles = 0
  locked: boolean = false
  /** Whether a write is under way: the port allows one at a time. */
  writing: boolean = false

  constructor(durable: Content, operations: FileOperation[]) {
    this.durable = durable
    this.operations = operations
    this.content = new ContentEditor(durable)
    for (const operation of operations) applyOperation(this.content, operation)
  }
}

export function applyOperation(content: ContentEditor, operation: FileOperation): void {
  if (operation.kind === 'write') content.write(operation.bytes, operation.position)
  else content.truncate(operation.position)
}

export type Node = FileNode | DirectoryNode
export type Names = ReadonlyMap<string, Node>

export class DirectoryNode {
  readonly kind = 'directory'
  /** What every state after a crash holds at least. Replaced, never changed. */
  durable: Names
  #current: Names
  /** Whether `#current` may be `durable` itself, or a snapshot's. */
  #shared: boolean = true

  constructor(durable: Names) {
    this.durable = durable
    this.#current = durable
  }

  /** What a reader sees. */
  get current(): Names {
    return this.#current
  }

  set(name: string, node: Node | null): void {
    if (this.#shared) this.#current = new Map(this.#current)
    this.#shared = false
    const names = this.#current as Map<string, Node>
    if (node === null) names.delete(name)
    else names.set(name, node)
  }
}

/** One name of one directory before and after. */
export interface NameChange {
  readonly directory: DirectoryNode
  readonly name: string
  readonly node: Node | null
}

/** One change of names; its parts reach the disk together or not at all, as a journaling file system promises. */
export interface NameOperation {
  readonly sequence: number
  readonly changes: readonly NameChange[]
  /** Directories of `changes` that were not synced since. */
  readonly waiting: readonly DirectoryNode[]
  readonly fate: Fate
}

/** Every open operation of a disk shares one count, so that "in the order of the calls" has a meaning. */
export class NameTree {
  readonly root: DirectoryNode
  /** Pending changes of names, oldest first. Only appended to; a sync puts a new array in its place. */
  operations: NameOperation[] = []
  /** The sequence of the youngest operation on names or files. */
  sequence = 0

  constructor(root: DirectoryNode) {
    this.root = root
  }

  find(path: string): Node | null {
    let node: Node = this.root
    for (const name of partsOf(path)) {
      if (node.kind === 'file') return null
      const next = node.current.get(name)
      if (next === undefined) return null
      node = next
    }
    return node
  }

  file(path: string): FileNode {
    const node = this.find(path)
    if (node === null) throw new DiskError('missing', path, `${path}: no such file`)
    if (node.kind !== 'file') throw new DiskError('other', path, `${path}: is a directory`)
    return node
  }

  directory(path: string): DirectoryNode {
    const node = this.find(path)
    if (node === null) throw new DiskError('missing', path, `${path}: no such directory`)
    if (node.kind !== 'directory') throw new DiskError('other', path, `${path}: is no directory`)
    return node
  }

  create(path: string): FileNode {
    const [directory, name] = this.#parent(path)
    if (directory.current.has(name)) throw new DiskError('exists', path, `${path}: exists`)
    const node = new FileNode(NO_CONTENT, [])
    this.#change([{ directory, name, node }])
    return node
  }

  makeDirectory(path: string): void {
    let directory = this.root
    for (const name of partsOf(path)) {
      let next = directory.current.get(name)
      if (next === undefined) {
        next = new DirectoryNode(new Map())
        this.#change([{ directory, name, node: next }])
      }
      if (next.kind === 'file') throw new DiskError('exists', path, `${path}: is a file`)
      directory = next
    }
  }

  rename(from: string, to: string): void {
    const [source, sourceName] = this.#parent(from)
    const [target, targetName] = this.#parent(to)
    const node = source.current.get(sourceName)
    if (node === undefined) throw new DiskError('missing', from, `${from}: no such file`)
    const replaced = target.current.get(targetName)
    if (replaced === node) return
    if (replaced !== undefined && (replaced.kind === 'directory' || node.kind === 'directory')) {
      throw new DiskError('exists', to, `${to}: exists`)
    }
    this.#change([
      { directory: target, name: targetName, node },
      { directory: source, name: sourceName, node: null },
    ])
  }

  remove(path: string): void {
    const [directory, name] = this.#parent(path)
    const node = directory.current.get(name)
    if (node === undefined) throw new DiskError('missing', path, `${path}: no such file`)
    if (node.kind === 'directory') throw new DiskError('other', path, `${path}: is a directory`)
    this.#change([{ directory, name, node: null }])
  }

  /** The names that `directory` had at `through` survive from now on, save the doubtful ones. */
  syncDirectory(directory: DirectoryNode, through: number): void {
    const kept: NameOperation[] = []
    for (const operation of this.operations) {
      const next = syncName(operation, directory, through)
      const isBlocked = kept.some((older) => touchesSameName(older, next))
      if (next.fate === 'durable' && !isBlocked) makeDurable(next)
      else kept.push(next)
    }
    this.operations = kept
  }

  /** A sync of `directory` failed: what it should have saved is lost or not, for good. */
  doubtDirectory(directory: DirectoryNode, through: number): void {
    this.operations = this.operations.map((operation) =>
      operation.fate === 'unsynced' &&
      operation.sequence <= through &&
      operation.waiting.includes(directory)
        ? { ...operation, fate: 'doubtful' }
        : operation,
    )
  }

  #parent(path: string): [DirectoryNode, string] {
    const cut = path.lastIndexOf('/')
    const name = path.slice(cut + 1)
    assert(name !== '' && name !== '.' && name !== '..', `${path}: no name of a file`)
    return [this.directory(cut < 0 ? '' : path.slice(0, cut)), name]
  }

  #change(changes: readonly NameChange[]): void {
    for (const { directory, name, node } of changes) directory.set(name, node)
    const waiting = [...new Set(changes.map(({ directory }) => directory))]
    this.sequence++
    this.operations.push({ sequence: this.sequence, changes, waiting, fate: 'unsynced' })
  }
}

/** Paths taken apart: a product asks for the same few again and again. */
const knownParts = new Map<string, readonly string[]>()

const KNOWN_PARTS_MAX = 4_096 // then they are forgotten: no run has as many files

function partsOf(path: string): readonly string[] {
  let parts = knownParts.get(path)
  if (parts === undefined) {
    if (knownParts.size >= KNOWN_PARTS_MAX) knownParts.clear()
    parts = path.split('/').filter((part) => part !== '' && part !== '.')
    knownParts.set(path, parts)
  }
  return parts
}

function syncName(
  operation: NameOperation,
  directory: DirectoryNode,
  through: number,
): NameOperation {
  if (operation.fate !== 'unsynced' || operation.sequence > through) return operation
  if (!operation.waiting.includes(directory)) return operation
  const waiting = operation.waiting.filter((other) => other !== directory)
  return { ...operation, waiting, fate: waiting.length === 0 ? 'durable' : 'unsynced' }
}

function touchesSameName(left: NameOperation, right: NameOperation): boolean {
  return left.changes.some((one) =>
    right.changes.some((other) => one.directory === other.directory && one.name === other.name),
  )
}

function makeDurable(operation: NameOperation): void {
  for (const { directory, name, node } of operation.changes) {
    const names = new Map(directory.durable)
    if (node === null) names.delete(name)
    else names.set(name, node)
    directory.durable = names
  }
}

/** All that was written to `file` up to `through` survives from now on, save the doubtful. */
export function syncFile(file: FileNode, through: number): void {
  if (file.operations.every(({ fate, sequence }) => fate === 'unsynced' && sequence <= through)) {
    file.durable = file.content.freeze()
    file.operations = []
    return
  }
  const kept: FileOperation[] = []
  const durable = new ContentEditor(file.durable)
  for (const operation of file.operations) {
    const isSaved =
      operation.fate === 'durable' ||
      (operation.fate === 'unsynced' && operation.sequence <= through)
    if (isSaved && kept.length === 0) applyOperation(durable, operation)
    else kept.push(isSaved ? { ...operation, fate: 'durable' } : operation)
  }
  file.durable = durable.freeze()
  file.operations = kept
}

/** A sync of `file` failed: what it should have saved is lost or not, for good. */
export function doubtFile(file: FileNode, through: number): void {
  file.operations = file.operations.map((operation) =>
    operation.fate === 'unsynced' && operation.sequence <= through
      ? { ...operation, fate: 'doubtful' }
      : operation,
  )
}

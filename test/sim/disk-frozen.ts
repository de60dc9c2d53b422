/**
 * A simulated disk at one moment: what is durable and what is pending, as references to parts that
 * never change. Builds the name tree of a disk that comes up after a crash; never decides what the
 * crash took (disk-outcomes.ts does).
 */
import { assert } from '../../src/base/assert.ts'
import { type Content, ContentEditor, type Lanes, mix, NO_CONTENT } from './disk-content.ts'
import {
  DirectoryNode,
  type Fate,
  FileNode,
  type FileOperation,
  type NameOperation,
  type Names,
  NameTree,
  type Node,
} from './disk-names.ts'

export interface FrozenFile {
  /** Position in `FrozenDisk.files`, in the order of a walk from the root: the same in every run. */
  readonly index: number
  readonly durable: Content
  readonly operations: readonly FileOperation[]
}

export interface FrozenDisk {
  readonly root: DirectoryNode
  readonly files: readonly FrozenFile[]
  readonly fileOf: ReadonlyMap<FileNode, FrozenFile>
  /** Durable names of every directory that some state after a crash may contain. */
  readonly names: ReadonlyMap<DirectoryNode, Names>
  readonly nameOperations: readonly NameOperation[]
  /** The count of operations so far; tells two moments with equal content apart from each other. */
  readonly sequence: number
}

const NO_OPERATIONS: readonly FileOperation[] = []

/** Costs a walk over all names and copies no bytes. */
export function freezeDisk(tree: NameTree): FrozenDisk {
  const files: FrozenFile[] = []
  const fileOf = new Map<FileNode, FrozenFile>()
  const names = new Map<DirectoryNode, Names>()
  const visit = (node: Node | null): void => {
    if (node === null) return
    if (node.kind === 'directory') {
      if (names.has(node)) return
      names.set(node, node.durable)
      for (const child of node.durable.values()) visit(child)
      return
    }
    if (fileOf.has(node)) return
    const { operations } = node
    const frozen: FrozenFile = {
      index: files.length,
      durable: node.durable,
      operations: operations.length === 0 ? NO_OPERATIONS : operations.slice(),
    }
    files.push(frozen)
    fileOf.set(node, frozen)
  }
  visit(tree.root)
  for (const operation of tree.operations) {
    for (const { directory, node } of operation.changes) {
      visit(directory)
      visit(node)
    }
  }
  return {
    root: tree.root,
    files,
    fileOf,
    names,
    nameOperations: tree.operations.slice(),
    sequence: tree.sequence,
  }
}

/**
 * 53 bits that are equal when two moments have the same images in the same order, and as much is pending. Their names
 * may differ: those count the calls since the disk came up, these the operations since each pending one.
 */
export function signatureOf(frozen: FrozenDisk): number {
  const lanes: [number, number] = [frozen.files.length, frozen.names.size]
  const stir = (left: number, right: number): void => {
    lanes[0] = mix(lanes[0], left)
    lanes[1] = mix(lanes[1] ^ 0x5bd1e995, right)
  }
  const places = new Map<Node, number>()
  for (const directory of frozen.names.keys()) places.set(directory, places.size)
  for (const file of frozen.fileOf.keys()) places.set(file, places.size)
  const stirName = (name: string, node: Node | null): void => {
    const [left, right] = pathLanes(name)
    const place = node === null ? -1 : (places.get(node) ?? -2)
    stir(left ^ place, right + place)
  }
  for (const names of frozen.names.values()) {
    stir(names.size, 1)
    for (const [name, node] of names) stirName(name, node)
  }
  for (const { durable, operations } of frozen.files) {
    stir(...durable.lanes())
    for (const operation of operations) {
      const [left, right] = operationLanes(operation)
      stir(left ^ (frozen.sequence - operation.sequence), right + fates.indexOf(operation.fate))
    }
  }
  for (const { sequence, changes, waiting, fate } of frozen.nameOperations) {
    stir(frozen.sequence - sequence, fates.indexOf(fate))
    for (const directory of waiting) stir(places.get(directory) ?? -2, 3)
    for (const { directory, name, node } of changes) {
      stir(places.get(directory) ?? -2, 2)
      stirName(name, node)
    }
  }
  return toNumber(lanes)
}

const fates: readonly Fate[] = ['unsynced', 'doubtful', 'durable']

/** Of the bytes of an operation: they are hashed once, however many moments it lives through. */
const knownLanes = new WeakMap<Uint8Array, Lanes>()

function operationLanes({ kind, position, bytes }: FileOperation): Lanes {
  if (kind === 'truncate') return [mix(position, 9), mix(position, 10)]
  let known = knownLanes.get(bytes)
  if (known === undefined) {
    const content = new ContentEditor(NO_CONTENT)
    content.write(bytes, 0)
    known = content.freeze().lanes()
    knownLanes.set(bytes, known)
  }
  return [mix(known[0], position), mix(known[1], position)]
}

function toNumber([left, right]: Lanes): number {
  return (left >>> 0) * 2 ** 21 + (right >>> 11)
}

interface LaidFile {
  readonly frozen: FrozenFile
  readonly path: string
  readonly lanes: Lanes
}

/** The names that one outcome keeps, walked once for all outcomes that keep the same. */
export class Layout {
  readonly frozen: FrozenDisk
  readonly files: readonly LaidFile[]
  readonly #names: ReadonlyMap<DirectoryNode, Names>
  /** The directories' part of every identity. */
  readonly #lanes: Lanes

  /** `keeps` is asked for each pending change of names that the crash may take. */
  constructor(frozen: FrozenDisk, keeps: (operation: NameOperation, index: number) => boolean) {
    this.frozen = frozen
    this.#names = keptNames(frozen, keeps)
    const files: LaidFile[] = []
    let left = 0
    let right = 0
    const walk = (directory: DirectoryNode, path: string): void => {
      for (const [name, node] of this.#names.get(directory) ?? directory.durable) {
        const childPath = `${path}/${name}`
        const lanes = pathLanes(childPath)
        if (node.kind === 'file') {
          const file = frozen.fileOf.get(node)
          assert(file !== undefined, 'a reachable file was not frozen')
          files.push({ frozen: file, path: childPath, lanes })
        } else {
          left = (left + mix(lanes[0], 5)) | 0
          right = (right + mix(lanes[1], 6)) | 0
          walk(node, childPath)
        }
      }
    }
    walk(frozen.root, '')
    this.files = files
    this.#lanes = [left, right]
  }

  /** 53 bits that are equal when names, sizes and bytes are: in whatever order they came about. */
  identity(contents: readonly Content[]): number {
    let left = this.#lanes[0]
    let right = this.#lanes[1]
    for (const { frozen, lanes } of this.files) {
      const [contentLeft, contentRight] = contentAt(contents, frozen.index).lanes()
      left = (left + mix(lanes[0], contentLeft)) | 0
      right = (right + mix(lanes[1], contentRight)) | 0
    }
    return toNumber([left, right])
  }

  /** A disk whose durable state is this, with nothing pending. */
  tree(contents: readonly Content[]): NameTree {
    const nodes = new Map<FileNode, FileNode>()
    const copy = (directory: DirectoryNode): DirectoryNode => {
      const names = new Map<string, Node>()
      for (const [name, node] of this.#names.get(directory) ?? directory.durable) {
        if (node.kind === 'directory') {
          names.set(name, copy(node))
          continue
        }
        const file = this.frozen.fileOf.get(node)
        assert(file !== undefined, 'a reachable file was not frozen')
        let made = nodes.get(node)
        made ??= new FileNode(contentAt(contents, file.index), [])
        nodes.set(node, made)
        names.set(name, made)
      }
      return new DirectoryNode(names)
    }
    return new NameTree(copy(this.frozen.root))
  }
}

/** The disk as the next process finds it when only the process died: all is there, and as much is pending as was. */
export function treeAfterKill(frozen: FrozenDisk): NameTree {
  const directories = new Map<DirectoryNode, DirectoryNode>()
  const files = new Map<FileNode, FileNode>()
  const copyNode = (node: Node): Node => {
    if (node.kind === 'directory') return copyDirectory(node)
    let made = files.get(node)
    if (made === undefined) {
      const file = frozen.fileOf.get(node)
      assert(file !== undefined, 'a reachable file was not frozen')
      made = new FileNode(file.durable, file.operations.slice())
      files.set(node, made)
    }
    return made
  }
  const copyDirectory = (directory: DirectoryNode): DirectoryNode => {
    const known = directories.get(directory)
    if (known !== undefined) return known
    const names = new Map<string, Node>()
    for (const [name, node] of frozen.names.get(directory) ?? directory.durable) {
      names.set(name, copyNode(node))
    }
    const made = new DirectoryNode(names)
    directories.set(directory, made)
    return made
  }
  const tree = new NameTree(copyDirectory(frozen.root))
  tree.sequence = frozen.sequence
  for (const operation of frozen.nameOperations) {
    const changes = operation.changes.map(({ directory, name, node }) => ({
      directory: copyDirectory(directory),
      name,
      node: node === null ? null : copyNode(node),
    }))
    for (const { directory, name, node } of changes) directory.set(name, node)
    const waiting = operation.waiting.map(copyDirectory)
    tree.operations.push({ ...operation, changes, waiting })
  }
  return tree
}

function keptNames(
  frozen: FrozenDisk,
  keeps: (operation: NameOperation, index: number) => boolean,
): ReadonlyMap<DirectoryNode, Names> {
  const names = new Map<DirectoryNode, Names>(frozen.names)
  const copied = new Map<DirectoryNode, Map<string, Node>>()
  frozen.nameOperations.forEach((operation, index) => {
    if (operation.fate !== 'durable' && !keeps(operation, index)) return
    for (const { directory, name, node } of operation.changes) {
      let own = copied.get(directory)
      if (own === undefined) {
        own = new Map(names.get(directory) ?? [])
        copied.set(directory, own)
        names.set(directory, own)
      }
      if (node === null) own.delete(name)
      else own.set(name, node)
    }
  })
  return names
}

/** The content of file `index` in a list that has one for every file. */
export function contentAt(contents: readonly Content[], index: number): Content {
  const content = contents[index]
  assert(content !== undefined, 'an outcome without the content of a file')
  return content
}

function pathLanes(path: string): Lanes {
  let left = path.length
  let right = ~path.length
  for (let index = 0; index < path.length; index++) {
    const unit = path.charCodeAt(index)
    left = Math.imul(left ^ unit, 0x01000193)
    right = Math.imul(right + unit, 0x85ebca6b)
  }
  return [mix(left, 7), mix(right, 8)]
}

/**
 * What a power cut may leave behind: every legal image of a frozen disk, in a fixed order, each with a
 * name that finds it again. Only un-synced operations are ever touched; never runs anything on an image.
 */
import { assert } from '../../src/base/assert.ts'
import { KiB } from '../../src/base/bytes.ts'
import type { Random } from '../../src/base/ports.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { type Content, ContentEditor, mix } from './disk-content.ts'
import {
  contentAt,
  type FrozenDisk,
  type FrozenFile,
  Layout,
  treeAfterKill,
} from './disk-frozen.ts'
import { applyOperation, type FileOperation, type NameTree } from './disk-names.ts'

/** What a disk writes at once, at best. */
const SECTOR_SIZE = 512

/** What a kernel writes back at once. */
const PAGE_SIZE: number = 4 * KiB

/** Where the last write tears: around both units, at the very ends, and in the middle. */
const TEAR_SIZES: readonly number[] = [1, 511, 512, 513, 4095, 4096]

/** Units of one write that are lost in turn: all of 128 KiB; of a larger write so many, evenly spread. */
const UNITS_PER_WRITE_MAX = 256

/** One state that a disk may come up with. */
export class Image {
  /** Finds this image again among those of the same moment: `torn 3 at 512; names all`. */
  readonly name: string
  /** Equal for two images exactly when names, sizes and bytes are equal (53 bits of a hash). */
  readonly identity: number
  readonly #build: () => NameTree

  constructor(name: string, identity: number, build: () => NameTree) {
    this.name = name
    this.identity = identity
    this.#build = build
  }

  /** A fresh tree each time: one image can be used by many disks. */
  tree(): NameTree {
    return this.#build()
  }
}

/** How an operation that a crash caught ends up. */
type Edit =
  | { readonly kind: 'whole' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'torn'; readonly keptBytes: number; readonly size: 'kept' | 'grown' }
  | { readonly kind: 'hole'; readonly start: number; readonly end: number }
  | { readonly kind: 'zeros' }
  | { readonly kind: 'garbage' }

const WHOLE: Edit = { kind: 'whole' }
const MISSING: Edit = { kind: 'missing' }

/** An operation that the crash may take. */
interface Open {
  readonly file: FrozenFile
  readonly at: number
  readonly operation: FileOperation
}

interface DataVariant {
  readonly name: string
  readonly contents: readonly Content[]
}

/** Every image of the moment; many may be equal to each other, so count identities. */
export function* images(frozen: FrozenDisk): Generator<Image> {
  const open = openOperations(frozen)
  const variants = [...dataVariants(frozen, open)]
  const none = { name: 'none', contents: contentsOf(frozen, () => MISSING) }
  const all = { name: 'all', contents: contentsOf(frozen, () => WHOLE) }
  const allNames = new Layout(frozen, () => true)
  const changeable = frozen.nameOperations.filter(({ fate }) => fate !== 'durable')
  if (changeable.length === 0) {
    for (const variant of variants) yield imageOf(allNames, variant, '')
    return
  }
  const noNames = new Layout(frozen, () => false)
  for (const variant of variants) {
    yield imageOf(allNames, variant, '; names all')
    yield imageOf(noNames, variant, '; names none')
  }
  for (const { sequence } of changeable) {
    const prefix = new Layout(frozen, (operation) => operation.sequence < sequence)
    const missing = new Layout(frozen, (operation) => operation.sequence !== sequence)
    for (const variant of [none, all]) {
      yield imageOf(prefix, variant, `; names before ${sequence}`)
      yield imageOf(missing, variant, `; names without ${sequence}`)
    }
  }
  yield* orderedPrefixes(frozen, [
    ...open.map(({ operation }) => operation.sequence),
    ...changeable.map(({ sequence }) => sequence),
  ])
}

/** The disk as a new process finds it after a kill: everything written is there, and still un-synced. */
export function imageAfterKill(frozen: FrozenDisk): Image {
  const layout = new Layout(frozen, () => true)
  const identity = layout.identity(contentsOf(frozen, () => WHOLE))
  return new Image('killed', identity, () => treeAfterKill(frozen))
}

/** One image by chance, of all combinations and not only those that are enumerated. */
export function sampleImage(frozen: FrozenDisk, seed: number): Image {
  const random = new SeededRandom(seed)
  const keepsAllNames = random.u32() % 2 === 0
  const layout = new Layout(frozen, () => keepsAllNames || random.u32() % 2 === 0)
  const style = random.u32() % 4
  const contents = contentsOf(frozen, (operation) => {
    if (style < 2) return style === 0 ? WHOLE : MISSING
    return sampleEdit(operation, random)
  })
  return imageOf(layout, { name: `sample ${seed}`, contents }, '')
}

function sampleEdit(operation: FileOperation, random: Random): Edit {
  const size = operation.bytes.length
  const choice = random.u32() % 10
  if (choice < 4) return WHOLE
  if (choice < 7 || size < 2) return MISSING
  const at = 1 + (random.u32() % (size - 1))
  if (choice === 7) return { kind: 'torn', keptBytes: at, size: 'kept' }
  if (choice === 8) return random.u32() % 2 === 0 ? { kind: 'zeros' } : { kind: 'garbage' }
  const start = Math.floor((operation.position + at) / SECTOR_SIZE) * SECTOR_SIZE
  return { kind: 'hole', start, end: start + SECTOR_SIZE }
}

function imageOf(layout: Layout, variant: DataVariant, suffix: string): Image {
  const { name, contents } = variant
  return new Image(`${name}${suffix}`, layout.identity(contents), () => layout.tree(contents))
}

/** In the order of the calls, over all files. */
function openOperations(frozen: FrozenDisk): readonly Open[] {
  const open: Open[] = []
  for (const file of frozen.files) {
    file.operations.forEach((operation, at) => {
      if (operation.fate !== 'durable') open.push({ file, at, operation })
    })
  }
  return open.sort((left, right) => left.operation.sequence - right.operation.sequence)
}

function* orderedPrefixes(frozen: FrozenDisk, sequences: readonly number[]): Generator<Image> {
  for (const cut of sequences) {
    const contents = contentsOf(frozen, ({ sequence }) => (sequence < cut ? WHOLE : MISSING))
    const layout = new Layout(frozen, ({ sequence }) => sequence < cut)
    yield imageOf(layout, { name: `everything before ${cut}`, contents }, '')
  }
}

function* dataVariants(frozen: FrozenDisk, open: readonly Open[]): Generator<DataVariant> {
  const all = contentsOf(frozen, () => WHOLE)
  yield { name: 'none', contents: contentsOf(frozen, () => MISSING) }
  yield { name: 'all', contents: all }
  if (open.length === 0) return
  for (const { operation } of open.slice(1)) {
    const cut = operation.sequence
    const keep = ({ sequence }: FileOperation): Edit => (sequence < cut ? WHOLE : MISSING)
    yield { name: `before ${cut}`, contents: contentsOf(frozen, keep) }
  }
  const editing = new FileEditing(all)
  for (const one of open) {
    const label = one.operation.sequence
    yield editing.variant(`without ${label}`, one, MISSING)
    const isLast = one.at === one.file.operations.length - 1
    for (const [name, edit] of editsOf(one.operation, isLast ? 'last' : 'earlier')) {
      yield editing.variant(name, one, edit)
    }
  }
  yield { name: 'sizes only', contents: frozen.files.map(sizesOnly) }
  yield* wholeFiles(frozen, open)
}

/** One file lost while the others are kept, and the other way round. */
function* wholeFiles(frozen: FrozenDisk, open: readonly Open[]): Generator<DataVariant> {
  const touched = new Set(open.map(({ file }) => file))
  if (touched.size < 2) return
  const none = contentsOf(frozen, () => MISSING)
  const all = contentsOf(frozen, () => WHOLE)
  for (const { index } of touched) {
    const pick = (inside: readonly Content[], outside: readonly Content[]): readonly Content[] =>
      outside.map((content, at) => (at === index ? (inside[index] ?? content) : content))
    yield { name: `only file ${index}`, contents: pick(all, none) }
    yield { name: `all but file ${index}`, contents: pick(none, all) }
  }
}

function* editsOf(
  operation: FileOperation,
  place: 'last' | 'earlier',
): Generator<readonly [string, Edit]> {
  if (operation.kind === 'truncate') return
  const { sequence, position, bytes } = operation
  const size = bytes.length
  const label = `${sequence}`
  if (place === 'last') {
    for (const keptBytes of new Set([...TEAR_SIZES, size >>> 1, size - 1])) {
      if (keptBytes <= 0 || keptBytes >= size) continue
      yield [`torn ${label} at ${keptBytes}`, { kind: 'torn', keptBytes, size: 'kept' }]
      yield [`torn ${label} at ${keptBytes}, grown`, { kind: 'torn', keptBytes, size: 'grown' }]
    }
    yield [`zeros ${label}`, { kind: 'zeros' }]
    yield [`garbage ${label}`, { kind: 'garbage' }]
  }
  for (const unit of [SECTOR_SIZE, PAGE_SIZE]) {
    const first = Math.floor(position / unit)
    const count = Math.ceil((position + size) / unit) - first
    const step = Math.max(1, count / UNITS_PER_WRITE_MAX)
    for (let index = 0; index < count; index += step) {
      const start = (first + Math.floor(index)) * unit
      const name = `${unit} bytes at ${start} lost of ${label}`
      yield [name, { kind: 'hole', start, end: start + unit }]
    }
  }
}

/** Contents where each operation that the crash may take ends up as `choose` says. */
function contentsOf(
  frozen: FrozenDisk,
  choose: (operation: FileOperation) => Edit,
): readonly Content[] {
  return frozen.files.map((file) => {
    if (file.operations.length === 0) return file.durable
    const content = new ContentEditor(file.durable)
    for (const operation of file.operations) {
      const edit = operation.fate === 'durable' ? WHOLE : choose(operation)
      applyEdit(content, operation, edit)
    }
    return content.freeze()
  })
}

/** Contents where one operation is edited and all others are whole; remembers what came before it. */
class FileEditing {
  readonly #all: readonly Content[]
  /** Of each file: its content before each of its operations. */
  readonly #before = new Map<FrozenFile, readonly Content[]>()

  constructor(all: readonly Content[]) {
    this.#all = all
  }

  variant(name: string, { file, at, operation }: Open, edit: Edit): DataVariant {
    const before = this.#prefixes(file)[at]
    assert(before !== undefined, 'an operation without the content before it')
    const contents = this.#all.slice()
    const isLast = at === file.operations.length - 1
    contents[file.index] =
      edit.kind === 'hole' && isLast
        ? this.#restored(file, before, withinOf(operation, edit))
        : replayed(file, at, { before, edit })
    return { name, contents }
  }

  /** A large write that lost one sector differs from the whole one in that sector alone. */
  #restored(
    { index }: FrozenFile,
    before: Content,
    { start, end }: { start: number; end: number },
  ): Content {
    const old = new Uint8Array(end - start)
    new ContentEditor(before).read(old, start)
    const content = new ContentEditor(contentAt(this.#all, index))
    content.write(old, start)
    return content.freeze()
  }

  #prefixes(file: FrozenFile): readonly Content[] {
    let prefixes = this.#before.get(file)
    if (prefixes === undefined) {
      const content = new ContentEditor(file.durable)
      prefixes = file.operations.map((operation) => {
        const before = content.freeze()
        applyOperation(content, operation)
        return before
      })
      this.#before.set(file, prefixes)
    }
    return prefixes
  }
}

function replayed(
  file: FrozenFile,
  at: number,
  { before, edit }: { before: Content; edit: Edit },
): Content {
  const content = new ContentEditor(before)
  file.operations.slice(at).forEach((operation, index) => {
    applyEdit(content, operation, index === 0 ? edit : WHOLE)
  })
  return content.freeze()
}

/** The part of a hole that lies in the write. */
function withinOf(
  { position, bytes }: FileOperation,
  hole: { readonly start: number; readonly end: number },
): { start: number; end: number } {
  return {
    start: Math.max(position, hole.start),
    end: Math.min(position + bytes.length, hole.end),
  }
}

function applyEdit(content: ContentEditor, operation: FileOperation, edit: Edit): void {
  if (edit.kind === 'missing') return
  if (edit.kind === 'whole' || operation.kind === 'truncate') {
    applyOperation(content, operation)
    return
  }
  const { bytes, position } = operation
  const end = position + bytes.length
  switch (edit.kind) {
    case 'torn':
      content.write(bytes.subarray(0, edit.keptBytes), position)
      if (edit.size === 'grown') content.grow(end)
      return
    case 'zeros':
      content.grow(end)
      content.zero(position, end)
      return
    case 'garbage':
      content.write(garbage(operation), position)
      return
    case 'hole': {
      content.grow(end)
      const lost = withinOf(operation, edit)
      content.write(bytes.subarray(0, lost.start - position), position)
      content.write(bytes.subarray(lost.end - position), lost.end)
    }
  }
}

/** Metadata reached the disk, data did not: new sizes, old bytes, zeros where there were none. */
function sizesOnly(file: FrozenFile): Content {
  if (file.operations.length === 0) return file.durable
  const content = new ContentEditor(file.durable)
  for (const operation of file.operations) {
    if (operation.fate === 'durable' || operation.kind === 'truncate') {
      applyOperation(content, operation)
    } else {
      content.grow(operation.position + operation.bytes.length)
    }
  }
  return content.freeze()
}

/** Bytes that nobody wrote, others for each write: the same in every run, and at whatever call the write came. */
function garbage(operation: FileOperation): Uint8Array {
  const bytes = new Uint8Array(operation.bytes.length)
  let state = mix(operation.position, operation.bytes.length)
  for (let index = 0; index < bytes.length; index++) {
    state = mix(state + index, operation.bytes[index]!)
    bytes[index] = state
  }
  return bytes
}

/** Every state that a power cut may leave is drawn, none that it may not, and equal ones are known as equal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskFile } from '../../src/base/ports.ts'
import { below, pick, SeededRandom } from '../../src/base/random.ts'
import { CrashDisk } from './crash-disk.ts'
import { dumpDisk, readText, textBytes, writeText } from './disk-dump.ts'
import type { Image } from './disk-outcomes.ts'

const OLD_SIZE = 2_000
const POSITION = 100
const WRITE_SIZE = 9_001
const END = POSITION + WRITE_SIZE

/** A file of 2,000 durable bytes with one un-synced write that overlaps and extends it. */
async function oneWrite(): Promise<CrashDisk> {
  const disk = new CrashDisk()
  await writeText(disk, '/a', 'o'.repeat(OLD_SIZE))
  await disk.syncDirectory('/')
  const file = await disk.open('/a', 'write')
  await file.write(textBytes('n'.repeat(WRITE_SIZE)), POSITION)
  return disk
}

async function contentsByName(disk: CrashDisk, path: string): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  for (const image of disk.images()) {
    assert.ok(!contents.has(image.name), `two images named ${image.name}`)
    contents.set(image.name, await readText(new CrashDisk({ image }), path))
  }
  return contents
}

const before = 'o'.repeat(OLD_SIZE)
const grown = before + '\0'.repeat(END - OLD_SIZE)

/** `base` with new bytes from `start` to `end`. */
function newIn(base: string, start: number, end: number): string {
  return base.slice(0, start) + 'n'.repeat(end - start) + base.slice(end)
}

/** The write, but for what lies between `start` and `end`, which is as it was. */
function allBut(start: number, end: number): string {
  return newIn(newIn(grown, POSITION, Math.max(POSITION, start)), Math.min(END, end), END)
}

test('one write may be missing, whole, torn, without any sector or page, zeroed, garbage or only a size', async () => {
  const contents = await contentsByName(await oneWrite(), '/a')
  const expected = new Map<string, string>([
    ['none', before],
    ['without 3', before],
    ['all', newIn(grown, POSITION, END)],
    ['zeros 3', before.slice(0, POSITION) + '\0'.repeat(WRITE_SIZE)],
    ['sizes only', grown],
  ])
  for (const kept of [1, 511, 512, 513, 4095, 4096, 4500, 9000]) {
    const short = before.padEnd(POSITION + kept, '\0')
    expected.set(`torn 3 at ${kept}`, newIn(short, POSITION, POSITION + kept))
    expected.set(`torn 3 at ${kept}, grown`, newIn(grown, POSITION, POSITION + kept))
  }
  for (const unit of [512, 4096]) {
    for (let start = 0; start < END; start += unit) {
      expected.set(`${unit} bytes at ${start} lost of 3`, allBut(start, start + unit))
    }
  }
  const garbage = contents.get('garbage 3') ?? ''
  contents.delete('garbage 3')
  assert.deepEqual(contents, expected)
  assert.equal(garbage.slice(0, POSITION), before.slice(0, POSITION))
  assert.equal(garbage.length, END)
  assert.ok(!garbage.slice(POSITION).includes('nnnn') && !garbage.slice(POSITION).includes('oooo'))
})

test('each pair of different outcomes of one write gives different images', async () => {
  const disk = await oneWrite()
  const names = new Map<number, string[]>()
  for (const { identity, name } of disk.images()) {
    names.set(identity, [...(names.get(identity) ?? []), name])
  }
  const coinciding = [...names.values()].filter((same) => same.length > 1)
  assert.deepEqual(coinciding, [['none', 'without 3']])
})

test('of several writes each prefix is drawn, each may be missing, each may lose its middle', async () => {
  const disk = new CrashDisk()
  await writeText(disk, '/a', '-'.repeat(2_048))
  await disk.syncDirectory('/')
  const file = await disk.open('/a', 'write')
  for (const [index, letter] of [...'abc'].entries()) {
    await file.write(textBytes(letter.repeat(512)), 512 * index)
  }
  const contents = await contentsByName(disk, '/a')
  const short = (text: string | undefined): string =>
    [...(text ?? '')].filter((_, at) => at % 512 === 0).join('')
  const named = (name: string): string => short(contents.get(name))
  assert.equal(named('none'), '----')
  assert.equal(named('before 4'), 'a---')
  assert.equal(named('before 5'), 'ab--')
  assert.equal(named('all'), 'abc-')
  assert.equal(named('without 3'), '-bc-')
  assert.equal(named('without 4'), 'a-c-')
  assert.equal(named('512 bytes at 512 lost of 4'), 'a-c-')
  assert.equal(named('torn 5 at 1'), 'abc-', 'its first byte only')
  assert.equal(contents.get('torn 5 at 1')?.slice(1024, 1027), 'c--')
})

test('with several files each may be lost alone and be the only one kept', async () => {
  const disk = new CrashDisk()
  for (const name of ['a', 'b', 'c']) await writeText(disk, `/${name}`, 'old')
  await disk.syncDirectory('/')
  for (const name of ['a', 'b', 'c']) {
    const file = await disk.open(`/${name}`, 'write')
    await file.write(textBytes('new'), 0)
  }
  const seen = new Set<string>()
  for (const image of disk.images()) {
    const after = new CrashDisk({ image })
    const texts = await Promise.all(['a', 'b', 'c'].map((name) => readText(after, `/${name}`)))
    seen.add(texts.join(' '))
  }
  const combinations = ['old', 'new'].flatMap((a) =>
    ['old', 'new'].flatMap((b) => ['old', 'new'].map((c) => `${a} ${b} ${c}`)),
  )
  for (const combination of combinations) assert.ok(seen.has(combination), combination)
})

test('a truncation is taken or not, like a write', async () => {
  const disk = new CrashDisk()
  await writeText(disk, '/a', 'abcdef')
  await disk.syncDirectory('/')
  const file = await disk.open('/a', 'write')
  await file.truncate(2)
  await file.write(textBytes('XY'), 4)
  const seen = new Set((await contentsByName(disk, '/a')).values())
  for (const text of ['abcdef', 'ab', 'ab\0\0XY', 'abcdXY']) assert.ok(seen.has(text), text)
})

test('a large write loses a bounded number of its sectors, evenly spread', async () => {
  const disk = new CrashDisk()
  const file = await disk.open('/a', 'create')
  await file.write(new Uint8Array(256 * 1024).fill(1), 0)
  const lost = [...disk.images()].filter(({ name }) => /^512 .* lost .*all$/.test(name))
  assert.equal(lost.length, 256)
  assert.equal(new Set(lost.map(({ identity }) => identity)).size, 256)
})

/** What a test knows of one file by itself: byte by byte, without any of the disk's own structures. */
interface Known {
  durable: string
  /** What was written since, oldest first. */
  open: { readonly position: number; readonly text: string }[]
}

/** A random workload on three durable names; every write has a letter of its own. */
async function randomWrites(seed: number): Promise<{ disk: CrashDisk; known: Map<string, Known> }> {
  const random = new SeededRandom(seed)
  const disk = new CrashDisk()
  const known = new Map<string, Known>()
  const files = new Map<string, DiskFile>()
  for (const path of ['/a', '/b', '/c']) {
    files.set(path, await disk.open(path, 'create'))
    known.set(path, { durable: '', open: [] })
  }
  await disk.syncDirectory('/')
  for (let step = 0; step < 14; step++) {
    const path = pick(random, ['/a', '/b', '/c'])
    const file = files.get(path)!
    const knows = known.get(path)!
    if (below(random, 4) === 0) {
      await file.sync()
      for (const { position, text } of knows.open) {
        const padded = knows.durable.padEnd(position, '\0')
        knows.durable = padded.slice(0, position) + text + padded.slice(position + text.length)
      }
      knows.open = []
    } else {
      const text = String.fromCharCode(65 + step).repeat(1 + below(random, 700))
      const position = below(random, 900)
      await file.write(textBytes(text), position)
      knows.open.push({ position, text })
    }
  }
  return { disk, known }
}

/** Every byte is the durable one or a written one; where writes are un-synced it may be a zero, or garbage. */
function assertLegal(text: string, { durable, open }: Known, name: string): void {
  assert.ok(text.length >= durable.length, `${name}: it shrank`)
  const sizes = [durable.length, ...open.map((write) => write.position + write.text.length)]
  assert.ok(text.length <= Math.max(...sizes), `${name}: it grew by itself`)
  for (let at = 0; at < text.length; at++) {
    const found = text[at]
    const covering = open.filter(({ position, text: { length } }) => {
      return at >= position && at < position + length
    })
    const isWritten = covering.some((write) => write.text[at - write.position] === found)
    const isOld = found === (durable[at] ?? '\0')
    const isLost = covering.length > 0 && (found === '\0' || /garbage|sample/.test(name))
    assert.ok(isWritten || isOld || isLost, `${name}: byte ${at} was never written`)
    if (covering.length === 0) assert.ok(isOld, `${name}: byte ${at} was synced and is gone`)
  }
}

test('nothing synced is missing from any image, and nothing is there that was never written', async () => {
  let images = 0
  for (let seed = 0; seed < 15; seed++) {
    const { disk, known } = await randomWrites(seed)
    const point = disk.point()
    const samples = Array.from({ length: 20 }, (_, index) => point.sample(index))
    for (const image of [...disk.images(), ...samples]) {
      images++
      const after = new CrashDisk({ image })
      for (const [path, knows] of known) assertLegal(await readText(after, path), knows, image.name)
    }
  }
  assert.ok(images > 1_000)
})

/** Names, renames, removals and writes, synced now and then. */
async function randomCalls(seed: number): Promise<CrashDisk> {
  const random = new SeededRandom(seed)
  const disk = new CrashDisk()
  await disk.makeDirectory('/d')
  const paths = ['/a', '/b', '/d/a', '/d/b']
  for (let step = 0; step < 16; step++) {
    const path = pick(random, paths)
    const calls: readonly (() => Promise<unknown>)[] = [
      () => writeText(disk, path, String(step).repeat(300), pick(random, ['sync', 'no-sync'])),
      () => disk.rename(path, pick(random, paths)),
      () => disk.remove(path),
      () => disk.syncDirectory(pick(random, ['/', '/d'])),
    ]
    // Half of them ask for a file that is not there: refused, and nothing happened.
    await pick(random, calls)().catch(() => undefined)
  }
  return disk
}

test('two images have the same identity exactly when they are equal byte by byte', async () => {
  const identities = new Map<string, number>()
  const dumps = new Map<number, string>()
  const check = async (image: Image): Promise<void> => {
    const dump = await dumpDisk(new CrashDisk({ image }))
    assert.equal(dumps.get(image.identity) ?? dump, dump)
    assert.equal(identities.get(dump) ?? image.identity, image.identity)
    dumps.set(image.identity, dump)
    identities.set(dump, image.identity)
    assert.equal(new CrashDisk({ image }).identity(), image.identity)
  }
  for (let seed = 0; seed < 25; seed++) {
    for (const image of (await randomWrites(seed)).disk.images()) await check(image)
    for (const image of (await randomCalls(seed)).images()) await check(image)
  }
  assert.ok(dumps.size > 500, `${dumps.size} distinct`)
})

test('the same calls give the same images under the same names', async () => {
  for (let seed = 0; seed < 10; seed++) {
    const draw = async (): Promise<string[]> =>
      [...(await randomCalls(seed)).images()].map(({ name, identity }) => `${name} ${identity}`)
    assert.deepEqual(await draw(), await draw())
  }
})

test('with nothing un-synced there is one image, and it is the disk', async () => {
  const disk = new CrashDisk()
  await writeText(disk, '/a', 'abc')
  await disk.syncDirectory('/')
  const identities = new Set([...disk.images()].map(({ identity }) => identity))
  assert.deepEqual([...identities], [disk.identity()])
})

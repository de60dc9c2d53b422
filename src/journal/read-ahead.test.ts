/** Reading ahead: every commit is met once and in order, and nothing is left under way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import fc from 'fast-check'
import { tinyLimits } from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { settled } from '../../test/sim/turn.ts'
import { DiskError, type DiskFile } from '../base/ports.ts'
import type { Seed } from './checksum.ts'
import { FRAME_ENTRIES, FRAME_FLAG_LAST, FRAME_HEADER_SIZE, viewOf } from './format.ts'
import { FrameHeader, frameSize, sealFrame } from './frame.ts'
import { checkedLimits } from './limits.ts'
import { type ScanEnd, Scanner, type ScanStart } from './scan.ts'

const limits = checkedLimits({
  ...tinyLimits,
  recoveryBytes: 8192, // a ring of twelve pieces: a file goes round in it several times
  readAheadBytes: 2048,
})
const SEED = 77 as Seed
const GENERATION = 5
const FROM = 1024
const FILE_BYTES = 40_000
const FIRST = { commit: 9, ticket: 100 }

/** Entries' bytes of each frame of each commit, all commits within the limit. */
type Commits = readonly (readonly number[])[]

const commits: fc.Arbitrary<Commits> = fc.array(
  fc
    .array(fc.oneof(fc.nat(60), fc.nat(600), fc.nat(1900)), { minLength: 1, maxLength: 20 })
    .map(withinCommit),
  { maxLength: 40 },
)

function withinCommit(sizes: readonly number[]): readonly number[] {
  let total = 0
  const kept = sizes.filter((size) => {
    const fits = total + frameSize(size) <= limits.commitBytes
    if (fits) total += frameSize(size)
    return fits
  })
  return kept.length > 0 ? kept : [0]
}

/** What a visit saw of a frame. */
type Seen = { readonly commit: number; readonly ticket: number; readonly position: number }

/** The file's bytes, its frames as they are to be seen, and where each commit ends. */
function written(all: Commits): { bytes: Uint8Array; frames: Seen[]; ends: number[] } {
  const bytes = new Uint8Array(FILE_BYTES)
  const target = { bytes, view: viewOf(bytes), seed: SEED }
  const frames: Seen[] = []
  const ends: number[] = []
  let [at, commit, ticket] = [FROM, FIRST.commit, FIRST.ticket]
  for (const sizes of all) {
    const total = sizes.reduce((sum, size) => sum + frameSize(size), 0)
    if (at + total > FILE_BYTES) break
    for (const [index, size] of sizes.entries()) {
      const header = new FrameHeader()
      const flags = index === sizes.length - 1 ? FRAME_FLAG_LAST : 0
      Object.assign(header, { size, generation: GENERATION, kind: FRAME_ENTRIES, flags })
      Object.assign(header, { commit, index, ticket, count: 2 })
      bytes.fill(frames.length, at + FRAME_HEADER_SIZE, at + FRAME_HEADER_SIZE + size)
      sealFrame(target, at, header)
      frames.push({ commit, ticket, position: at })
      at += frameSize(size)
      ticket += 2
    }
    commit++
    ends.push(at)
  }
  return { bytes, frames, ends }
}

async function fileOf(bytes: Uint8Array): Promise<DiskFile> {
  const file = await settled(new CrashDisk().open('file', 'create'), 'the file')
  await settled(file.write(bytes, 0), 'its content')
  return file
}

function startOf(file: DiskFile): ScanStart {
  const range = { file, generation: GENERATION, from: FROM, fileBytes: FILE_BYTES }
  return { ...range, seed: SEED, ...FIRST }
}

type Scanned = { readonly end: ScanEnd; readonly seen: readonly Seen[] }

/** Scans a file, looking at every byte of every frame. */
async function scan(scanner: Scanner, file: DiskFile): Promise<Scanned> {
  const seen: Seen[] = []
  const end = await settled(
    scanner.scan(startOf(file), (target, at, header, position) => {
      const from = at + FRAME_HEADER_SIZE
      const entries = target.bytes.subarray(from, from + header.size)
      assert.ok(entries.every((byte) => byte === (seen.length & 0xff)))
      seen.push({ commit: header.commit, ticket: header.ticket, position })
    }),
    'the scan',
  )
  return { end, seen }
}

function scannerOf(): Scanner {
  return new Scanner(new Uint8Array(limits.recoveryBytes), limits, SEED)
}

/** The file with its reads replaced; `underWay` counts those that are not answered. */
function reading(
  file: DiskFile,
  read: DiskFile['read'],
): { file: DiskFile; underWay: () => number } {
  let count = 0
  const counted: DiskFile['read'] = async (into, position) => {
    count++
    try {
      return await read(into, position)
    } finally {
      count--
    }
  }
  const proxy = new Proxy(file, {
    get: (of, name) =>
      name === 'read' || name === 'readInOrder' ? counted : Reflect.get(of, name),
  })
  return { file: proxy, underWay: () => count }
}

test('whatever the sizes, every frame is visited once, in order, with its own bytes', async () => {
  const scanner = scannerOf()
  await fc.assert(
    fc.asyncProperty(commits, async (all) => {
      const { bytes, frames, ends } = written(all)
      const { end, seen } = await scan(scanner, await fileOf(bytes))
      assert.deepEqual(seen, frames)
      assert.equal(end.end, ends.at(-1) ?? FROM)
      assert.equal(end.commit, FIRST.commit + ends.length)
    }),
    { numRuns: 200 },
  )
})

test('frames are visited the same way without regard to commits', async () => {
  const scanner = scannerOf()
  await fc.assert(
    fc.asyncProperty(commits, async (all) => {
      const { bytes, frames, ends } = written(all)
      const positions: number[] = []
      const start = startOf(await fileOf(bytes))
      const end = await settled(
        scanner.frames(start, (_target, _at, _header, position) => positions.push(position)),
        'the walk',
      )
      assert.deepEqual(
        positions,
        frames.map(({ position }) => position),
      )
      assert.equal(end, ends.at(-1) ?? FROM)
    }),
    { numRuns: 100 },
  )
})

test('damage anywhere ends the scan at the last whole commit before it', async () => {
  const scanner = scannerOf()
  await fc.assert(
    fc.asyncProperty(commits, fc.nat(), async (all, where) => {
      const { bytes, ends } = written(all)
      const last = ends.at(-1) ?? FROM
      fc.pre(last > FROM)
      // The first byte of eight is never padding, which no checksum covers.
      const at = FROM + 8 * (where % ((last - FROM) / 8))
      bytes[at]! ^= 0x55
      const { end } = await scan(scanner, await fileOf(bytes))
      assert.equal(end.end, ends.filter((one) => one <= at).at(-1) ?? FROM)
    }),
    { numRuns: 200 },
  )
})

test('a file that is shorter than it says ends at its last whole commit', async () => {
  const scanner = scannerOf()
  await fc.assert(
    fc.asyncProperty(commits, fc.nat((FILE_BYTES - FROM) / 8), async (all, words) => {
      const kept = 8 * words // a cut within padding costs nothing
      const { bytes, ends } = written(all)
      const file = await fileOf(bytes.subarray(0, FROM + kept))
      const { end } = await scan(scanner, file)
      assert.equal(end.end, ends.filter((one) => one <= FROM + kept).at(-1) ?? FROM)
    }),
    { numRuns: 200 },
  )
})

test('a read that fails fails the scan, once no other is under way, and the next scan is whole', async () => {
  const scanner = scannerOf()
  const { bytes, frames } = written(Array.from({ length: 30 }, () => [400, 700]))
  const whole = await fileOf(bytes)
  for (let failing = 0; failing < 40; failing++) {
    let count = 0
    const { file, underWay } = reading(whole, async (into, position) => {
      const number = count++
      if (number === failing) throw new DiskError('io', 'file', 'unreadable')
      // Those behind it take longer than the scan takes to hear of it.
      if (number > failing) await macrotask()
      return whole.read(into, position)
    })
    await assert.rejects(scan(scanner, file), { code: 'io' })
    assert.equal(underWay(), 0)
    assert.deepEqual((await scan(scanner, whole)).seen, frames)
  }
})

test('a commit that is longer than any can be is none, and nothing is read over', async () => {
  const { bytes, frames, ends } = written([[100], Array.from({ length: 40 }, () => 200), [100]])
  assert.ok(ends[1]! - ends[0]! > limits.recoveryBytes)
  const { end, seen } = await scan(scannerOf(), await fileOf(bytes))
  assert.deepEqual(seen, frames.slice(0, 1))
  assert.equal(end.end, ends[0])
})

test('a visit that refuses what it sees ends the scan with no read under way', async () => {
  const scanner = scannerOf()
  const { bytes } = written(Array.from({ length: 30 }, () => [400, 700]))
  const whole = await fileOf(bytes)
  const { file, underWay } = reading(whole, (into, position) => whole.read(into, position))
  const refused = scanner.scan(startOf(file), () => {
    throw new Error('not this one')
  })
  await assert.rejects(settled(refused, 'the scan'), /not this one/)
  assert.equal(underWay(), 0)
})

test('no byte is read twice, and nothing far behind the end', async () => {
  const { bytes, ends } = written([[400], [700, 900], [20]])
  const whole = await fileOf(bytes)
  const reads: [number, number][] = []
  const { file } = reading(whole, async (into, position) => {
    reads.push([position, position + into.length])
    return whole.read(into, position)
  })
  await scan(scannerOf(), file)
  assert.ok(reads.every(([from], index) => from === (index === 0 ? FROM : reads[index - 1]![1])))
  assert.ok(reads.at(-1)![1] <= ends.at(-1)! + limits.readAheadBytes + limits.commitBytes)
})

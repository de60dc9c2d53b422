/** What stands behind the last whole commit is found wherever it stands, and read once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { settled } from '../../test/sim/turn.ts'
import type { DiskFile } from '../base/ports.ts'
import type { Seed } from './checksum.ts'
import { FRAME_ENTRIES, FRAME_FLAG_LAST, viewOf } from './format.ts'
import { FrameHeader, frameSize, sealFrame } from './frame.ts'
import { checkedLimits } from './limits.ts'
import { Scanner, type TailVerdict } from './scan.ts'

const FILE_BYTES = 8192
const FROM = 1000 // where the whole commits end
// A ring of twelve pieces: the file goes round in it.
const limits = checkedLimits({
  sectorBytes: 512,
  fileBytesMin: 2048,
  fileBytesMax: FILE_BYTES,
  frameBytes: 256,
  entryBytes: 400,
  commitBytes: 600,
  chunkBytes: 512,
  recoveryBytes: 2048,
  readAheadBytes: 512,
})
const SEED = 77 as Seed
const GENERATION = 5
const NEXT_COMMIT = 40

type Behind = { readonly commit: number; readonly unsynced: number; readonly size: number }

/** A file with nothing behind its end but one frame at `at`, if there is one. */
function fileWith(at: number, behind: Behind | null): Uint8Array {
  const bytes = new Uint8Array(FILE_BYTES)
  if (behind === null) return bytes
  const header = new FrameHeader()
  const { commit, unsynced, size } = behind
  const [kind, flags] = [FRAME_ENTRIES, FRAME_FLAG_LAST]
  Object.assign(header, { generation: GENERATION, kind, flags, ticket: 900, count: 1 })
  Object.assign(header, { commit, unsynced, size })
  sealFrame({ bytes, view: viewOf(bytes), seed: SEED }, at, header)
  return bytes
}

/** The verdict, and how many bytes were read for it. */
async function judge(bytes: Uint8Array): Promise<{ verdict: TailVerdict; readBytes: number }> {
  const made = await settled(new CrashDisk().open('file', 'create'), 'the file')
  await settled(made.write(bytes, 0), 'its content')
  let readBytes = 0
  const read: DiskFile['readInOrder'] = async (into, position) => {
    const size = await made.read(into, position)
    readBytes += size
    return size
  }
  const file = new Proxy(made, {
    get: (of, name) => (name === 'readInOrder' ? read : Reflect.get(of, name)),
  })
  const start = { file, generation: GENERATION, from: FROM, fileBytes: FILE_BYTES, seed: SEED }
  const scanner = new Scanner(new Uint8Array(limits.recoveryBytes), limits, SEED)
  const judging = scanner.judge({ ...start, commit: NEXT_COMMIT, ticket: 800 })
  return { verdict: await settled(judging, 'the verdict'), readBytes }
}

/** Any place of a frame with so many bytes of entries. */
const placed = fc.nat(400).chain((size) => {
  const last = Math.floor((FILE_BYTES - frameSize(size) - FROM) / 8)
  return fc.record({ size: fc.constant(size), at: fc.nat(last).map((step) => FROM + step * 8) })
})

test('a frame that says that what is missing was durable is found wherever it stands', async () => {
  await fc.assert(
    fc.asyncProperty(placed, async ({ size, at }) => {
      const { verdict } = await judge(fileWith(at, { commit: NEXT_COMMIT + 3, unsynced: 2, size }))
      assert.equal(verdict.kind, 'interior')
    }),
    { numRuns: 300 },
  )
})

test('a frame that was not durable either is cut with the rest, to its last byte', async () => {
  await fc.assert(
    fc.asyncProperty(placed, async ({ size, at }) => {
      const { verdict } = await judge(fileWith(at, { commit: NEXT_COMMIT + 3, unsynced: 3, size }))
      assert.deepEqual(verdict, { kind: 'torn', bytes: at + frameSize(size) - FROM })
    }),
    { numRuns: 300 },
  )
})

test('nothing behind the last commit is a clean end, and is read once', async () => {
  const { verdict, readBytes } = await judge(fileWith(FROM, null))
  assert.deepEqual(verdict, { kind: 'clean' })
  assert.equal(readBytes, FILE_BYTES - FROM)
})

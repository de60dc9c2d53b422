/** A journal is read by the grammars of docs/journal.md alone, and holds what was written: the page is exact. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c } from '@node-rs/crc32'
import { contentOfJournal, type GoldenContent, makeGolden } from '../golden/journal-content.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { type Fields, structOf } from './grammar.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

const SECTOR_BYTES = 512 // as the tests have it; the format file says so
const LAST = 1
const [ENTRIES, MARK, SURVIVORS] = [1, 2, 3]
const [BODY, INDEXED] = [1, 2]
const [RETIRED, CLEANED, EPOCH] = [1, 2, 3]

const formatFile = structOf('format file', 'format file')
const header = structOf('file', 'header')
const frame = structOf('file', 'frame')
const entry = structOf('file', 'entry')
const survivor = structOf('file', 'survivor')
const footerRow = structOf('footer', 'row')
const logRow = structOf('footer', 'logRow')
const trailer = structOf('footer', 'trailer')
const own = new Map([
  [RETIRED, structOf('retired', 'retired')],
  [CLEANED, structOf('retired', 'cleaned')],
  [EPOCH, structOf('retired', 'epoch')],
])
const target = structOf('retired', 'target')
const snapshotHeader = structOf('snapshot', 'header')
const snapshotRow = structOf('snapshot', 'row')
const block = structOf('snapshot', 'block')
const end = structOf('snapshot', 'end')
const tailCopy = structOf('tail-copy', 'tail-copy')

async function filesOn(disk: CrashDisk): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const { name } of await disk.list('data')) {
    const file = await disk.open(`data/${name}`, 'read')
    const bytes = Buffer.alloc(await file.size())
    await file.read(bytes, 0)
    await file.close()
    files.set(name, bytes)
  }
  return files
}

function crcOf(bytes: Buffer, from: number, to: number, seed = 0): number {
  return crc32c(bytes.subarray(from, to), seed) >>> 0
}

/** The two halves of the directory's random number, one xor the other. */
function seedOf(bytes: Buffer, at: number): number {
  return (bytes.readUInt32LE(at) ^ bytes.readUInt32LE(at + 4)) >>> 0
}

type ReadEntry = {
  readonly ticket: number
  readonly fields: Fields
  readonly number: number
  readonly body: Buffer
  readonly frameAt: number
  readonly index: number
}

type ReadFile = {
  readonly generation: number
  readonly slot: number
  readonly fileBytes: number
  readonly entries: ReadEntry[]
  /** By number, and how many frames each has. */
  readonly commits: Map<number, number>
  readonly dataEnd: number
  readonly trailer: Fields | null
}

function readJournalFile(name: string, bytes: Buffer, seed: number): ReadFile | null {
  const copies = [0, SECTOR_BYTES].filter((at) => bytes.toString('latin1', at, at + 4) === 'NARU')
  const headers = copies.map((at) => {
    const fields = header.read(bytes, at)
    assert.equal(fields.crc, crcOf(bytes, at + header.placeOf('version'), at + header.sizeBytes))
    assert.equal(bytes.toString('latin1', at, at + 8), 'NARUJNL1')
    assert.equal(seedOf(bytes, at + header.placeOf('identity')), seed)
    return fields
  })
  const newest = headers.sort((left, right) => right.generation! - left.generation!)[0]
  if (newest === undefined) return null
  const { generation, slot, fileBytes, version } = newest as Record<string, number>
  assert.deepEqual([fileBytes, version], [bytes.length, 1])
  assert.equal(name, `journal-${String(slot).padStart(5, '0')}`)
  const file = { generation: generation!, slot: slot!, fileBytes: fileBytes!, trailer: null }
  const read = { ...file, entries: [], commits: new Map(), dataEnd: 0 }
  const dataEnd = readFrames(bytes, seed, read)
  return { ...read, dataEnd, trailer: readFooter(bytes, read, dataEnd) }
}

/** Answers where the frames of this use of the file end. */
function readFrames(bytes: Buffer, seed: number, file: ReadFile): number {
  let at = 2 * SECTOR_BYTES
  let open = 0
  while (at + frame.sizeBytes <= bytes.length) {
    const { crc, size, generation, shard, kind, flags, commit, index, ticket, count } = frame.read(
      bytes,
      at,
    ) as Record<string, number>
    const entriesAt = at + frame.sizeBytes
    if (generation !== file.generation || entriesAt + size! > bytes.length) break
    assert.equal(crc, crcOf(bytes, at + frame.placeOf('size'), entriesAt + size!, seed))
    assert.equal(shard, 0)
    assert.equal(index, kind === SURVIVORS ? index : open)
    const isLast = (flags! & LAST) !== 0
    if (kind !== SURVIVORS) file.commits.set(commit!, index! + 1)
    open = isLast ? 0 : open + 1
    const found = file.entries.length
    readEntries(
      bytes,
      { at, from: entriesAt, to: entriesAt + size!, kind: kind!, ticket: ticket! },
      file,
    )
    assert.equal(file.entries.length - found, count)
    if (kind === MARK) assert.deepEqual([size, count], [0, 0])
    else assert(kind === ENTRIES || kind === SURVIVORS)
    const next = entriesAt + size! + ((8 - (size! % 8)) % 8)
    assert(bytes.subarray(entriesAt + size!, next).every((byte) => byte === 0))
    at = next
  }
  assert.equal(open, 0, 'the last commit is whole')
  return at
}

type Stretch = { at: number; from: number; to: number; kind: number; ticket: number }

function readEntries(
  bytes: Buffer,
  { at: frameAt, from, to, kind, ticket }: Stretch,
  file: ReadFile,
): void {
  let next = ticket
  for (let at = from, index = 0; at < to; index++) {
    if (kind === SURVIVORS) {
      next = survivor.read(bytes, at).ticket!
      at += survivor.sizeBytes
    }
    const fields = entry.read(bytes, at)
    const number = fields.numberHigh! * 2 ** 32 + fields.numberLow!
    const body = bytes.subarray(at + entry.sizeBytes, at + entry.sizeBytes + fields.size!)
    file.entries.push({ ticket: next++, fields, number, body, frameAt, index })
    at += entry.sizeBytes + body.length
    assert(at <= to)
  }
}

function readFooter(bytes: Buffer, file: ReadFile, dataEnd: number): Fields | null {
  const at = bytes.length - trailer.sizeBytes
  const fields = trailer.read(bytes, at) as Record<string, number>
  if (bytes.toString('latin1', at + trailer.placeOf('magic')) !== 'FOOT') return null
  if (fields.generation !== file.generation) return null
  const rowsAt = bytes.length - fields.size!
  const behindCrc = at + trailer.placeOf('size')
  assert.equal(fields.crc, crcOf(bytes, behindCrc, bytes.length, crcOf(bytes, rowsAt, at)))
  assert.equal(rowsAt + fields.rows! * footerRow.sizeBytes + fields.logRows! * logRow.sizeBytes, at)
  assert.equal(fields.dataEnd, dataEnd)
  for (let row = 0; row < fields.rows!; row++) {
    const { ticket, index, position } = footerRow.read(bytes, rowsAt + row * footerRow.sizeBytes)
    const there = file.entries.find((each) => each.ticket === ticket)
    const behind = position === dataEnd
    if (!behind && there !== undefined)
      assert.deepEqual([there.frameAt, there.index], [position, index])
  }
  const logsAt = rowsAt + fields.rows! * footerRow.sizeBytes
  const logs = Array.from({ length: fields.logRows! }, (_, row) =>
    logRow.read(bytes, logsAt + row * logRow.sizeBytes),
  )
  assert.deepEqual(byLog(logs), byLog(logRowsOf(file.entries)))
  const bodies = file.entries.filter(({ fields: { flags } }) => (flags! & BODY) !== 0)
  const bodyBytes = bodies.reduce((sum, { body }) => sum + body.length, 0)
  assert.deepEqual([fields.bodies, fields.bodyBytes], [bodies.length, bodyBytes])
  return fields
}

const byLog = (rows: readonly Fields[]): Fields[] =>
  [...rows].sort((left, right) => left.log! - right.log!)

/** What the footer should say of the logs that readers look up. */
function logRowsOf(entries: readonly ReadEntry[]): Fields[] {
  const rows = new Map<number, Record<string, number>>()
  for (const { ticket, fields, number, body } of entries) {
    if ((fields.flags! & INDEXED) === 0) continue
    const log = fields.log!
    const row = rows.get(log) ?? { log, entries: 0, bytes: 0, first: number, last: number, ticket }
    row.entries = row.entries! + 1
    row.bytes = row.bytes! + body.length
    row.first = Math.min(row.first!, number)
    row.last = Math.max(row.last!, number)
    rows.set(log, row)
  }
  return [...rows.values()]
}

/** The journal's own entries, read to their last byte. */
function readOwn(body: Buffer): Fields {
  const type = body[0]!
  const struct = own.get(type)
  assert(struct !== undefined)
  const fields = struct.read(body, 0)
  const list = struct.sizeBytes + (type === EPOCH ? 0 : 4 * fields.count!)
  assert.equal(body.length, list + (type === CLEANED ? target.sizeBytes : 0))
  return type === CLEANED ? { ...fields, ...target.read(body, list) } : fields
}

function readSnapshot(name: string, bytes: Buffer, seed: number): readonly Fields[] {
  assert.equal(bytes.toString('latin1', 0, 8), 'NARUSNP1')
  const head = snapshotHeader.read(bytes, 0)
  assert.equal(name, `snapshot-${String(head.ticket).padStart(16, '0')}`)
  assert.equal(seedOf(bytes, snapshotHeader.placeOf('identity')), seed)
  let at = snapshotHeader.sizeBytes + head.rows! * snapshotRow.sizeBytes
  assert.equal(head.crc, crcOf(bytes, snapshotHeader.placeOf('version'), at))
  const rows = Array.from({ length: head.rows! }, (_, row) =>
    snapshotRow.read(bytes, snapshotHeader.sizeBytes + row * snapshotRow.sizeBytes),
  )
  const place = Buffer.alloc(10)
  place.writeUIntLE(head.ticket!, 0, 6)
  let bodyBytes = 0
  for (let index = 0; ; index++) {
    place.writeUInt32LE(index, 6)
    const { crc, size } = block.read(bytes, at) as Record<string, number>
    const isEnd = size === 0
    const next = at + (isEnd ? end.sizeBytes : block.sizeBytes + size!)
    assert.equal(crc, crcOf(bytes, at + block.placeOf('size'), next, crcOf(place, 0, 10)))
    if (isEnd) {
      const { blocks, bytes: all } = end.read(bytes, at)
      assert.deepEqual([blocks, all], [index, bodyBytes])
      return rows
    }
    bodyBytes += size!
    at = next
  }
}

type ReadJournal = { readonly files: readonly ReadFile[]; readonly rows: readonly Fields[] }

function readJournal(files: ReadonlyMap<string, Buffer>): ReadJournal {
  const format = files.get('format')!
  const { crc, version, sectorBytes } = formatFile.read(format, 0)
  assert.equal(format.length, formatFile.sizeBytes)
  assert.equal(format.toString('latin1', 0, 8), 'NARUDIR1')
  assert.deepEqual([version, sectorBytes], [1, SECTOR_BYTES])
  assert.equal(crc, crcOf(format, formatFile.placeOf('version'), format.length))
  const seed = seedOf(format, formatFile.placeOf('identity'))
  const read: ReadFile[] = []
  const rows: Fields[] = []
  for (const [name, bytes] of files) {
    if (/^snapshot-\d/.test(name)) rows.push(...readSnapshot(name, bytes, seed))
    if (!name.startsWith('journal-')) continue
    const file = readJournalFile(name, bytes, seed)
    if (file !== null) read.push(file)
  }
  return { files: read, rows }
}

function assertHolds({ files }: ReadJournal, content: GoldenContent): void {
  const entries = files.flatMap((file) => file.entries)
  for (const { ticket, log, number, body } of content.bodies) {
    const there = entries.filter((each) => each.ticket === ticket)
    assert(
      there.some((each) => each.body.toString('hex') === body),
      `ticket ${ticket}`,
    )
    for (const each of there) assert.deepEqual([each.fields.log, each.number], [log, number])
  }
  const commits = files.flatMap((file) => [...file.commits.keys()]).sort((a, b) => a - b)
  assert.deepEqual(commits, [...new Set(commits)], 'a commit has a number of its own')
}

test('a journal that lived is read by the grammars of its page, to the last byte', async () => {
  const disk = new CrashDisk()
  await makeGolden(disk)
  const read = readJournal(await filesOn(disk))
  const world = await JournalWorld.open(new CrashDisk({ image: disk.point().killed() }))
  assertHolds(read, await contentOfJournal(world))
  const owns = read.files
    .flatMap(({ entries }) => entries)
    .filter(({ fields }) => fields.kind === 0)
    .map(({ body }) => readOwn(body))
  assert.deepEqual(new Set(owns.map(({ type }) => type)), new Set([RETIRED, CLEANED]))
  // What a swap and a snapshot say of a file is what its own footer says.
  const said = [...owns.filter(({ type }) => type === CLEANED), ...read.rows]
  let compared = 0
  for (const { generation, slot, fileBytes, ...rest } of said) {
    const file = read.files.find((each) => each.generation === generation)
    if (file?.trailer == null || rest.sealed === 0) continue
    assert.deepEqual([file.slot, file.fileBytes], [slot, fileBytes])
    for (const name of ['firstTicket', 'endTicket', 'lastCommit', 'dataEnd', 'bodies', 'bodyBytes'])
      assert.equal(rest[name], file.trailer[name], name)
    compared++
  }
  assert(compared > 2, `${compared} files`)
})

test('each footer names the file in which the log goes on, and where that begins', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  for (let round = 0; round < 40; round++) await world.put(round % 3, [bodyOfSize(500, round)])
  await world.settled()
  const { files } = readJournal(await filesOn(disk))
  let sealed = 0
  for (const { trailer: last } of files) {
    if (last === null) continue
    const next = files.find((each) => each.slot === last.nextSlot)
    assert.equal(next?.generation, last.nextGeneration)
    assert.equal(next?.entries[0]?.ticket, last.endTicket)
    assert.equal(Math.min(...next!.commits.keys()), last.lastCommit! + 1)
    sealed++
  }
  assert(sealed > 4)
  await world.journal.close()
})

test('an entry has the numbers that it was given, whatever their size', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const head = { kind: 0x71, flags: 0x80, log: 0xfedcba98, number: 0xabcd_1234_5678 }
  await world.write(1, 3, () => world.journal.log.write(head, Uint8Array.of(1, 2, 3)))
  await world.settled()
  const { files } = readJournal(await filesOn(disk))
  const [first, found] = files.flatMap(({ entries }) => entries) as [ReadEntry, ReadEntry]
  assert.deepEqual(
    [first.fields.kind, readOwn(first.body)],
    [0, { type: EPOCH, count: 0, epoch: 1 }],
  )
  const { kind, flags, log, size } = found.fields
  assert.deepEqual({ kind, flags, log, number: found.number }, head)
  assert.deepEqual([size, [...found.body]], [3, [1, 2, 3]])
  await world.journal.close()
})

test('the copy of the end is what its grammar says, and stands where it says', async () => {
  const before = new CrashDisk()
  const world = await JournalWorld.open(before)
  await world.put(1, [bodyOfSize(200, 1)])
  await world.settled()
  const disk = before.killProcess()
  disk.record(() => 0)
  await (await JournalWorld.open(disk)).journal.close()
  let seen = 0
  for (const point of disk.points) {
    const files = await filesOn(new CrashDisk({ image: point.killed() }))
    const copy = files.get('tail-copy')
    if (copy === undefined) continue
    const { crc, slot, generation, position, size } = tailCopy.read(copy, 0) as Record<
      string,
      number
    >
    assert.equal(copy.toString('latin1', 0, 8), 'NARUTAL1')
    assert.equal(copy.length, tailCopy.sizeBytes + size!)
    assert.equal(crc, crcOf(copy, tailCopy.placeOf('slot'), copy.length))
    const name = `journal-${String(slot).padStart(5, '0')}`
    const bytes = files.get(name)!
    assert.equal(header.read(bytes, 0).generation, generation)
    assert(bytes.subarray(position, position! + size!).equals(copy.subarray(tailCopy.sizeBytes)))
    seen++
  }
  assert(seen > 0)
})

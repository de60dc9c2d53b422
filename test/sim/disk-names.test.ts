/** What is promised of names: durable by the sync of their directory alone, each change whole or not at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from './crash-disk.ts'
import { dumpDisk, textBytes, writeText } from './disk-dump.ts'

/** Every state that the disk may come up with, as text. */
async function states(disk: CrashDisk): Promise<ReadonlySet<string>> {
  const seen = new Set<string>()
  for (const image of disk.images()) seen.add(await dumpDisk(new CrashDisk({ image })))
  return seen
}

async function assertStates(disk: CrashDisk, expected: readonly string[]): Promise<void> {
  assert.deepEqual(await states(disk), new Set(expected))
}

/** A file that survives anything. */
async function durableFile(disk: CrashDisk, path: string, text: string): Promise<void> {
  await writeText(disk, path, text)
  await disk.syncDirectory('/')
}

test('a new file may vanish whole, its synced bytes too, until its directory is synced', async () => {
  const disk = new CrashDisk()
  await writeText(disk, '/a', '1')
  await assertStates(disk, ['', '/a 1'])
  await disk.syncDirectory('/')
  await assertStates(disk, ['/a 1'])
})

test('a name may be durable before the bytes behind it', async () => {
  const disk = new CrashDisk()
  await writeText(disk, '/a', '1', 'no-sync')
  await disk.syncDirectory('/')
  const seen = await states(disk)
  assert.ok(seen.has('/a ') && seen.has('/a 1'))
})

test('after a rename there is the old name or the new one, never both and never neither', async () => {
  const disk = new CrashDisk()
  await durableFile(disk, '/old', '1')
  await disk.rename('/old', '/new')
  await assertStates(disk, ['/old 1', '/new 1'])
  await disk.syncDirectory('/')
  await assertStates(disk, ['/new 1'])
})

test('a file replaced by a rename is whole if the rename is lost', async () => {
  const disk = new CrashDisk()
  await durableFile(disk, '/a', 'old')
  await writeText(disk, '/a.tmp', 'new')
  await disk.rename('/a.tmp', '/a')
  await assertStates(disk, ['/a old', '/a new', '/a old\n/a.tmp new'])
  await disk.syncDirectory('/')
  await assertStates(disk, ['/a new'])
})

test('a rename of bytes that were never synced may leave an empty file under the new name', async () => {
  const disk = new CrashDisk()
  await durableFile(disk, '/a', 'old')
  await writeText(disk, '/a.tmp', 'new', 'no-sync')
  await disk.rename('/a.tmp', '/a')
  assert.ok((await states(disk)).has('/a '))
})

test('a removed file may be back, with all that was durable, until its directory is synced', async () => {
  const disk = new CrashDisk()
  await durableFile(disk, '/a', '1')
  await disk.remove('/a')
  await assertStates(disk, ['/a 1', ''])
  await disk.syncDirectory('/')
  await assertStates(disk, [''])
})

test('a name given to another file shows one of the two whole', async () => {
  const disk = new CrashDisk()
  await durableFile(disk, '/a', 'first')
  await disk.remove('/a')
  await writeText(disk, '/a', 'second')
  await assertStates(disk, ['/a first', '/a second', ''])
})

test('directories are durable once they are made, and until then there is the outer one, both or none', async () => {
  const disk = new CrashDisk()
  disk.cutPowerAt(1)
  void disk.makeDirectory('/d/e')
  await assertStates(disk, ['', '/d/', '/d/\n/d/e/'])
  const next = new CrashDisk()
  await next.makeDirectory('/d/e')
  await assertStates(next, ['/d/\n/d/e/'])
})

test('a directory that vanishes takes along what is in it', async () => {
  const disk = new CrashDisk()
  disk.cutPowerAt(1)
  void disk.makeDirectory('/d')
  const killed = new CrashDisk({ image: disk.point().killed() })
  await writeText(killed, '/d/a', '1')
  await killed.syncDirectory('/d')
  await assertStates(killed, ['', '/d/\n/d/a 1'])
  await killed.syncDirectory('/')
  await assertStates(killed, ['/d/\n/d/a 1'])
})

test('the sync of one directory saves no name of another', async () => {
  const disk = new CrashDisk()
  await disk.makeDirectory('/d')
  await writeText(disk, '/d/a', '1')
  await disk.syncDirectory('/')
  await assertStates(disk, ['/d/', '/d/\n/d/a 1'])
})

test('a rename between directories is whole, and durable when both are synced', async () => {
  const disk = new CrashDisk()
  await disk.makeDirectory('/d')
  await durableFile(disk, '/a', '1')
  await disk.rename('/a', '/d/b')
  const either = ['/a 1\n/d/', '/d/\n/d/b 1']
  await assertStates(disk, either)
  await disk.syncDirectory('/')
  await assertStates(disk, either)
  await disk.syncDirectory('/d')
  await assertStates(disk, ['/d/\n/d/b 1'])
})

test('changes of several names are lost one by one, in every prefix and all together', async () => {
  const disk = new CrashDisk()
  for (const name of ['a', 'b', 'c']) await writeText(disk, `/${name}`, '')
  const seen = await states(disk)
  for (const names of ['', 'a', 'ab', 'abc', 'bc', 'ac']) {
    assert.ok(seen.has([...names].map((name) => `/${name} `).join('\n')), names)
  }
})

test('names and bytes are lost in the order of the calls too', async () => {
  const disk = new CrashDisk()
  await durableFile(disk, '/log', '0')
  const log = await disk.open('/log', 'write')
  await log.write(textBytes('1'), 0)
  await disk.rename('/log', '/log.1')
  await log.write(textBytes('2'), 0)
  const seen = await states(disk)
  for (const state of ['/log 0', '/log 1', '/log.1 1', '/log.1 2'])
    assert.ok(seen.has(state), state)
})

test('a sync that failed saves nothing, not even when a later one succeeds', async () => {
  const disk = new CrashDisk()
  await durableFile(disk, '/a', '----')
  const file = await disk.open('/a', 'write')
  await file.write(textBytes('1'), 0)
  disk.faults.plan({ call: disk.callCount + 1, code: 'io', lasts: 'once', writtenBytes: 0 })
  await assert.rejects(file.sync(), { code: 'io' })
  await file.sync()
  const doubted = await states(disk)
  assert.ok(doubted.has('/a ----') && doubted.has('/a 1---'))
  for (const state of doubted) assert.match(state, /^\/a .---$/s)
  await file.write(textBytes('2'), 1)
  await file.sync()
  for (const state of await states(disk)) assert.equal(state[4], '2', state)
  await file.write(textBytes('3'), 0)
  await file.sync()
  await assertStates(disk, ['/a 32--'])
})

test('a sync of a directory that failed saves no name, not even when a later one succeeds', async () => {
  const disk = new CrashDisk()
  await writeText(disk, '/a', '1')
  disk.faults.plan({ call: disk.callCount + 1, code: 'io', lasts: 'once', writtenBytes: 0 })
  await assert.rejects(disk.syncDirectory('/'), { code: 'io' })
  await disk.syncDirectory('/')
  await assertStates(disk, ['', '/a 1'])
  await writeText(disk, '/b', '2')
  await disk.rename('/a', '/c')
  await disk.syncDirectory('/')
  await assertStates(disk, ['/b 2\n/c 1'])
})

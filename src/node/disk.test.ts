/** The real disk: it keeps the contract, and what only a real one can show. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type DiskSubject, diskContract } from '../../test/contracts/disk-contract.ts'
import { Panic } from '../base/assert.ts'
import { MiB } from '../base/bytes.ts'
import type { Disk } from '../base/ports.ts'
import { DiskError } from '../base/ports.ts'
import { NodeDisk } from './disk.ts'

const subject: DiskSubject = {
  name: 'the real disk',
  run: async (body) => {
    const directory = await mkdtemp(join(tmpdir(), 'naru-disk-'))
    const disk = new NodeDisk()
    try {
      await body(disk, directory)
    } finally {
      await disk.close()
      await rm(directory, { recursive: true })
    }
  },
}

diskContract(subject)

function rule(title: string, body: (disk: Disk, directory: string) => Promise<void>): void {
  test(title, () => subject.run(body))
}

/** Runs `code` in another process, with `disk` and `directory` at hand; answers its output. */
function elsewhere(directory: string, code: string): { output: string; status: number | null } {
  const script = `
    import { NodeDisk } from ${JSON.stringify(fileURLToPath(new URL('./disk.js', import.meta.url)))}
    const disk = new NodeDisk()
    const directory = ${JSON.stringify(directory)}
    ${code}`
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { encoding: 'utf8', timeout: 20_000 },
  )
  return { output: stdout + stderr, status }
}

const ownerOnly = process.platform === 'win32' ? 'Windows has no such modes' : false

test('files and directories are for their owner alone', { skip: ownerOnly }, () =>
  subject.run(async (disk, directory) => {
    const inner = disk.join(directory, 'inner')
    await disk.makeDirectory(inner)
    await (await disk.open(disk.join(inner, 'file'), 'create')).close()
    await (await disk.lock(disk.join(inner, 'lock'))).release()
    const modes = await Promise.all(
      ['', 'file', 'lock'].map(async (name) => (await stat(join(inner, name))).mode & 0o777),
    )
    assert.deepEqual(modes, [0o700, 0o600, 0o600])
  }),
)

rule(
  'a lock held by another process is refused, and ends with that process',
  async (disk, directory) => {
    const path = disk.join(directory, 'lock')
    const held = await disk.lock(path)
    const tryIt = `await disk.lock(disk.join(directory, 'lock')).then(
    () => console.log('taken'), (error) => console.log(error.code))`
    assert.equal(elsewhere(directory, tryIt).output, 'locked\n')
    await held.release()
    const died = elsewhere(directory, `${tryIt}; process.kill(process.pid, 'SIGKILL')`)
    assert.equal(died.output, 'taken\n')
    const again = await disk.lock(path)
    await again.release()
  },
)

rule(
  'a process whose commits are done ends by itself, without closing the disk',
  async (_, directory) => {
    const { output, status } = elsewhere(
      directory,
      `const file = await disk.open(disk.join(directory, 'a'), 'create')
    await file.commit([disk.allocate(5)], 0, 'sync')
    await file.close()
    console.log('done')`,
    )
    assert.deepEqual({ output, status }, { output: 'done\n', status: 0 })
  },
)

rule('a commit under way keeps the process alive until it is done', async (disk, directory) => {
  const { output, status } = elsewhere(
    directory,
    `const file = await disk.open(disk.join(directory, 'a'), 'create')
    void file.commit([disk.allocate(5)], 0, 'sync').then(() => console.log('done'))`,
  )
  // The file is left open on purpose; Node may warn about it or not.
  assert.match(output, /^done\n/)
  assert.equal(status, 0)
  const file = await disk.open(disk.join(directory, 'a'), 'read')
  assert.equal(await file.size(), 5)
  await file.close()
})

rule('links, sockets and devices are not listed', async (disk, directory) => {
  await symlink('/dev/null', join(directory, 'link'))
  assert.deepEqual(await disk.list(directory), [])
})

rule(
  'a piece that is not shared memory is a panic, and the disk goes on',
  async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    await assert.rejects(file.commit([new Uint8Array(1)], 0, 'sync'), Panic)
    await file.commit([disk.allocate(3)], 0, 'sync')
    assert.equal(await file.size(), 3)
    await file.close()
  },
)

rule('what the system refuses is told in our words, with its own text', async (disk, directory) => {
  const file = await disk.open(disk.join(directory, 'a'), 'create')
  await file.close()
  const readOnly = await disk.open(disk.join(directory, 'a'), 'read')
  await assert.rejects(readOnly.commit([disk.allocate(1)], 0, 'no-sync'), (error) => {
    assert.ok(error instanceof DiskError)
    assert.equal(error.code, 'other')
    assert.match(error.message, /EBADF/)
    assert.equal(error.path, join(directory, 'a'))
    return true
  })
  // What is asked of an open file, the system tells without the file's name.
  const write = readOnly.write(disk.allocate(1), 0)
  await assert.rejects(write, ({ message }: Error) => message.includes(join(directory, 'a')))
  await readOnly.close()
})

const readsDirectories = process.platform === 'win32' ? 'Windows opens no directory' : false

test('reads in order come from the thread once it is up', { skip: readsDirectories }, () =>
  subject.run(async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    const content = disk.allocate(3 * MiB).map((_, index) => (index * 31 + (index >> 12)) & 255)
    const shared = disk.allocate(content.length)
    shared.set(content)
    await file.commit([shared], 0, 'no-sync')
    shared.fill(0)
    const starts = [0, 1, 2].map((index) => index * MiB)
    await Promise.all(starts.map((at) => file.readInOrder(shared.subarray(at, at + MiB), at)))
    assert.equal(Buffer.compare(shared, content), 0)
    // Memory that is not shared is what only the thread refuses.
    await assert.rejects(file.readInOrder(new Uint8Array(1), 0), Panic)
    await file.close()
    const folder = await disk.open(directory, 'read')
    await assert.rejects(folder.readInOrder(shared, 0), { code: 'other', message: /EISDIR/ })
    await folder.close()
  }),
)

const noFullDevice = process.platform === 'linux' ? false : '/dev/full is Linux’s own'

test('a full disk refuses a commit as full', { skip: noFullDevice }, () =>
  subject.run(async (disk) => {
    const full = await disk.open('/dev/full', 'write')
    await assert.rejects(full.commit([disk.allocate(1)], 0, 'sync'), { code: 'full' })
    await assert.rejects(full.write(new Uint8Array(1), 0), { code: 'full' })
    await full.close()
  }),
)

rule('positions beyond 4 GiB are kept', async (disk, directory) => {
  const file = await disk.open(disk.join(directory, 'a'), 'create')
  const position = 5 * 2 ** 30 + 3
  const piece = disk.allocate(2)
  piece.set([1, 2])
  await file.commit([piece], position, 'no-sync')
  assert.equal(await file.size(), position + 2)
  const into = new Uint8Array(2)
  await file.read(into, position)
  assert.deepEqual(into, Uint8Array.of(1, 2))
  await file.close()
})

rule('commits after the disk was closed are refused, not forgotten', async (disk, directory) => {
  const file = await disk.open(disk.join(directory, 'a'), 'create')
  await file.commit([disk.allocate(1)], 0, 'sync')
  await disk.close()
  await assert.rejects(file.commit([disk.allocate(1)], 0, 'sync'), DiskError)
  await file.close()
})

rule('closing the disk waits for the commits under way', async (disk, directory) => {
  const file = await disk.open(disk.join(directory, 'a'), 'create')
  const commits = Array.from({ length: 20 }, (_, index) =>
    file.commit([disk.allocate(100)], index * 100, 'sync'),
  )
  await disk.close()
  await Promise.all(commits)
  assert.equal(await file.size(), 2000)
  await file.close()
})

test('a name with a separator in it is a panic', () => {
  const disk = new NodeDisk()
  for (const name of ['a/b', '..', '', 'a\\b']) assert.throws(() => disk.join('/tmp', name), Panic)
})

test('a long read answers what the file holds, wherever it ends', () =>
  subject.run(async (disk, directory) => {
    const path = disk.join(directory, 'long')
    const content = new Uint8Array(3 * MiB + 5).map(
      (_, index) => (index * 31 + (index >> 12)) & 255,
    )
    const rooms = [2 * MiB + 3, 4 * MiB + 3]
    const places = rooms.flatMap((room) => [0, 7, MiB].map((position) => [room, position] as const))
    for (const size of [0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB, 3 * MiB + 5]) {
      const file = await disk.open(path, 'create')
      await file.write(content.subarray(0, size), 0)
      for (const [room, position] of places) {
        const into = new Uint8Array(room)
        const expected = content.subarray(Math.min(position, size), size).subarray(0, room)
        const filled = await file.read(into, position)
        assert.equal(filled, expected.length)
        assert.equal(Buffer.compare(into.subarray(0, filled), expected), 0, `${size} ${position}`)
      }
      await file.close()
      await disk.remove(path)
    }
  }))

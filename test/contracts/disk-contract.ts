/**
 * What every Disk keeps, the real one and the simulated: run by the test of each. It speaks to the
 * port alone, so a disk that passes may stand in for another. What a crash leaves is not said here.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Disk, DiskErrorCode, DiskFile } from '../../src/base/ports.ts'
import { DiskError } from '../../src/base/ports.ts'
import { below, SeededRandom } from '../../src/base/random.ts'
import { readInOrderContract } from './disk-reads-contract.ts'

/** A disk under test. */
export interface DiskSubject {
  readonly name: string
  /**
   * Makes a disk and an empty directory on it, runs `body` to its end, driving whatever must be
   * driven, and cleans up.
   */
  run(body: (disk: Disk, directory: string) => Promise<void>): Promise<void>
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** `text` in memory that `commit` takes. */
function piece(disk: Disk, text: string): Uint8Array {
  const content = bytes(text)
  const allocated = disk.allocate(content.length)
  allocated.set(content)
  return allocated
}

async function contentOf(file: DiskFile): Promise<string> {
  const into = new Uint8Array(await file.size())
  assert.equal(await file.read(into, 0), into.length)
  return new TextDecoder().decode(into)
}

function failsWith(code: DiskErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DiskError, `a DiskError, not ${String(error)}`)
    assert.equal(error.code, code)
    return true
  }
}

export function diskContract(subject: DiskSubject): void {
  const law = (title: string, body: (disk: Disk, directory: string) => Promise<void>): void => {
    test(`${subject.name}: ${title}`, () => subject.run(body))
  }
  filesContract(law)
  openingContract(law)
  readInOrderContract(law)
  commitContract(law)
  commitOrderContract(law)
  closingContract(law)
  directoriesContract(law)
  lockContract(law)
}

export type Law = (title: string, body: (disk: Disk, directory: string) => Promise<void>) => void

function filesContract(law: Law): void {
  law('what was written at a position is read there', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    await file.write(bytes('world'), 6)
    await file.write(bytes('hello '), 0)
    assert.equal(await contentOf(file), 'hello world')
    const into = new Uint8Array(3)
    assert.equal(await file.read(into, 8), 3)
    assert.deepEqual(into, bytes('rld'))
    await file.close()
    const again = await disk.open(disk.join(directory, 'a'), 'read')
    assert.equal(await contentOf(again), 'hello world')
    await again.close()
  })

  law('a read is short only at the end of the file', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    await file.write(bytes('12345'), 0)
    const into = new Uint8Array(4)
    assert.equal(await file.read(into, 3), 2)
    assert.deepEqual(into.subarray(0, 2), bytes('45'))
    assert.equal(await file.read(into, 5), 0)
    assert.equal(await file.read(into, 500), 0)
    await file.close()
  })

  law('a gap reads as zeros, and so does what truncate adds', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    await file.write(bytes('x'), 3)
    assert.equal(await contentOf(file), '\0\0\0x')
    await file.truncate(1)
    assert.equal(await file.size(), 1)
    await file.truncate(2)
    assert.equal(await contentOf(file), '\0\0')
    await file.sync()
    await file.close()
  })
}

function openingContract(law: Law): void {
  law('create makes a file, and refuses one that exists', async (disk, directory) => {
    const path = disk.join(directory, 'a')
    const file = await disk.open(path, 'create')
    assert.equal(await file.size(), 0)
    await assert.rejects(disk.open(path, 'create'), failsWith('exists'))
    await file.close()
  })

  law('read and write need the file, and the error names the path', async (disk, directory) => {
    const path = disk.join(directory, 'nowhere')
    for (const mode of ['read', 'write'] as const) {
      await assert.rejects(disk.open(path, mode), (error) => {
        return failsWith('missing')(error) && (error as DiskError).path === path
      })
    }
  })

  law('write opens what is there and keeps its content', async (disk, directory) => {
    const path = disk.join(directory, 'a')
    const made = await disk.open(path, 'create')
    await made.write(bytes('abc'), 0)
    await made.close()
    const file = await disk.open(path, 'write')
    await file.write(bytes('B'), 1)
    assert.equal(await contentOf(file), 'aBc')
    await file.close()
  })

  law('a file opened to be read is not written', async (disk, directory) => {
    const path = disk.join(directory, 'a')
    await (await disk.open(path, 'create')).close()
    const file = await disk.open(path, 'read')
    await assert.rejects(file.write(bytes('x'), 0), DiskError)
    await assert.rejects(file.commit([piece(disk, 'x')], 0, 'sync'), DiskError)
    assert.equal(await file.size(), 0)
    await file.close()
  })
}

function commitContract(law: Law): void {
  law('a commit writes its pieces one after the other', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    await file.commit([piece(disk, 'one '), piece(disk, ''), piece(disk, 'two ')], 0, 'sync')
    await file.commit([piece(disk, 'three')], 8, 'no-sync')
    assert.equal(await contentOf(file), 'one two three')
    await file.commit([], 0, 'sync')
    await file.commit([piece(disk, '')], 0, 'no-sync')
    assert.equal(await contentOf(file), 'one two three')
    await file.close()
  })

  law('pieces of one allocation are told apart by their place in it', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    const slab = piece(disk, '0123456789')
    await file.commit([slab.subarray(8), slab.subarray(2, 4), slab.subarray(0, 1)], 0, 'sync')
    assert.equal(await contentOf(file), '89230')
    await file.close()
  })

  law('a commit of thousands of pieces is written whole', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    const slab = piece(disk, 'abcdefghij'.repeat(300))
    const pieces = Array.from({ length: 3000 }, (_, index) => slab.subarray(index, index + 1))
    await file.commit(pieces, 5, 'sync')
    assert.equal(await contentOf(file), `\0\0\0\0\0${'abcdefghij'.repeat(300)}`)
    await file.close()
  })
}

function commitOrderContract(law: Law): void {
  law('commits started together are done in the order of their start', async (disk, directory) => {
    const one = await disk.open(disk.join(directory, 'one'), 'create')
    const other = await disk.open(disk.join(directory, 'other'), 'create')
    const done: string[] = []
    const commit = async (file: DiskFile, text: string): Promise<void> => {
      await file.commit([piece(disk, text)], 0, 'sync')
      done.push(text)
    }
    await Promise.all([commit(one, 'first'), commit(other, 'second'), commit(one, 'third')])
    assert.deepEqual(done, ['first', 'second', 'third'])
    assert.equal(await contentOf(one), 'third')
    assert.equal(await contentOf(other), 'second')
    await one.close()
    await other.close()
  })

  law(
    'any sequence of writes, commits and truncations is worth the same bytes in memory',
    async (disk, directory) => {
      const random = new SeededRandom(20)
      const file = await disk.open(disk.join(directory, 'a'), 'create')
      let model = new Uint8Array(0)
      const put = (content: Uint8Array, position: number): void => {
        const grown = new Uint8Array(Math.max(model.length, position + content.length))
        grown.set(model)
        grown.set(content, position)
        model = grown
      }
      for (let step = 0; step < 40; step++) {
        const position = below(random, 3000)
        const size = 1 + below(random, 3000)
        const content = disk.allocate(size)
        for (let at = 0; at < size; at++) content[at] = random.u32()
        const kind = below(random, 4)
        if (kind === 0) {
          const cut = new Uint8Array(position)
          cut.set(model.subarray(0, position))
          model = cut
          await file.truncate(position)
        } else if (kind === 1) {
          put(content, position)
          await file.write(content, position)
        } else {
          const middle = below(random, size)
          put(content, position)
          const pieces = [content.subarray(0, middle), content.subarray(middle)]
          await file.commit(pieces, position, kind === 2 ? 'sync' : 'no-sync')
        }
        const read = new Uint8Array(model.length)
        assert.equal(await file.read(read, 0), model.length)
        assert.deepEqual(read, model)
      }
      await file.close()
    },
  )

  law('allocated memory has the size asked for and holds zeros', async (disk) => {
    const allocated = disk.allocate(5000)
    assert.equal(allocated.length, 5000)
    assert.ok(allocated.every((byte) => byte === 0))
    assert.equal(disk.allocate(0).length, 0)
  })
}

function closingContract(law: Law): void {
  law(
    'closing a file waits for the commits under way, and may be done twice',
    async (disk, directory) => {
      const path = disk.join(directory, 'a')
      const file = await disk.open(path, 'create')
      const commits = [
        file.commit([piece(disk, 'ab')], 0, 'sync'),
        file.commit([piece(disk, 'cd')], 2, 'sync'),
      ]
      await file.close()
      await file.close()
      await Promise.all(commits)
      const again = await disk.open(path, 'read')
      assert.equal(await contentOf(again), 'abcd')
      await again.close()
    },
  )

  law('a closed file refuses every call', async (disk, directory) => {
    const path = disk.join(directory, 'a')
    const file = await disk.open(path, 'create')
    await file.close()
    const calls = [
      () => file.size(),
      () => file.read(new Uint8Array(1), 0),
      () => file.readInOrder(disk.allocate(1), 0),
      () => file.write(bytes('x'), 0),
      () => file.commit([piece(disk, 'x')], 0, 'sync'),
      () => file.sync(),
      () => file.truncate(0),
    ]
    for (const call of calls) await assert.rejects(call(), DiskError)
  })

  law('a closed disk may be closed again', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    await file.commit([piece(disk, 'x')], 0, 'sync')
    await file.close()
    await disk.close()
    await disk.close()
  })
}

function directoriesContract(law: Law): void {
  law('a directory lists its files and directories, and only its own', async (disk, directory) => {
    const inner = disk.join(directory, 'inner')
    await disk.makeDirectory(disk.join(inner, 'deep'))
    await disk.makeDirectory(inner)
    await (await disk.open(disk.join(directory, 'file'), 'create')).close()
    await (await disk.open(disk.join(inner, 'other'), 'create')).close()
    const listed = await disk.list(directory)
    const names = listed.map((entry) => `${entry.kind} ${entry.name}`)
    assert.deepEqual(new Set(names), new Set(['directory inner', 'file file']))
    assert.equal(names.length, 2)
    assert.deepEqual(await disk.list(disk.join(inner, 'deep')), [])
    await assert.rejects(disk.list(disk.join(directory, 'nowhere')), failsWith('missing'))
  })

  law('a directory cannot be made where a file is', async (disk, directory) => {
    await (await disk.open(disk.join(directory, 'a'), 'create')).close()
    await assert.rejects(disk.makeDirectory(disk.join(directory, 'a')), failsWith('exists'))
  })

  law('a rename takes the place of what was there', async (disk, directory) => {
    const [from, to] = [disk.join(directory, 'from'), disk.join(directory, 'to')]
    for (const path of [from, to]) {
      const file = await disk.open(path, 'create')
      await file.write(bytes(path === from ? 'new' : 'old'), 0)
      await file.close()
    }
    await disk.rename(from, to)
    assert.deepEqual(await disk.list(directory), [{ name: 'to', kind: 'file' }])
    const file = await disk.open(to, 'read')
    assert.equal(await contentOf(file), 'new')
    await file.close()
    await assert.rejects(disk.rename(from, to), failsWith('missing'))
  })

  law('a removed file is gone, and cannot be removed again', async (disk, directory) => {
    const path = disk.join(directory, 'a')
    await (await disk.open(path, 'create')).close()
    await disk.remove(path)
    assert.deepEqual(await disk.list(directory), [])
    await assert.rejects(disk.remove(path), failsWith('missing'))
    await assert.rejects(disk.open(path, 'read'), failsWith('missing'))
    await (await disk.open(path, 'create')).close()
  })

  law(
    'a directory that is there is synced, one that is not is missing',
    async (disk, directory) => {
      await disk.syncDirectory(directory)
      await assert.rejects(
        disk.syncDirectory(disk.join(directory, 'nowhere')),
        failsWith('missing'),
      )
    },
  )

  law('free space is a whole number of bytes', async (disk, directory) => {
    const free = await disk.freeBytes(directory)
    assert.ok(Number.isSafeInteger(free) && free >= 0, String(free))
  })
}

function lockContract(law: Law): void {
  law('a lock has one holder at a time', async (disk, directory) => {
    const path = disk.join(directory, 'lock')
    const held = await disk.lock(path)
    await assert.rejects(disk.lock(path), failsWith('locked'))
    const elsewhere = await disk.lock(disk.join(directory, 'other'))
    await held.release()
    await held.release()
    const next = await disk.lock(path)
    await assert.rejects(disk.lock(path), failsWith('locked'))
    await next.release()
    await elsewhere.release()
  })

  law('a lock makes its file and needs its directory', async (disk, directory) => {
    const held = await disk.lock(disk.join(directory, 'lock'))
    assert.deepEqual(await disk.list(directory), [{ name: 'lock', kind: 'file' }])
    await held.release()
    const nowhere = disk.join(disk.join(directory, 'nowhere'), 'lock')
    await assert.rejects(disk.lock(nowhere), failsWith('missing'))
  })
}

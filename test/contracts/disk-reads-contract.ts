/** What every Disk keeps of reads in order: a part of disk-contract.ts, which runs it. */
import assert from 'node:assert/strict'
import type { Law } from './disk-contract.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export function readInOrderContract(law: Law): void {
  law('reads in order are answered in it, each with its own bytes', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    const content = bytes('abcdefghij'.repeat(1000))
    await file.write(content, 0)
    for (const step of [1000, 300, 7000]) {
      const into = disk.allocate(content.length)
      const answered: number[] = []
      const asked: Promise<void>[] = []
      for (let at = 0; at < content.length; at += step) {
        const piece = into.subarray(at, at + step)
        const check = (size: number): void => {
          assert.equal(size, piece.length)
          answered.push(at)
        }
        asked.push(file.readInOrder(piece, at).then(check))
      }
      await Promise.all(asked)
      assert.deepEqual(
        answered,
        answered.toSorted((left, right) => left - right),
      )
      assert.deepEqual(new Uint8Array(into), content)
    }
    await file.close()
  })

  law('a read in order is short only at the end of the file', async (disk, directory) => {
    const file = await disk.open(disk.join(directory, 'a'), 'create')
    await file.write(bytes('12345'), 0)
    const into = disk.allocate(12)
    const places = [0, 4, 8].map((at) => file.readInOrder(into.subarray(at, at + 4), at))
    assert.deepEqual(await Promise.all(places), [4, 1, 0])
    await file.close()
  })

  law(
    'closing a file waits for the reads in order that were asked for',
    async (disk, directory) => {
      const path = disk.join(directory, 'a')
      const made = await disk.open(path, 'create')
      await made.write(bytes('abcdef'), 0)
      await made.close()
      const file = await disk.open(path, 'read')
      const into = disk.allocate(6)
      const reads = [0, 2, 4].map((at) => file.readInOrder(into.subarray(at, at + 2), at))
      await file.close()
      assert.deepEqual(await Promise.all(reads), [2, 2, 2])
      assert.deepEqual(new Uint8Array(into), bytes('abcdef'))
    },
  )
}

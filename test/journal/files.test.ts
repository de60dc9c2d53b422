/** Files are ready before they are needed: filled, of a fixed size, and no commit or opening waits for that. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskFile } from '../../src/base/ports.ts'
import { checkedLimits } from '../../src/journal/limits.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained, settled } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

const MIB = 2 ** 20

async function sizesOn(disk: CrashDisk): Promise<readonly number[]> {
  const sizes: number[] = []
  for (const { name } of await disk.list('data')) {
    if (!name.startsWith('journal-')) continue
    const file = await disk.open(`data/${name}`, 'read')
    sizes.push(await file.size())
    await file.close()
  }
  return sizes
}

test('a broker that does nothing takes under 4 MiB, whatever a file may grow to', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk, { limits: checkedLimits({}) })
  await drained()
  await world.note('first')
  await world.settled()
  assert(disk.usedBytes > MIB && disk.usedBytes < 4 * MIB, `${disk.usedBytes} bytes`)
  await world.journal.close()
})

/** Spare files are never made. */
class StalledDisk extends CrashDisk {
  override open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const isSpare = mode === 'create' && /journal-0000[1-9]$/.test(path)
    return isSpare ? new Promise(() => undefined) : super.open(path, mode)
  }
}

test('a journal opens and takes entries while its spare files are still being made', async () => {
  const world = await settled(JournalWorld.open(new StalledDisk()), 'the journal')
  await world.note('first')
  await settled(world.settled(), 'the entry')
})

test('a commit changes bytes that were written before, and never a size', async () => {
  const disk = new CrashDisk()
  const fileBytes = 65_536
  const limits = { fileBytesMin: fileBytes, fileBytesMax: fileBytes }
  const world = await JournalWorld.open(disk, { limits })
  await drained()
  const before = { used: disk.usedBytes, sizes: await sizesOn(disk) }
  assert(before.used >= 3 * fileBytes, 'what is filled takes its space')
  for (let round = 0; round < 40; round++) await world.put(1, [bodyOfSize(900, round)])
  await world.settled()
  assert.deepEqual({ used: disk.usedBytes, sizes: await sizesOn(disk) }, before)
  await world.journal.close()
})

test('files grow with use, up to the largest, and small ones do not come back', async () => {
  const disk = new CrashDisk()
  const limits = { fileBytesMin: 4_096, fileBytesMax: 16_384 }
  const world = await JournalWorld.open(disk, { limits })
  assert((await sizesOn(disk)).every((size) => size === 4_096))
  for (let round = 0; round < 120; round++) {
    await world.release(await world.put(1, [bodyOfSize(900, round)]))
    await world.settled()
    if (world.journal.snapshotDue) await world.snapshot()
    await world.journal.tidy()
    await drained()
  }
  const sizes = await sizesOn(disk)
  assert.equal(Math.max(...sizes), 16_384)
  assert(Math.min(...sizes) > 4_096, sizes.join())
  await world.journal.close()
})

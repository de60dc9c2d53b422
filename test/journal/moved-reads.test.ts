/** A read whose data moves while the disk is at it finds them in their new place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskFile } from '../../src/base/ports.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained, settled } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld, scatter, scatteredBody } from './journal-world.ts'

/** Reads wait while the gate is closed. */
class GatedDisk extends CrashDisk {
  gate: Promise<void> = Promise.resolve()

  override async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const file = await super.open(path, mode)
    const read = file.read.bind(file)
    file.read = async (into, position) => {
      await this.gate
      return read(into, position)
    }
    return file
  }
}

test('an entry is found though its file was cleaned and written over under the read', async () => {
  const disk = new GatedDisk()
  const world = await JournalWorld.open(disk, { limits: { recycledBytes: 65_536 } })
  const { store } = world.journal
  const kept = await scatter(world, 60, 'each round')
  let open = (): void => undefined
  const closed = new Promise<void>((resolve) => {
    open = resolve
  })
  // At the disk, all of them, before anything moves; whoever reads later finds the gate open.
  disk.gate = closed
  const reads = kept.map((ticket) => store.read(ticket))
  await drained()
  disk.gate = Promise.resolve()
  await world.journal.tidy()
  for (let round = 0; round < 90; round++) {
    await world.release(await world.put(1, [bodyOfSize(900, round)]))
    await world.settled()
  }
  open()
  for (const [index, read] of reads.entries()) {
    assert.deepEqual(await settled(read, 'the read'), scatteredBody(index))
  }
  await world.journal.close()
})

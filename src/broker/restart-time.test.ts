/** Journal time outlives the broker: a wall clock that went back between two runs takes no entry back with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { microtasks, tinyLimits } from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import type { World } from '../base/ports.ts'
import { SeededRandom } from '../base/random.ts'
import { Batch } from '../machine/batch.ts'
import { isRefusal } from '../machine/refusal.ts'
import { Runtime } from './runtime.ts'

const START_MS = 1_700_000_000_000
const HOUR_MS = 3_600_000

/** A broker whose wall clock shows this time, and stands still. */
async function openAt(disk: CrashDisk, wallMs: number): Promise<Runtime> {
  const clock = { wallMs: () => wallMs, monotonicMs: () => 0 }
  const random = new SeededRandom(1)
  const world: World = { clock, random, disk, scheduler: microtasks, net: null as never }
  const log = { info: () => {}, warn: () => {}, error: assert.fail }
  const options = { world, directory: 'data', durability: 'fsync', log } as const
  return settled(Runtime.open({ ...options, journalLimits: tinyLimits }), 'the broker')
}

/** Appends one record; answers the time that its entry carries. */
async function append(runtime: Runtime): Promise<number> {
  const namespace = runtime.namespace('/')!
  const place = { name: 's', partitions: 1, identity: new Uint8Array(16) }
  const asked = { ...place, notes: new Uint8Array(0), durability: null }
  if (!namespace.streams.has('s')) {
    assert(!isRefusal(await settled(runtime.declare.stream(namespace, asked), 'the stream')))
  }
  const partition = namespace.streams.get('s')!.partitions[0]!
  const batch = new Batch()
  Object.assign(batch, { count: 1, timeMs: 5, bytes: Uint8Array.of(1), size: 1 })
  assert(runtime.append(partition, batch) > 0)
  await drained()
  const row = partition.rowAt(partition.nextOffset - 1)
  return runtime.batch(partition, row)!.appendedMs
}

test('the time of entries does not go back when the wall clock did, after a stop or a crash', async () => {
  for (const end of ['stop', 'crash'] as const) {
    const disk = new CrashDisk()
    const before = await openAt(disk, START_MS)
    assert.equal(await append(before), START_MS)
    if (end === 'stop') await settled(before.close(), 'the close')
    const left = end === 'stop' ? disk : disk.killProcess()
    const after = await openAt(left, START_MS - HOUR_MS)
    assert.equal(await append(after), START_MS, end)
    const later = await openAt(left.killProcess(), START_MS + HOUR_MS)
    assert.equal(await append(later), START_MS + HOUR_MS, 'forward it goes with the wall')
  }
})

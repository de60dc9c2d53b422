/** Readers of a stream are given what the disk has, in the order of each partition, and nothing before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { microtasks } from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { SyncWitness } from '../../test/sim/sync-witness.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import type { World } from '../base/ports.ts'
import { SeededRandom } from '../base/random.ts'
import { Broker } from '../mod.ts'

const COUNT = 60

function namesIn(path: string, bytes: Uint8Array): string[] {
  if (!path.includes('journal-')) return []
  return Buffer.from(bytes).toString('latin1').match(/<\d+>/g) ?? []
}

test('a reader is given no record before the disk has it, one by one or in batches', async () => {
  const disk = new CrashDisk()
  const witness = new SyncWitness(namesIn)
  witness.watch(disk)
  const clock = { wallMs: () => 0, monotonicMs: () => 0 }
  const random = new SeededRandom(1)
  const world: World = { clock, random, disk, scheduler: microtasks, net: null as never }
  const broker = await settled(Broker.open({ dir: 'data' }, world), 'the broker')
  const stream = await settled(broker.stream('facts', {}), 'the stream')
  const early: string[] = []
  const see = (name: string): void => {
    if (!witness.isDurable(name)) early.push(name)
  }
  const oneByOne = async (): Promise<number> => {
    let next = 0
    for await (const record of stream.read()) {
      see(record.text())
      assert.equal(record.text(), `<${next}>`)
      next++
      if (next === COUNT) break
    }
    return next
  }
  const inBatches = async (): Promise<number> => {
    let next = 0
    for await (const { records } of stream.readBatches({ group: 'g', recordsMax: 7 })) {
      for (const record of records) {
        see(record.text())
        assert.equal(record.text(), `<${next}>`)
        next++
      }
      if (next === COUNT) break
    }
    return next
  }
  const reading = Promise.all([oneByOne(), inBatches()])
  const appended: Promise<unknown>[] = []
  for (let index = 0; index < COUNT; index++) {
    const name = `<${index}>`
    appended.push(stream.append({ body: name }).then(() => see(name)))
    // So that some come while the disk takes others.
    for (let hops = index % 17; hops > 0; hops--) await null
    if (index % 23 === 0) await drained()
  }
  await settled(Promise.all(appended), 'the records')
  assert.deepEqual(await settled(reading, 'the readers'), [COUNT, COUNT])
  assert.deepEqual(early, [])
  await settled(broker.close(), 'the close')
})

/** One promise for the sends of a turn, and not before the disk has the last of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker } from '../../test/broker/disk-broker.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import { Durable } from './durable.ts'

test('what is sent in one turn shares a promise, which waits for the disk', async () => {
  const broker = await DiskBroker.open(new CrashDisk())
  const queue = await broker.queue('q')
  const durable = new Durable(broker.runtime)
  const answers: Promise<void>[] = []
  for (let turn = 0; turn < 20; turn++) {
    const names = [`new ${turn * 2}`, `new ${turn * 2 + 1}`]
    const [first, second] = names.map((name) => durable.after(broker.publish(queue, name)))
    assert.equal(first, second)
    answers.push(
      first!.then(() => {
        for (const name of names) broker.assertDurable(name)
      }),
    )
    if (turn % 3 === 0) await drained()
    else await null
  }
  await settled(Promise.all(answers), 'all sends')
  assert.deepEqual(broker.early, [])
})

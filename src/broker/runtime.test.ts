/** What the broker tells, hands out and finds again, beside what the disk has at that moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker, type Taken } from '../../test/broker/disk-broker.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import type { Partition } from '../machine/partition.ts'
import { Consumer } from './consumer.ts'
import type { Delivery } from './delivery.ts'

/** What a consumer gets of the queue `q` on a disk as it is, once everything has come to rest. */
async function foundOn(disk: CrashDisk): Promise<readonly Taken[]> {
  const broker = await DiskBroker.open(disk)
  const taken = broker.take(await broker.queue('q'))
  await drained()
  return taken
}

test('nobody hears of a message, or gets it, before the disk has it', async () => {
  const broker = await DiskBroker.open(new CrashDisk())
  const queue = await broker.queue('q')
  const taken = broker.take(queue)
  const told: Promise<void>[] = []
  for (let index = 0; index < 60; index++) {
    const ticket = broker.publish(queue, `new ${index}`)
    const hear = (): void => broker.assertDurable(`new ${index}`)
    told.push(broker.runtime.commits.settled(ticket).then(hear))
    // A few share a commit, and others are published while one is on its way.
    if (index % 3 === 0) await null
    if (index % 7 === 0) await drained()
  }
  await settled(Promise.all(told), 'all commits')
  await drained()
  assert.equal(taken.length, 60)
  assert.deepEqual(broker.early, [])
})

test('records can be read once the disk has them, and not before', async () => {
  const broker = await DiskBroker.open(new CrashDisk())
  const partition = await broker.partition('s')
  let seen = 0
  const appended = (of: Partition): void => {
    const visible = broker.runtime.visibleOffset(of)
    for (; seen < visible; seen++) broker.assertDurable(`new ${seen}`)
  }
  broker.runtime.watch(partition, { appended })
  for (let index = 0; index < 60; index++) {
    broker.append(partition, `new ${index}`)
    if (index % 3 === 0) await null
    if (index % 7 === 0) await drained()
  }
  await drained()
  assert.equal(seen, 60)
  assert.deepEqual(broker.early, [])
})

test('after a power cut at any call, what was delivered is there and says so', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk)
  const queue = await broker.queue('q')
  for (let index = 0; index < 3; index++) broker.publish(queue, `old ${index}`)
  await drained()
  let taken: readonly Taken[] = []
  disk.record(() => taken.length)
  // A backlog, which is marked before it goes out, and messages that go out at once.
  taken = broker.take(queue)
  await drained()
  for (let index = 3; index < 6; index++) {
    broker.publish(queue, `old ${index}`)
    await drained()
  }
  assert.equal(taken.length, 6)
  for (const point of [...disk.points, disk.point()]) {
    const delivered = taken.slice(0, point.moment.mark)
    for (const image of point.images()) {
      const found = await foundOn(new CrashDisk({ image }))
      for (const { name } of delivered) {
        const again = found.find((message) => message.name === name)
        assert.equal(
          again?.redelivered,
          true,
          `${name} at call ${point.moment.call}: ${image.name}`,
        )
      }
    }
  }
})

test('what was settled stays gone, and what was given back stays counted, one by one', async () => {
  const disk = new CrashDisk()
  // So that what is settled in one turn takes several entries.
  const broker = await DiskBroker.open(disk, { settleRanges: 2 })
  const queue = await broker.queue('q')
  for (let index = 0; index < 20; index++) broker.publish(queue, `old ${index}`)
  const taken = broker.take(queue)
  await drained()
  assert.equal(taken.length, 20)
  for (const { sequence } of taken.slice(0, 20)) {
    if (sequence % 2 === 0) broker.runtime.settle(queue, sequence, 1)
  }
  for (const { sequence } of taken.slice(0, 20)) {
    if (sequence % 4 === 1) broker.runtime.giveBack(queue, sequence, 1, 1)
  }
  await drained()
  const found = await foundOn(disk.killProcess())
  const expected = taken.slice(0, 20).filter(({ sequence }) => sequence % 2 === 1)
  assert.deepEqual(
    found.map(({ name, deliveries }) => [name, deliveries]),
    expected.map(({ name, sequence }) => [name, sequence % 4 === 1 ? 1 : 0]),
  )
})

test('what a run delivered that crashed is redelivered, whatever runs came in between', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk)
  const queue = await broker.queue('q')
  broker.publish(queue, 'old 1')
  broker.take(queue)
  await drained()
  const next = disk.killProcess()
  const between = await DiskBroker.open(next)
  await settled(between.runtime.close(), 'the close')
  const found = await foundOn(next)
  assert.deepEqual(
    found.map(({ name, redelivered }) => [name, redelivered]),
    [['old 1', true]],
  )
})

test('an end while somebody holds a message is no clean one', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk)
  const queue = await broker.queue('q')
  broker.publish(queue, 'old 1')
  broker.take(queue)
  await drained()
  await settled(broker.runtime.close(), 'the close')
  const found = await foundOn(disk)
  assert.deepEqual(
    found.map(({ redelivered }) => redelivered),
    [true],
  )
})

test('an end in good order leaves nothing that says it was delivered', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk)
  const queue = await broker.queue('q')
  const taken = broker.take(queue)
  broker.publish(queue, 'old 1')
  await drained()
  broker.runtime.giveBack(queue, taken[0]!.sequence, 1, 0)
  await settled(broker.runtime.close(), 'the close')
  const found = await foundOn(disk)
  assert.deepEqual(
    found.map(({ redelivered }) => redelivered),
    [false],
  )
})

test('those who ask for one message each get them in the order in which they asked', async () => {
  const broker = await DiskBroker.open(new CrashDisk())
  const queue = await broker.queue('q')
  const got: string[] = []
  for (let index = 0; index < 3; index++) broker.publish(queue, `new ${index}`)
  // None is durable yet, so that all of them wait.
  for (const name of ['a', 'b', 'c']) {
    const deliver = ({ sequence }: Delivery): void => void got.push(`${name} ${sequence}`)
    const receiver = { deliver, cancelled: () => undefined }
    broker.runtime.get(queue, new Consumer(receiver, 'by-consumer', 1), () => got.push('none'))
  }
  await drained()
  assert.deepEqual(got, ['a 1', 'b 2', 'c 3'])
})

test('transient messages keep their place behind persistent ones that the disk does not have yet', async () => {
  const broker = await DiskBroker.open(new CrashDisk())
  const queue = await broker.queue('q')
  const taken = broker.take(queue)
  const names: string[] = []
  for (let index = 0; index < 40; index++) {
    // Names of transient ones are not on the disk, and need not be.
    const isKept = index % 3 !== 1
    const name = isKept ? `new ${index}` : `passing ${index}`
    names.push(name)
    broker.publish(queue, name, isKept ? 'persistent' : 'transient')
    if (index % 7 === 0) await null
    if (index % 11 === 0) await drained()
  }
  await drained()
  assert.deepEqual(
    taken.map(({ name }) => name),
    names,
  )
  assert.deepEqual(broker.early, [])
})

test('a purge that was answered stays one, wherever the power is cut after it', async () => {
  const disk = new CrashDisk()
  // So that the purge takes several entries.
  const broker = await DiskBroker.open(disk, { settleRanges: 2 })
  const queue = await broker.queue('q')
  for (let index = 0; index < 12; index++) broker.publish(queue, `old ${index}`)
  await drained()
  // Holes, which make ranges.
  for (const sequence of [3, 6, 9]) broker.runtime.settle(queue, sequence, 1)
  await drained()
  let answered: number = -1
  disk.record(() => (answered < 0 ? 0 : 1))
  void broker.runtime.declare.purge(queue).then((count) => {
    answered = count
  })
  await drained()
  assert.equal(answered, 9)
  for (const point of [...disk.points, disk.point()]) {
    if (point.moment.mark === 0) continue
    for (const image of point.images()) {
      const found = await foundOn(new CrashDisk({ image }))
      assert.deepEqual(found, [], `call ${point.moment.call}: ${image.name}`)
    }
  }
})

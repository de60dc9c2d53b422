/** Whose turn it is: among the consumers of a queue, among queues, and who has no credit left. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker } from '../../test/broker/disk-broker.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained } from '../../test/sim/turn.ts'
import type { Queue } from '../machine/queue.ts'
import { Consumer } from './consumer.ts'
import type { BrokerLimits } from './limits.ts'

type Served = {
  readonly broker: DiskBroker
  readonly queues: readonly Queue[]
  readonly got: string[]
}

/** Queues `a`, `b` and so on with so many messages each, and a note of who gets one. */
async function filled(
  counts: readonly number[],
  limits: Partial<BrokerLimits> = {},
): Promise<Served> {
  const broker = await DiskBroker.open(new CrashDisk(), limits)
  const queues: Queue[] = []
  for (const [index, count] of counts.entries()) {
    const queue = await broker.queue('abc'[index]!)
    queues.push(queue)
    for (let number = 0; number < count; number++) broker.publish(queue, `old ${number}`)
  }
  await drained()
  return { broker, queues, got: [] }
}

function consumer({ got }: Served, name: string, credit = Number.POSITIVE_INFINITY): Consumer {
  const receiver = { deliver: () => void got.push(name), cancelled: () => undefined }
  return new Consumer(receiver, 'by-consumer', credit)
}

test('a queue with much to hand out has so many of a turn, and then the others theirs', async () => {
  for (const limits of [{ dispatchMessages: 5 }, { dispatchBytes: 30 }]) {
    const served = await filled([40, 40, 3], limits)
    const { broker, queues, got } = served
    for (const [index, queue] of queues.entries()) {
      broker.runtime.join(queue, consumer(served, 'abc'[index]!))
    }
    await drained()
    assert.equal(got.length, 83)
    assert.ok(got.indexOf('b') <= 5 && got.indexOf('c') <= 10, got.slice(0, 20).join(''))
    assert.ok(got.lastIndexOf('a') > got.indexOf('b'), 'the first has not had all at once')
    const runs = got.join('').match(/a+|b+|c+/g) ?? []
    assert.ok(
      runs.every((run) => run.length <= 10),
      'nobody has more than two turns in a row',
    )
  }
})

test('consumers take turns, and those without credit are passed over until they have some', async () => {
  const served = await filled([12])
  const { broker, got } = served
  const [queue] = served.queues
  const [first, second, third] = [
    consumer(served, '1', 1),
    consumer(served, '2'),
    consumer(served, '3', 2),
  ]
  for (const each of [first, second, third]) broker.runtime.join(queue!, each)
  await drained()
  assert.equal(got.join(''), '123232222222')
  first.credit++
  broker.runtime.wake(queue!)
  for (let number = 0; number < 2; number++) broker.publish(queue!, `new ${number}`)
  await drained()
  assert.equal(got.slice(-2).sort().join(''), '12', 'it has its turn again')
})

test('a consumer has credit in bytes, which the last message may go beyond', async () => {
  const served = await filled([10])
  const { broker, got } = served
  const [queue] = served.queues
  const size = queue!.sizeOf(1)
  const greedy = consumer(served, 'x')
  greedy.creditBytes = 3 * size + 1
  broker.runtime.join(queue!, greedy)
  await drained()
  assert.equal(got.length, 4)
  assert.equal(greedy.creditBytes, 1 - size)
  greedy.creditBytes += size
  broker.runtime.wake(queue!)
  await drained()
  assert.equal(got.length, 5)
  greedy.creditBytes += size
  broker.runtime.wake(queue!)
  await drained()
  assert.equal(got.length, 6)
  greedy.creditBytes = 0
  broker.runtime.wake(queue!)
  await drained()
  assert.equal(got.length, 6, 'none without')
})

test('whoever pauses gets nothing, and goes on where it was when it wakes', async () => {
  const served = await filled([4])
  const { broker, got } = served
  const [queue] = served.queues
  const [one, two] = [consumer(served, '1'), consumer(served, '2', 1)]
  one.paused = true
  broker.runtime.join(queue!, one)
  broker.runtime.join(queue!, two)
  await drained()
  assert.equal(got.join(''), '2')
  one.paused = false
  broker.runtime.wake(queue!)
  await drained()
  assert.equal(got.join(''), '2111')
})

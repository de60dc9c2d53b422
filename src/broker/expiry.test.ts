/** Messages that may wait for so long and no longer: when they go, when they do not, and that nobody gets one later. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker, type Taken } from '../../test/broker/disk-broker.ts'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { expectMark } from '../base/mark.ts'
import type { Queue } from '../machine/queue.ts'
import { Consumer } from './consumer.ts'
import type { BrokerLimits } from './limits.ts'

const START_MS = 1_700_000_000_000
const HOUR_MS = 3_600_000
const KINDS = ['persistent', 'transient'] as const

class Place {
  readonly clockwork = new Clockwork()
  broker!: DiskBroker
  queue!: Queue

  /** A broker with a queue `q`, at this time. */
  static async open(
    disk: CrashDisk = new CrashDisk(),
    nowMs: number = START_MS,
    limits: Partial<BrokerLimits> = {},
  ): Promise<Place> {
    const place = new Place()
    const { clockwork } = place
    clockwork.nowMs = nowMs
    place.broker = await clockwork.until(DiskBroker.open(disk, limits, {}, clockwork))
    place.queue = await clockwork.until(place.broker.queue('q'))
    return place
  }

  /** Messages that wait, those that somebody holds, and what is kept of them. */
  assertLeft(ready: number, held: number = 0): void {
    const { readyCount, heldCount } = this.queue
    assert.deepEqual([readyCount, heldCount], [ready, held])
    this.broker.assertNoLeak()
    assert.deepEqual(this.clockwork.errors, [])
  }

  async close(): Promise<void> {
    await this.clockwork.until(this.broker.runtime.close())
    assert.equal(this.clockwork.timers, 0, 'a timer outlives the broker')
  }
}

function namesOf(taken: readonly Taken[]): readonly string[] {
  return taken.map(({ name }) => name)
}

for (const kind of KINDS) {
  test(`a ${kind} message at the head goes when its time is over, with nobody there`, async () => {
    const place = await Place.open()
    const { broker, clockwork, queue } = place
    broker.publish(queue, 'new 1', kind, 50)
    await clockwork.advance(49)
    place.assertLeft(1)
    await expectMark('expiry/dropped-by-the-timer', () => clockwork.advance(1))
    place.assertLeft(0)
    assert.deepEqual(broker.take(queue), [])
    await place.close()
  })

  test(`a ${kind} message stays behind another one, and is never handed out`, async () => {
    const place = await Place.open()
    const { broker, clockwork, queue } = place
    broker.publish(queue, 'new 1', kind)
    broker.publish(queue, 'new 2', kind, 50)
    broker.publish(queue, 'new 3', kind)
    await clockwork.advance(60)
    place.assertLeft(3)
    const taken = broker.take(queue)
    await expectMark('expiry/dropped-before-it-is-handed-over', () => clockwork.settle())
    assert.deepEqual(namesOf(taken), ['new 1', 'new 3'])
    place.assertLeft(0, 2)
  })

  test(`a ${kind} message that becomes the head after its time goes at once`, async () => {
    const place = await Place.open()
    const { broker, clockwork, queue } = place
    broker.publish(queue, 'new 1', kind)
    broker.publish(queue, 'new 2', kind, 50)
    await clockwork.advance(60)
    const consumer = new Consumer({ deliver: () => {}, cancelled: () => {} }, 'by-consumer', 1)
    broker.runtime.join(queue, consumer)
    await clockwork.settle()
    place.assertLeft(0, 1)
  })

  test(`a ${kind} message with no time at all is for whoever waits, or for nobody`, async () => {
    const place = await Place.open()
    const { broker, clockwork, queue } = place
    broker.publish(queue, 'new 1', kind, 0)
    assert.equal(queue.readyCount, 0, 'at once')
    const names: string[] = []
    const deliver = ({ sequence }: { sequence: number }): void => {
      names.push(`sequence ${sequence}`)
    }
    const consumer = new Consumer({ deliver, cancelled: () => {} }, 'by-consumer', 2)
    broker.runtime.join(queue, consumer)
    await clockwork.settle()
    await expectMark('expiry/promised', () => broker.publish(queue, 'new 2', kind, 0))
    for (const name of ['new 3', 'new 4']) broker.publish(queue, name, kind, 0)
    // The disk takes its time, which is not theirs.
    clockwork.nowMs += 30
    await clockwork.settle()
    assert.deepEqual(names, ['sequence 2', 'sequence 3'])
    place.assertLeft(0, 2)
  })

  test(`a ${kind} message does not expire while somebody holds it, and does when it comes back`, async () => {
    const place = await Place.open()
    const { broker, clockwork, queue } = place
    const consumer = new Consumer({ deliver: () => {}, cancelled: () => {} }, 'by-consumer', 1)
    broker.runtime.join(queue, consumer)
    broker.publish(queue, 'new 1', kind, 50)
    await clockwork.advance(60)
    place.assertLeft(0, 1)
    broker.runtime.giveBack(queue, 1, 1, 1)
    await clockwork.settle()
    place.assertLeft(0)
    assert.equal(consumer.credit, 0, 'it was not handed out again')
  })
}

test('what was promised is dropped all the same when whoever waited is gone', async () => {
  const place = await Place.open()
  const { broker, clockwork, queue } = place
  const consumer = new Consumer(
    { deliver: () => assert.fail(), cancelled: () => {} },
    'by-consumer',
  )
  broker.runtime.join(queue, consumer)
  broker.publish(queue, 'new 1', 'persistent', 0)
  broker.runtime.leave(queue, consumer)
  await clockwork.advance(1)
  place.assertLeft(0)
})

test('what was promised, and waits for the disk, is handed over however late that is', async () => {
  const place = await Place.open()
  const { broker, clockwork, queue } = place
  const taken = broker.take(queue)
  await clockwork.settle()
  broker.publish(queue, 'new 1', 'persistent', 5)
  clockwork.nowMs += 100
  await expectMark('expiry/handed-over-as-promised', () => clockwork.settle())
  assert.deepEqual(namesOf(taken), ['new 1'])
  assert.deepEqual(broker.early, [])
})

test('what a consumer has no room for was promised to nobody, whatever room it has later', async () => {
  const place = await Place.open()
  const { broker, clockwork, queue } = place
  const consumer = new Consumer({ deliver: () => {}, cancelled: () => {} }, 'by-consumer', 1)
  broker.runtime.join(queue, consumer)
  broker.publish(queue, 'new 1')
  broker.publish(queue, 'new 2', 'persistent', 50)
  await clockwork.settle()
  clockwork.nowMs += 60 // before any timer has fired
  broker.runtime.settle(queue, 1, 1)
  consumer.credit++
  broker.runtime.wake(queue)
  await clockwork.settle()
  place.assertLeft(0)
})

test('whoever asks for one message gets the first that is not over, or hears that there is none', async () => {
  const place = await Place.open()
  const { broker, clockwork, queue } = place
  broker.publish(queue, 'new 1', 'persistent', 20)
  await clockwork.settle()
  clockwork.nowMs += 20 // before any timer has fired
  let isEmpty = false
  const consumer = new Consumer(
    { deliver: () => assert.fail(), cancelled: () => {} },
    'by-consumer',
  )
  broker.runtime.get(queue, consumer, () => {
    isEmpty = true
  })
  await clockwork.settle()
  assert.equal(isEmpty, true)
  place.assertLeft(0)
})

test('each queue that a message goes to lets it go by itself, a large body too', async () => {
  const place = await Place.open(new CrashDisk(), START_MS, { bodyBytes: 100, bodyBytesMax: 1_000 })
  const { broker, clockwork, queue } = place
  const other = await clockwork.until(broker.queue('p'))
  await clockwork.until(broker.fan('x', [queue, other]))
  const options = { size: 350, exchange: 'x', ttlMs: 50 }
  broker.publishLarge({ name: 'x' }, 'new 1', options)
  broker.publishLarge({ name: 'x' }, 'new 2', { ...options, persistence: 'transient' })
  const taken = broker.take(other)
  await clockwork.advance(60)
  place.assertLeft(0)
  assert.deepEqual(namesOf(taken), ['new 1', 'new 2'])
  assert.equal(other.heldCount, 2)
})

test('ten thousand queues have one timer, a deleted one has none, and without times there is none', async () => {
  const place = await Place.open()
  const { broker, clockwork, queue } = place
  await clockwork.advance(10_000)
  const idle = clockwork.timers
  broker.publish(queue, 'new 0', 'transient')
  assert.equal(clockwork.timers, idle)
  const queues: Queue[] = []
  for (let index = 0; index < 10_000; index++) {
    queues.push(await broker.queue(`s${index}`, 'session'))
    broker.publish(queues[index]!, 'new 1', 'transient', 50 + index)
  }
  await clockwork.settle()
  assert.equal(clockwork.timers, idle + 1)
  await clockwork.advance(100)
  assert.equal(queues.filter(({ readyCount }) => readyCount === 0).length, 51)
  for (const each of queues) await broker.runtime.declare.deleteQueue(each)
  assert.equal(clockwork.timers, idle)
})

test('many that are over go a few in each turn', async () => {
  const place = await Place.open(new CrashDisk(), START_MS, { dispatchMessages: 3 })
  const { broker, clockwork, queue } = place
  for (let count = 0; count < 20; count++) broker.publish(queue, 'new 1', 'persistent', 10)
  await clockwork.settle()
  await expectMark('expiry/rest-in-another-turn', () => clockwork.advance(10))
  place.assertLeft(0)
})

test('the earliest of all heads is the one that is waited for', async () => {
  const place = await Place.open()
  const { broker, clockwork, queue } = place
  const other = await clockwork.until(broker.queue('p'))
  broker.publish(queue, 'new 1', 'persistent', HOUR_MS)
  broker.publish(other, 'new 2', 'persistent', 70)
  broker.publish(other, 'new 3', 'persistent', 30)
  await clockwork.advance(50)
  assert.deepEqual([queue.readyCount, other.readyCount], [1, 2])
  await clockwork.advance(20)
  assert.deepEqual([queue.readyCount, other.readyCount], [1, 0])
  await clockwork.advance(HOUR_MS)
  assert.equal(queue.readyCount, 0)
})

for (const end of ['stop', 'crash'] as const) {
  test(`after a ${end} what is over by then goes at once, and the rest in its time`, async () => {
    const disk = new CrashDisk()
    const before = await Place.open(disk)
    for (const ttlMs of [50, 500]) before.broker.publish(before.queue, 'old 1', 'persistent', ttlMs)
    before.broker.publish(before.queue, 'old 2')
    await before.clockwork.settle()
    if (end === 'stop') await before.close()
    const left = end === 'stop' ? disk : disk.killProcess()
    const after = await Place.open(left, START_MS + 100)
    after.assertLeft(2)
    await after.clockwork.advance(399)
    after.assertLeft(2)
    await after.clockwork.advance(1)
    after.assertLeft(1)
    assert.deepEqual(namesOf(after.broker.take(after.queue)), [])
    await after.close()
  })
}

test('what has expired stays gone, and the time at which it did has passed, whatever the clock says', async () => {
  const disk = new CrashDisk()
  const before = await Place.open(disk)
  before.broker.publish(before.queue, 'old 1', 'persistent', 50)
  await before.clockwork.advance(60)
  const after = await Place.open(disk.killProcess(), START_MS - HOUR_MS)
  after.assertLeft(0)
  assert(after.broker.runtime.time.nowMs() >= START_MS + 50)
})

test('a clock that went back between two runs gives nobody more time, and one that jumps takes none', async () => {
  const disk = new CrashDisk()
  const before = await Place.open(disk)
  before.broker.publish(before.queue, 'old 1', 'persistent', 50)
  await before.clockwork.settle()
  const after = await Place.open(disk.killProcess(), START_MS - HOUR_MS)
  await after.clockwork.advance(56) // slewed: a tenth slower
  after.assertLeft(0)
  after.broker.publish(after.queue, 'old 2', 'persistent', 1_000)
  const { clock } = after.clockwork
  const jumped = clock.wallMs() + 5 * HOUR_MS
  const sinceMs = clock.monotonicMs()
  clock.wallMs = () => jumped + clock.monotonicMs() - sinceMs
  await after.clockwork.advance(900)
  after.assertLeft(1)
  await after.clockwork.advance(110)
  after.assertLeft(0)
})

test('whatever the power cut leaves of it, what has expired is handed out to nobody', async () => {
  const disk = new CrashDisk()
  const place = await Place.open(disk)
  const { broker, clockwork, queue } = place
  for (let index = 1; index < 5; index++) broker.publish(queue, `old ${index}`, 'persistent', 50)
  await clockwork.settle()
  disk.record(() => queue.readyCount)
  await clockwork.advance(60)
  place.assertLeft(0)
  for (const point of [...disk.points, disk.point()]) {
    for (const image of point.images()) {
      const after = await Place.open(new CrashDisk({ image }), START_MS + 60)
      const taken = after.broker.take(after.queue)
      await after.clockwork.settle()
      assert.deepEqual(taken, [], `at call ${point.moment.call}: ${image.name}`)
    }
  }
})

/** Queues that keep each message for so long and no longer, whatever it says of itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker } from '../../test/broker/disk-broker.ts'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import type { JournalLimits } from '../journal/limits.ts'
import type { Queue } from '../machine/queue.ts'
import { isRefusal } from '../machine/refusal.ts'

const START_MS = 1_700_000_000_000
const large = { bodyBytes: 100, bodyBytesMax: 1_000 }

type Place = { readonly broker: DiskBroker; readonly clockwork: Clockwork }

/** Takes snapshots all the time. */
const OFTEN = { snapshotAfterBytes: 1, snapshotGrowth: 0.01 }

async function opened(
  disk: CrashDisk,
  nowMs: number,
  limits: Partial<JournalLimits> = {},
): Promise<Place> {
  const clockwork = new Clockwork()
  clockwork.nowMs = nowMs
  const broker = await clockwork.until(DiskBroker.open(disk, large, limits, clockwork))
  return { broker, clockwork }
}

const declareTimed = ({ broker, clockwork }: Place, name: string, messageTtlMs: number) =>
  clockwork.until(broker.declare(name, { messageTtlMs }))

for (const kept of ['in the log', 'in a snapshot'] as const) {
  test(`a queue's own time is ${kept}: messages from before a crash and after it keep to it`, async () => {
    const disk = new CrashDisk()
    const before = await opened(disk, START_MS, kept === 'in a snapshot' ? OFTEN : {})
    const queue = await declareTimed(before, 'q', 500)
    assert(!isRefusal(queue))
    const declaredBy = before.broker.publish(queue, 'old 0')
    for (let index = 1; index < 40; index++) before.broker.publish(queue, `old ${index}`)
    await before.clockwork.settle()
    const names = (await before.clockwork.until(disk.list('data'))).map(({ name }) => name)
    const snapshots = names.map((name) => Number(/^snapshot-(\d+)$/.exec(name)?.[1] ?? 0))
    assert.equal(Math.max(...snapshots) > declaredBy, kept === 'in a snapshot')

    const after = await opened(disk.killProcess(), START_MS + 100)
    const { broker, clockwork } = after
    const found = broker.find('q')!
    assert.equal(found.options.messageTtlMs, 500)
    assert.equal(found.readyCount, 40)
    broker.publish(found, 'new 1')
    await clockwork.advance(399)
    assert.equal(found.readyCount, 41)
    await clockwork.advance(1)
    assert.equal(found.readyCount, 1)
    await clockwork.advance(100)
    assert.equal(found.readyCount, 0)
    broker.assertNoLeak()
  })
}

test('each queue that a message goes to has its own time, for large and transient ones, too', async () => {
  const place = await opened(new CrashDisk(), START_MS)
  const { broker, clockwork } = place
  const queues: Queue[] = []
  for (const [name, ttlMs] of [
    ['short', 50],
    ['long', 500],
  ] as const) {
    const queue = await declareTimed(place, name, ttlMs)
    assert(!isRefusal(queue))
    queues.push(queue)
  }
  queues.push(await clockwork.until(broker.queue('plain')))
  queues.push(await clockwork.until(broker.queue('passing', 'session')))
  await clockwork.until(broker.fan('x', queues))
  broker.publishLarge({ name: 'x' }, 'new 1', { size: 350, exchange: 'x' })
  const transient = { size: 350, exchange: 'x', persistence: 'transient' } as const
  broker.publishLarge({ name: 'x' }, 'new 2', transient)
  broker.publishLarge({ name: 'x' }, 'new 3', { size: 350, exchange: 'x', ttlMs: 200 })
  const counts = (): number[] => queues.map(({ readyCount }) => readyCount)
  await clockwork.settle()
  assert.deepEqual(counts(), [3, 3, 3, 3])
  await clockwork.advance(50)
  assert.deepEqual(counts(), [0, 3, 3, 3])
  await clockwork.advance(450)
  assert.deepEqual(counts(), [0, 0, 3, 3])
  broker.assertNoLeak()
})

test('a queue that is not durable has its own time for what goes there and to others', async () => {
  const place = await opened(new CrashDisk(), START_MS)
  const { broker, clockwork } = place
  const session = await clockwork.until(
    broker.declare('session', { durable: false, messageTtlMs: 50 }),
  )
  assert(!isRefusal(session))
  const plain = await clockwork.until(broker.queue('plain'))
  await clockwork.until(broker.fan('x', [plain, session]))
  for (const persistence of ['persistent', 'transient'] as const) {
    broker.publishLarge({ name: 'x' }, 'new 1', { size: 50, exchange: 'x', persistence })
  }
  await clockwork.advance(49)
  assert.deepEqual([plain.readyCount, session.readyCount], [2, 2])
  await clockwork.advance(1)
  assert.deepEqual([plain.readyCount, session.readyCount], [2, 0])
})

test('a queue that is there with another time is not the one that was asked for', async () => {
  const place = await opened(new CrashDisk(), START_MS)
  await declareTimed(place, 'q', 50)
  const there = await declareTimed(place, 'q', 50)
  assert(!isRefusal(there))
  for (const [asked, text] of [
    [60, '60'],
    [-1, 'none'],
  ] as const) {
    assert.deepEqual(await declareTimed(place, 'q', asked), {
      ...{ kind: 'queue-differs', queue: 'q', field: 'messageTtlMs', asked: text, current: '50' },
    })
  }
})

/** How many entries the journal gets for what consumers do: few, however many messages it is about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker } from '../../test/broker/disk-broker.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained } from '../../test/sim/turn.ts'
import type { BrokerLimits } from './limits.ts'

const COUNT = 120

/** A queue with messages that a consumer holds, all of them; how many entries what follows takes. */
async function held(limits: Partial<BrokerLimits> = {}): Promise<{
  readonly broker: DiskBroker
  readonly queue: Awaited<ReturnType<DiskBroker['queue']>>
  readonly entriesOf: (act: () => void) => Promise<number>
}> {
  const broker = await DiskBroker.open(new CrashDisk(), limits)
  const [queue, other] = [await broker.queue('q'), await broker.queue('other')]
  for (let number = 0; number < COUNT; number++) {
    broker.publish(queue, `old ${number}`)
    if (number % 20 === 0) await drained()
  }
  await drained()
  // Tickets are dense: what lies between two of them are entries.
  const entriesOf = async (act: () => void): Promise<number> => {
    const before = broker.publish(other, 'old 0')
    act()
    await drained()
    return broker.publish(other, 'old 0') - before - 1
  }
  return { broker, queue, entriesOf }
}

test('a backlog is marked ahead, by one entry for so many messages', async () => {
  for (const [markAhead, entries] of [
    [10_000, 1],
    [39, 3],
  ] as const) {
    const { broker, queue, entriesOf } = await held({ markAhead })
    const taken = broker.take(queue)
    assert.equal(await entriesOf(() => broker.runtime.wake(queue)), entries)
    assert.equal(taken.length, COUNT)
  }
})

test('messages that go out at once are marked by their own entries', async () => {
  const { broker, queue, entriesOf } = await held()
  const taken = broker.take(queue)
  await drained()
  const published = await entriesOf(() => {
    for (let number = 0; number < 20; number++) broker.publish(queue, `old ${number}`)
  })
  assert.deepEqual([published, taken.length], [20, COUNT + 20])
})

test('what is settled and given back in one turn is one entry each, holes and all', async () => {
  const { broker, queue, entriesOf } = await held()
  const { runtime } = broker
  broker.take(queue)
  await drained()
  const settling = (): void => {
    for (let sequence = 1; sequence <= COUNT / 2; sequence++) {
      if (sequence % 3 !== 0) runtime.settle(queue, sequence, 1)
    }
  }
  assert.equal(await entriesOf(settling), 1)
  const all = (): void => runtime.settle(queue, 1, COUNT / 2)
  assert.equal(await entriesOf(all), 1)
  const both = (): void => {
    for (let sequence = COUNT; sequence > COUNT / 2; sequence--) {
      if (sequence % 2 === 0) runtime.settle(queue, sequence, 1)
      else runtime.giveBack(queue, sequence, 1, 1)
    }
  }
  assert.equal(await entriesOf(both), 2)
})

/** A pool fed by channels of all kinds: whoever joins the channel waits for the pool. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deferred } from '../../src/base/deferred.ts'
import type { Joinable, Receiver, Sender } from '../../src/channels/contract.ts'
import { channel } from '../../src/channels/mod.ts'
import { ThreadChannel } from '../../src/channels/threads/mod.ts'
import { channelSource } from '../../src/pool/mod.ts'
import type { Delivery, TaskSource } from '../../src/pool/task-source.ts'
import { watch } from '../channels/watch.ts'
import { pair } from '../processes/channel-pair.ts'
import { MemoryWorld } from '../processes/memory-world.ts'

interface Ends {
  readonly sender: Sender<number> & Joinable
  readonly receiver: Receiver<number> & Joinable
  /** Lets whatever is under way arrive. */
  settle(): Promise<void>
}

const kinds: Readonly<Record<string, () => Promise<Ends>>> = {
  async 'of one process'() {
    const both = channel<number>()
    return { sender: both, receiver: both, settle: later }
  },
  async 'between threads'() {
    const sender = ThreadChannel.create<number>()
    return { sender, receiver: ThreadChannel.attach<number>(sender.handle), settle: later }
  },
  async 'between processes'() {
    const world = new MemoryWorld(1, 'whole')
    const { near, far } = await pair({ world })
    const ends = { sender: near, receiver: far } as unknown as Omit<Ends, 'settle'>
    return { ...ends, settle: () => world.pass(10) }
  },
}

/** Turns enough for any wake-up between parties of one thread. */
async function later(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function take(source: TaskSource<number>, settle: () => Promise<void>) {
  const taken = deferred<Delivery<number>>()
  void source.next(new AbortController().signal).then((delivery) => {
    assert.ok(delivery !== null)
    taken.resolve(delivery)
  })
  await settle()
  return taken.promise
}

for (const [kind, open] of Object.entries(kinds)) {
  test(`a join of a channel ${kind} is over when the pool has settled all`, async () => {
    const { sender, receiver, settle } = await open()
    const source = channelSource(receiver)
    for (const value of [1, 2, 3]) assert.ok(sender.tryPut(value))
    await settle()
    const first = await take(source, settle)
    const second = await take(source, settle)
    const third = await take(source, settle)
    const joining = watch(sender.join())
    await third.ack()
    await second.requeue(new Error('its worker died'))
    await first.reject(new Error('it threw'))
    await settle()
    assert.equal(joining.state, 'pending')
    const again = await take(source, settle)
    assert.equal(again.value, 2)
    await again.ack()
    await settle()
    assert.equal(joining.state, 'resolved')
    assert.throws(() => receiver.taskDone(), { code: 'CHANNEL_MISUSE' })
    sender.close('now')
    await settle()
  })
}

test('a party that has left its channel is not told any more, and breaks no pool', async () => {
  const sender = ThreadChannel.create<number>()
  const receiver = ThreadChannel.attach<number>(sender.handle)
  const source = channelSource(receiver)
  await sender.put(1)
  const delivery = await take(source, later)
  receiver.detach()
  await delivery.ack()
  await assert.rejects(sender.join(), { code: 'CHANNEL_PEER_LOST' })
})

test('what is settled behind one that is not counts in the order in which it was got', async () => {
  const both = channel<number>({ capacity: 200_000 })
  const source = channelSource(both)
  const { signal } = new AbortController()
  const count = 100_000
  for (let value = 0; value < count; value++) both.tryPut(value)
  const stuck = await source.next(signal)
  for (let value = 1; value < 10; value++) await (await source.next(signal))?.ack()
  assert.equal(both.stats().unfinished, count)
  for (let value = 10; value < count; value++) await (await source.next(signal))?.ack()
  // A task that never ends does not hold up the others for ever.
  assert.ok(both.stats().unfinished < 70_000)
  await stuck?.ack()
  await both.join()
})

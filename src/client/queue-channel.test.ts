/** A channel over a queue keeps the contract of channels, and what only a queue has: it stays. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { Place } from '../../test/client/place.ts'
import { channelContract } from '../../test/contracts/channel-contract.ts'
import { MiB } from '../base/bytes.ts'
import {
  ChannelClosed,
  ChannelMisuse,
  ChannelPeerLost,
  type Sendable,
} from '../channels/contract.ts'
import { Broker } from '../mod.ts'
import { queueChannel } from './mod.ts'

for (const capacity of [1, 7]) {
  for (const prefetch of [1, 100]) {
    channelContract({
      name: `a channel over a queue, for ${capacity}, ${prefetch} ahead`,
      run: (body) =>
        Place.run(async (place) => {
          let queues = 0
          await body({
            ports: place.ports,
            open: async () => {
              const channel = await place.channel(`queue ${queues++}`, { capacity, prefetch })
              return { sender: channel, receiver: channel }
            },
            drive: (promise) => place.drive(promise),
            settle: () => place.ports.settle(),
          })
        }),
    })
  }
}

test('strings, bytes and what JSON can hold arrive as they were sent', () =>
  Place.run(async (place) => {
    const channel = await place.channel('values')
    const values = ['', '한글', 0, false, null, [1, [2]], { a: { b: 'c' } }, Uint8Array.of(0, 255)]
    await place.put(channel, ...values)
    for (const value of values) assert.deepEqual(await place.drive(channel.get()), value)
    await assert.rejects(channel.put(undefined as never), ChannelMisuse)
  }))

test('channels on one queue share its messages, and each ends by itself', () =>
  Place.run(async (place) => {
    const [one, two] = [
      await place.channel('shared', { prefetch: 1 }),
      await place.channel('shared', { prefetch: 1 }),
    ]
    await place.put(one, 1, 2, 3, 4)
    const got = [await place.drive(one.get()), await place.drive(two.get())]
    one.close('now') // it has taken one more ahead, which goes back
    assert.deepEqual([one.closed, two.closed], [true, false])
    got.push(await place.drive(two.get()), await place.drive(two.get()))
    assert.deepEqual(new Set(got), new Set([1, 2, 3, 4]))
    await assert.rejects(place.drive(one.get()), ChannelClosed)
    await place.put(two, 5)
    assert.equal(await place.drive(two.get()), 5)
  }))

test('a channel that is closed now leaves everything in the queue, in order', () =>
  Place.run(async (place) => {
    const first = await place.channel('left')
    await place.put(first, 1, 2, 3)
    assert.equal(await place.drive(first.get()), 1)
    await place.ports.settle()
    await first[Symbol.asyncDispose]()
    await assert.rejects(first.get(), ChannelClosed)
    const second = await place.channel('left')
    assert.equal(await place.drive(second.get()), 2)
    assert.equal(await place.drive(second.get()), 3)
  }))

test('whoever waits for room or for the end learns of what others take within 20 ms', () =>
  Place.run(async (place) => {
    const [ours, theirs] = [
      await place.channel('looked at', { capacity: 2 }),
      await place.channel('looked at', { prefetch: 1 }),
    ]
    await place.put(ours, 1, 2)
    const putting = watch(ours.put(3))
    await place.ports.settle()
    assert.equal(await place.drive(theirs.get()), 1)
    await place.ports.advance(20)
    assert.equal(putting.state, 'resolved')
    assert.equal(await place.drive(theirs.get()), 2)
    theirs.close('now')
    const held = place.broker.queue('looked at')
    const holder = (await place.drive(held)).consume()
    const { value: message } = await place.drive(holder.next())
    ours.close()
    await assert.rejects(place.drive(ours.get()), ChannelClosed, 'what another holds is not ours')
    const joining = watch(ours.join())
    await place.ports.advance(100)
    assert.equal(joining.state, 'pending')
    message?.ack()
    await place.ports.advance(20)
    assert.equal(joining.state, 'resolved')
    await holder.close()
    assert.equal(place.ports.timers, 0)
  }))

test('by taskDone a message leaves the queue when it is done, and else it comes again', () =>
  Place.run(async (place) => {
    const options = { acks: 'on-task-done', prefetch: 2 } as const
    const worker = await place.channel('tasks', options)
    await place.put(worker, 1, 2, 3)
    assert.throws(() => worker.taskDone(), ChannelMisuse)
    assert.deepEqual([await place.drive(worker.get()), await place.drive(worker.get())], [1, 2])
    const third = watch(worker.get())
    const joining = watch(worker.join())
    await place.ports.advance(100)
    assert.deepEqual([third.state, joining.state], ['pending', 'pending'])
    worker.taskDone()
    await place.ports.settle()
    assert.equal(third.value, 3)
    worker.close('now')
    assert.ok(joining.error === null)
    const heir = await place.channel('tasks', options)
    assert.deepEqual([await place.drive(heir.get()), await place.drive(heir.get())], [2, 3])
    const done = watch(heir.join())
    heir.close()
    heir.taskDone()
    heir.taskDone()
    await place.drive(heir.join())
    await place.ports.advance(20)
    assert.equal(done.state, 'resolved')
    assert.throws(() => heir.taskDone(), ChannelMisuse)
  }))

test('join waits for taskDone where get has settled, too, as it does in memory', () =>
  Place.run(async (place) => {
    const channel = await place.channel('joined')
    await place.put(channel, 1, 2)
    const joining = watch(channel.join())
    assert.deepEqual([await place.drive(channel.get()), await place.drive(channel.get())], [1, 2])
    channel.taskDone()
    await place.ports.advance(100)
    assert.deepEqual([joining.state, channel.size], ['pending', 0])
    channel.taskDone()
    await place.ports.settle()
    assert.equal(joining.state, 'resolved')
    assert.throws(() => channel.taskDone(), ChannelMisuse)
  }))

test('a loop by taskDone ends with the queue, and keeps the last message until it is done', () =>
  Place.run(async (place) => {
    const worker = await place.channel('loop', { acks: 'on-task-done' })
    await place.put(worker, 1, 2)
    worker.close()
    const seen: Sendable[] = []
    const looping = (async () => {
      for await (const value of worker) seen.push(value)
    })()
    await place.drive(looping)
    assert.deepEqual(seen, [1, 2])
    const queue = await place.drive(place.broker.queue('loop'))
    assert.deepEqual([queue.heldCount, queue.consumerCount], [2, 1])
    worker.taskDone()
    worker.taskDone()
    await place.ports.settle()
    assert.deepEqual([queue.heldCount, queue.readyCount, queue.consumerCount], [0, 0, 0])
  }))

test('what the broker refuses concerns that value alone; a queue that is gone ends the channel', () =>
  Place.run(async (place) => {
    const channel = await place.channel('doomed')
    const large = new Uint8Array(129 * MiB)
    await assert.rejects(channel.put(large), { code: 'BODY_TOO_LARGE' })
    assert.throws(() => channel.tryPut(large), { code: 'BODY_TOO_LARGE' })
    await place.put(channel, 'small')
    assert.equal(await place.drive(channel.get()), 'small')
    channel.taskDone()
    await place.drive(channel.join())
    const getting = watch(channel.get())
    await place.ports.settle()
    const queue = await place.drive(place.broker.queue('doomed'))
    await place.drive(queue.delete())
    await place.ports.settle()
    assert.ok(getting.error instanceof ChannelPeerLost)
    assert.match(getting.error.message, /^doomed: there is no queue 'doomed'/)
    assert.equal(channel.failure, getting.error)
    await assert.rejects(channel.get(), ChannelPeerLost)
    await assert.rejects(channel.put('late'), ChannelClosed)
    assert.deepEqual([channel.closed, channel.ended, channel.tryPut('late')], [true, true, false])
  }))

test('a value in fragments keeps its place among the small ones, however it was put', () =>
  Place.run(async (place) => {
    const channel = await place.channel('mixed')
    const large = 'x'.repeat(MiB)
    assert.ok(channel.tryPut('first'))
    assert.ok(channel.tryPut(large))
    await place.put(channel, 'third', large)
    for (const expected of ['first', large, 'third', large]) {
      assert.equal(await place.drive(channel.get()), expected)
    }
  }))

test('whoever only sends learns from the send that the queue is gone', () =>
  Place.run(async (place) => {
    for (const send of ['put', 'tryPut'] as const) {
      const channel = await place.channel(`gone ${send}`)
      const queue = await place.drive(place.broker.queue(`gone ${send}`))
      await place.drive(queue.delete())
      if (send === 'tryPut') assert.equal(channel.tryPut(1), false)
      else await assert.rejects(channel.put(1), ChannelPeerLost)
      assert.ok(channel.failure instanceof ChannelPeerLost)
      await assert.rejects(channel.put(1), ChannelClosed)
      await assert.rejects(channel.join(), ChannelPeerLost)
    }
  }))

test('options that make no sense are refused', async () => {
  await Place.run(async (place) => {
    for (const options of [
      { capacity: 0 },
      { capacity: 1.5 },
      { prefetch: 0 },
      { prefetchBytes: 0 },
    ]) {
      await assert.rejects(place.channel('odd', options), ChannelMisuse)
    }
    await assert.rejects(place.channel('odd', { acks: 'never' as never }), ChannelMisuse)
    const queue = place.broker.queue('odd')
    assert.throws(() => queueChannel(queue as never), /await what broker.queue answers/)
  })
})

test('when the broker has no room put waits, tryPut says no, and the order of asking holds', async () => {
  const ports = new Clockwork()
  const sent: unknown[] = []
  let room = 1
  let free: () => void = () => {}
  const queue = {
    name: 'narrow',
    readyCount: 0,
    heldCount: 0,
    trySend: (body: unknown) => {
      if (room === 0) return null
      room--
      sent.push(body)
      return Promise.resolve()
    },
    room: () =>
      new Promise<void>((resolve) => {
        free = resolve
      }),
    consume: () => assert.fail('nobody receives here'),
  }
  const channel = queueChannel<number>(queue, {}, ports)
  await channel.put(1)
  const [second, third] = [watch(channel.put(2)), watch(channel.put(3))]
  const aborted = new AbortController()
  const never = watch(channel.put(4, { signal: aborted.signal }))
  aborted.abort(new Error('enough'))
  assert.equal(channel.tryPut(5), false)
  let woken = 0
  channel.onWritable(() => woken++)
  await ports.advance(1_000)
  assert.deepEqual([second.state, never.error, woken], ['pending', new Error('enough'), 0])
  room = 1
  free()
  await ports.settle()
  assert.deepEqual([second.state, third.state, woken], ['resolved', 'pending', 0])
  room = 2
  free()
  await ports.settle()
  assert.deepEqual([third.state, woken, sent], ['resolved', 1, [1, 2, 3]])
})

test('a put waits until its value is safe, and one that comes later overtakes nobody', async () => {
  const ports = new Clockwork()
  const sent: unknown[] = []
  let secure: () => void = () => {}
  const safe = new Promise<void>((resolve) => {
    secure = resolve
  })
  const queue = {
    name: 'slow',
    readyCount: 0,
    heldCount: 0,
    trySend: (body: unknown) => {
      queue.readyCount = sent.push(body)
      return safe
    },
    room: () => assert.fail('there is room but for the capacity'),
    consume: () => assert.fail('nobody receives here'),
  }
  const channel = queueChannel<number>(queue, { capacity: 1 }, ports)
  const first = watch(channel.put(1))
  await ports.advance(1_000)
  assert.equal(first.state, 'pending')
  secure()
  await ports.settle()
  assert.equal(first.state, 'resolved')
  const second = watch(channel.put(2))
  await ports.settle()
  queue.readyCount = 0 // somebody took it, and nobody here has looked
  assert.equal(channel.tryPut(3), false)
  await ports.advance(20)
  assert.deepEqual([second.state, sent], ['resolved', [1, 2]])
})

test('a value that goes back as it is handed over belongs to nobody: get and the loop end without it', async () => {
  for (const way of ['get', 'loop'] as const) {
    const ports = new Clockwork()
    let acks = 0
    const message = { body: 1, bytes: Uint8Array.of(1), ack: () => acks++ }
    const queue = {
      name: 'closed in between',
      readyCount: 0,
      heldCount: 0,
      trySend: () => null,
      room: () => new Promise<void>(() => {}),
      consume: () => ({
        waitingCount: 0,
        async *batches() {
          const messages = (function* () {
            yield message
            channel.close('now') // it is with whoever waits, who has not run yet
          })()
          yield await Promise.resolve({
            messages: messages as unknown as readonly (typeof message)[],
          })
        },
        close: () => Promise.resolve(),
      }),
    }
    const channel = queueChannel<number>(queue, {}, ports)
    if (way === 'get') await assert.rejects(channel.get(), ChannelClosed)
    else for await (const value of channel) assert.fail(`${value} was handed over`)
    assert.equal(acks, 0)
  }
})

test('a broker that is closed ends its channels, whatever they wait for', () =>
  Place.run(async (place) => {
    const channel = await place.channel('ended', { capacity: 1, acks: 'on-task-done' })
    await place.put(channel, 1)
    assert.equal(await place.drive(channel.get()), 1)
    const waits = [watch(channel.put(2)), watch(channel.get()), watch(channel.join())]
    await place.ports.settle()
    await place.drive(place.broker.close())
    await place.ports.advance(20)
    assert.ok(waits[0]?.error instanceof ChannelClosed)
    assert.ok(waits[1]?.error instanceof ChannelPeerLost)
    assert.equal(waits[2]?.error, channel.failure)
    assert.throws(() => channel.taskDone(), ChannelMisuse)
    assert.equal(place.ports.timers, 0)
  }))

test('values outlive the program, but for those that were handed over', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'naru-client-'))
  try {
    {
      await using broker = await Broker.open({ dir })
      await using channel = queueChannel<number>(await broker.queue('kept', {}))
      await Promise.all([1, 2, 3, 4].map((value) => channel.put(value)))
      assert.deepEqual([await channel.get(), await channel.get()], [1, 2])
    }
    {
      await using broker = await Broker.open({ dir })
      const options = { acks: 'on-task-done' } as const
      await using channel = queueChannel<number>(await broker.queue('kept'), options)
      assert.deepEqual([await channel.get(), await channel.get()], [3, 4])
      channel.taskDone()
    }
    await using broker = await Broker.open({ dir })
    await using channel = queueChannel<number>(await broker.queue('kept'))
    assert.equal(await channel.get(), 4)
    channel.close()
    await assert.rejects(channel.get(), ChannelClosed)
  } finally {
    await rm(dir, { recursive: true })
  }
})

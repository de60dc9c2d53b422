/** What a channel over a queue takes ahead is bounded, and what it cannot read is in nobody's way. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { watch } from '../../test/channels/watch.ts'
import { Place } from '../../test/client/place.ts'
import { KiB, MiB } from '../base/bytes.ts'
import { deferred } from '../base/deferred.ts'
import type { ChannelEvent } from '../channels/channel-options.ts'
import { ChannelClosed } from '../channels/contract.ts'
import { receive, select } from '../channels/select.ts'
import { Broker } from '../mod.ts'
import { MessageUnreadable, type QueueCodec, queueChannel } from './mod.ts'

/** Numbers, and nothing else. */
const numbers: QueueCodec<number> = {
  encode: (value) => value,
  decode: (body) => {
    if (typeof body !== 'number') throw new TypeError(`${String(body)} is no number`)
    return body
  },
}

const modes = ['on-get', 'on-task-done'] as const

for (const bodyBytes of [100 * KiB, 700 * KiB]) {
  const title = `messages of ${bodyBytes / KiB} KiB are taken ahead by their bytes, and all arrive in order`
  test(title, () =>
    Place.run(async (place) => {
      const prefetchBytes = 3 * MiB
      const channel = await place.channel<Uint8Array>('heavy', { prefetchBytes })
      const count = 60
      for (let mark = 0; mark < count; mark++) {
        await place.drive(channel.put(new Uint8Array(bodyBytes).fill(mark)))
      }
      assert.equal(channel.tryGet(), undefined) // it begins to take
      await place.ports.settle()
      const queue = await place.drive(place.broker.queue('heavy'))
      for (let mark = 0; mark < count; mark++) {
        const aheadBytes = queue.heldCount * bodyBytes
        assert.ok(aheadBytes <= prefetchBytes + 2 * bodyBytes, `${aheadBytes} bytes are ahead`)
        assert.ok(mark > 0 || aheadBytes >= prefetchBytes / 3, `only ${aheadBytes} bytes are ahead`)
        assert.equal(channel.size, count - mark)
        assert.equal((await place.drive(channel.get()))[0], mark)
        await place.ports.settle()
      }
      assert.equal(queue.heldCount, 0)
    }),
  )
}

test('a message larger than all that may be ahead still arrives', () =>
  Place.run(async (place) => {
    const channel = await place.channel('larger', { prefetchBytes: 10 })
    await place.put(channel, 'x'.repeat(MiB), 'y'.repeat(100), 'z')
    for (const length of [MiB, 100, 1]) {
      assert.equal(String(await place.drive(channel.get())).length, length)
    }
  }))

test('a codec carries what JSON cannot hold, and what it cannot read reaches the call that asked', () =>
  Place.run(async (place) => {
    const codec = {
      encode: (value: Date) => value.toISOString(),
      decode: (body: unknown) => {
        const date = new Date(Date.parse(String(body)))
        if (Number.isNaN(date.getTime())) throw new RangeError(`${String(body)} is no time`)
        return date
      },
    }
    const dates = await place.channel<Date>('dates', { codec })
    const texts = await place.channel('dates')
    const value = new Date(86_400_000)
    await place.drive(dates.put(value))
    await place.put(texts, 'tomorrow')
    await place.drive(dates.put(value))
    assert.deepEqual(await place.drive(dates.get()), value)
    await assert.rejects(place.drive(dates.get()), /tomorrow is no time/)
    assert.deepEqual(await place.drive(dates.get()), value)
    assert.equal(dates.size, 0)
  }))

for (const acks of modes) {
  test(`what cannot be read was not got: join and taskDone go by the others, with acks ${acks}`, () =>
    Place.run(async (place) => {
      const channel = await place.channel<number>('mixed', { codec: numbers, acks })
      await place.put(await place.channel('mixed'), 1, 'two', 3, 'four')
      const joining = watch(channel.join())
      const seen: unknown[] = []
      for (let left = 4; left > 0; left--) {
        try {
          seen.push(await place.drive(channel.get()))
          channel.taskDone()
        } catch (error) {
          assert.ok(error instanceof MessageUnreadable)
          seen.push(error.body)
        }
      }
      assert.deepEqual(seen, [1, 'two', 3, 'four'])
      await place.ports.advance(20)
      assert.deepEqual([joining.state, channel.size], ['resolved', 0])
      const { got, dropped, undone } = channel.stats()
      assert.deepEqual([got, dropped, undone], [2, 2, 0])
      assert.throws(() => channel.taskDone(), { code: 'CHANNEL_MISUSE' })
    }))

  test(`a message that cannot be read is put aside before it leaves the queue, with acks ${acks}`, () =>
    Place.run(async (place) => {
      const aside = deferred<void>()
      const told: unknown[] = []
      const onUnreadable = (error: MessageUnreadable): Promise<void> => {
        told.push(error.body)
        return aside.promise
      }
      const channel = await place.channel<number>('aside', { codec: numbers, acks, onUnreadable })
      await place.put(await place.channel('aside'), 'one', 2)
      const queue = await place.drive(place.broker.queue('aside'))
      const refusal = /a message of aside is no value of this channel: one is no number/
      await assert.rejects(place.drive(channel.get()), refusal)
      assert.equal(await place.drive(channel.get()), 2)
      channel.taskDone()
      const joining = watch(channel.join())
      channel.close()
      await place.ports.advance(100)
      assert.deepEqual([told, queue.heldCount, joining.state], [['one'], 1, 'pending'])
      aside.resolve()
      await place.ports.advance(20)
      assert.deepEqual([queue.heldCount, queue.consumerCount, joining.state], [0, 0, 'resolved'])
    }))

  test(`what can neither be read nor put aside goes back, and ends the channel, with acks ${acks}`, () =>
    Place.run(async (place) => {
      const onUnreadable = (): never => {
        throw new Error('no room aside')
      }
      const channel = await place.channel<number>('stuck', { codec: numbers, acks, onUnreadable })
      await place.put(await place.channel('stuck'), 'one', 2)
      const waits = [watch(channel.get()), watch(channel.get()), watch(channel.join())]
      await place.ports.settle()
      assert.ok(waits[0]?.error instanceof MessageUnreadable)
      for (const { error } of waits.slice(1)) assert.deepEqual(error, new Error('no room aside'))
      await assert.rejects(channel.get(), /no room aside/)
      const heir = await place.channel('stuck')
      assert.deepEqual([await place.drive(heir.get()), await place.drive(heir.get())], ['one', 2])
    }))
}

test('a loop and a select end with what they cannot read, and the next ones go on', () =>
  Place.run(async (place) => {
    const channel = await place.channel<number>('loops', { codec: numbers })
    const anything = await place.channel('loops')
    await place.put(anything, 1, 'two', 3)
    const seen: number[] = []
    const loop = async (): Promise<void> => {
      for await (const value of channel) if (seen.push(value) === 2) return
    }
    await assert.rejects(place.drive(loop()), MessageUnreadable)
    await place.drive(loop())
    assert.deepEqual(seen, [1, 3])
    const selecting = watch(select({ in: receive(channel) }, {}, place.ports))
    await place.ports.settle()
    await place.put(anything, 'four', 5)
    await place.ports.settle()
    assert.ok(selecting.error instanceof MessageUnreadable)
    assert.equal(await place.drive(channel.get()), 5)
    await place.drive(channel[Symbol.asyncDispose]())
  }))

test('the counters of a channel over a queue are its own, and the trace tells what it did', () =>
  Place.run(async (place) => {
    const events: string[] = []
    const trace = ({ kind, channel, value }: ChannelEvent<number>): void => {
      events.push(`${channel}: ${kind} ${value ?? '-'}`)
    }
    const options = { codec: numbers, capacity: 2, acks: 'on-task-done', trace } as const
    const channel = await place.channel<number>('told', options)
    const other = await place.channel('told')
    await place.drive(channel.put(1))
    await place.put(other, 'two')
    const third = watch(channel.put(3))
    await place.ports.settle()
    assert.equal(channel.stats().waitingToPut, 1)
    assert.equal(await place.drive(channel.get()), 1)
    await assert.rejects(place.drive(channel.get()), MessageUnreadable)
    channel.taskDone()
    await place.ports.advance(20)
    assert.equal(third.state, 'resolved')
    assert.equal(await place.drive(channel.get()), 3)
    const waiting = watch(channel.get())
    await place.ports.settle()
    assert.deepEqual(channel.stats(), {
      name: 'told',
      capacity: 2,
      size: 0,
      put: 2,
      got: 2,
      dropped: 1,
      undone: 1,
      waitingToPut: 0,
      waitingToGet: 1,
      closed: false,
    })
    channel.close('now')
    await place.ports.settle()
    assert.ok(waiting.error instanceof ChannelClosed)
    assert.deepEqual(events, [
      'told: put 1',
      'told: put-waits 3',
      'told: get-waits -',
      'told: get 1',
      'told: drop -',
      'told: put 3',
      'told: get 3',
      'told: get-waits -',
      'told: close -',
    ])
  }))

test('a large body that is still being read from the disk is received before a drained channel ends', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'naru-client-'))
  try {
    const body = new Uint8Array(20 * MiB).fill(7)
    {
      await using broker = await Broker.open({ dir })
      await (await broker.queue('kept', {})).send(body)
    }
    await using broker = await Broker.open({ dir })
    await using channel = queueChannel<Uint8Array>(await broker.queue('kept'))
    channel.close()
    const sizes: number[] = []
    for await (const { length } of channel) sizes.push(length)
    assert.deepEqual(sizes, [body.length])
  } finally {
    await rm(dir, { recursive: true })
  }
})

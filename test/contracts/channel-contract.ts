/**
 * What every channel keeps, wherever its two ends live: run by the test of each kind. It speaks to the
 * contract alone, and never expects anything to have crossed before the world has been driven.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ChannelClosed,
  ChannelTimeout,
  type Ports,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
} from '../../src/channels/contract.ts'
import { receive, select, send, trySelect } from '../../src/channels/select.ts'
import { watch } from '../channels/watch.ts'

/** The two ends of one channel. They may be the same object. */
export interface ChannelEnds {
  readonly sender: SelectableSender<Sendable>
  readonly receiver: SelectableReceiver<Sendable>
}

export interface ChannelWorld {
  readonly ports: Ports
  /** A channel that holds a bounded number of values, or none. */
  open(): Promise<ChannelEnds>
  /** Drives whatever must be driven until the promise settles. */
  drive<T>(promise: Promise<T>): Promise<T>
  /** Lets whatever is under way arrive. */
  settle(): Promise<void>
}

/** A kind of channel under test. */
export interface ChannelSubject {
  readonly name: string
  /** Runs `body` to its end and cleans up. */
  run(body: (world: ChannelWorld) => Promise<void>): Promise<void>
}

/** No bounded channel under test holds more: then it is not bounded. */
const CAPACITY_MAX = 100_000

type Law = (title: string, body: (world: ChannelWorld, ends: ChannelEnds) => Promise<void>) => void

export function channelContract(subject: ChannelSubject): void {
  const law: Law = (title, body) => {
    test(`${subject.name}: ${title}`, () =>
      subject.run(async (world) => body(world, await world.open())))
  }
  carryingContract(law)
  waitingContract(law)
  endingContract(law)
  selectingContract(law)
}

/** Puts without waiting until there is no room; answers how many went in. */
async function fill({ settle }: ChannelWorld, { sender }: ChannelEnds): Promise<number> {
  await settle()
  for (let count = 0; count < CAPACITY_MAX; count++) if (!sender.tryPut(count)) return count
  return assert.fail(`a bounded channel took ${CAPACITY_MAX} values`)
}

function carryingContract(law: Law): void {
  law('values arrive once and in order', async (world, { sender, receiver }) => {
    const sending = (async () => {
      for (let value = 0; value < 300; value++) await sender.put(value)
    })()
    for (let value = 0; value < 300; value++) {
      assert.equal(await world.drive(receiver.get()), value)
    }
    await world.drive(sending)
    await world.settle()
    assert.equal(receiver.tryGet(), undefined)
  })

  law('null, 0, false and the empty string are values', async (world, { sender, receiver }) => {
    for (const value of [null, 0, false, '']) {
      const putting = sender.put(value)
      assert.equal(await world.drive(receiver.get()), value)
      await world.drive(putting)
    }
  })

  law('a full channel makes put wait, and room lets it in, in order', async (world, ends) => {
    const inside = await fill(world, ends)
    const putting = watch(ends.sender.put(inside))
    await world.settle()
    assert.equal(putting.state, 'pending')
    assert.equal(ends.sender.tryPut('barging in'), false)
    for (let value = 0; value <= inside; value++) {
      assert.equal(await world.drive(ends.receiver.get()), value)
    }
    await world.settle()
    assert.equal(putting.state, 'resolved')
  })
}

function waitingContract(law: Law): void {
  law('a get that was ended takes no value along', async (world, { sender, receiver }) => {
    const controller = new AbortController()
    const aborted = watch(receiver.get({ signal: controller.signal }))
    await world.drive(assert.rejects(receiver.get({ timeoutMs: 1 }), ChannelTimeout))
    await world.settle()
    controller.abort(new Error('enough'))
    await world.settle()
    assert.deepEqual(aborted.error, new Error('enough'))
    const putting = sender.put('kept')
    assert.equal(await world.drive(receiver.get()), 'kept')
    await world.drive(putting)
  })

  law('a put that was ended leaves no value behind', async (world, ends) => {
    const inside = await fill(world, ends)
    const controller = new AbortController()
    const aborted = watch(ends.sender.put('aborted', { signal: controller.signal }))
    await world.drive(assert.rejects(ends.sender.put('late', { timeoutMs: 1 }), ChannelTimeout))
    controller.abort(new Error('enough'))
    await world.settle()
    assert.deepEqual(aborted.error, new Error('enough'))
    const putting = ends.sender.put('last')
    for (let value = 0; value < inside; value++) {
      assert.equal(await world.drive(ends.receiver.get()), value)
    }
    assert.equal(await world.drive(ends.receiver.get()), 'last')
    await world.drive(putting)
  })

  law(
    'a signal that has fired, or no time at all, ends a call that would wait',
    async (world, ends) => {
      const signal = AbortSignal.abort(new Error('before'))
      await assert.rejects(ends.receiver.get({ signal }), /before/)
      await assert.rejects(ends.sender.put(1, { signal }), /before/)
      await assert.rejects(ends.receiver.get({ timeoutMs: 0 }), ChannelTimeout)
      await fill(world, ends)
      await assert.rejects(ends.sender.put(1, { timeoutMs: 0 }), ChannelTimeout)
    },
  )

  law(
    'a watch wakes once, never before the call returns, and not when ended',
    async (world, ends) => {
      const wakes: string[] = []
      const wake = (what: string) => (): void => {
        wakes.push(what)
      }
      const unwatch = ends.receiver.onReadable(wake('ended'))
      ends.receiver.onReadable(wake('value'))
      unwatch()
      unwatch()
      await world.settle()
      assert.deepEqual(wakes, [])
      const putting = ends.sender.put(1)
      await world.settle()
      assert.deepEqual<string[]>(wakes, ['value'])
      assert.equal(ends.receiver.tryGet(), 1)
      await world.drive(putting)
      await fill(world, ends)
      ends.sender.onWritable(wake('room'))
      assert.deepEqual<string[]>(wakes, ['value'])
      void watch(ends.receiver.get())
      await world.settle()
      assert.deepEqual<string[]>(wakes, ['value', 'room'])
      ends.sender.close()
      await world.settle()
      assert.deepEqual<string[]>(wakes, ['value', 'room'])
    },
  )
}

function endingContract(law: Law): void {
  law('after a close what is inside is received, then get rejects', async (world, ends) => {
    const inside = await fill(world, ends)
    const refused = watch(ends.sender.put('too late'))
    ends.sender.close()
    ends.sender.close()
    await world.settle()
    assert.ok(refused.error instanceof ChannelClosed)
    assert.equal(ends.sender.tryPut(1), false)
    await assert.rejects(ends.sender.put(1), ChannelClosed)
    assert.equal(ends.sender.closed, true)
    const values: Sendable[] = []
    const looping = (async () => {
      for await (const value of ends.receiver) values.push(value)
    })()
    await world.drive(looping)
    assert.equal(values.length, inside)
    await assert.rejects(world.drive(ends.receiver.get()), ChannelClosed)
    assert.deepEqual([ends.receiver.ended, ends.receiver.failure], [true, null])
  })

  law('a close wakes a receiver that waits', async (world, { sender, receiver }) => {
    const getting = watch(receiver.get())
    await world.settle()
    sender.close()
    await world.settle()
    assert.ok(getting.error instanceof ChannelClosed)
  })

  law('a loop that is left leaves the channel as it was', async (world, { sender, receiver }) => {
    const sending = (async () => {
      for (const value of [1, 2, 3]) await sender.put(value)
    })()
    const looping = (async () => {
      for await (const value of receiver) if (value === 2) break
    })()
    await world.drive(looping)
    assert.equal(await world.drive(receiver.get()), 3)
    await world.drive(sending)
    assert.equal(receiver.ended, false)
  })
}

function selectingContract(law: Law): void {
  law('it joins a select as receiver and as sender', async (world, ends) => {
    const other = await world.open()
    const receiving = select(
      { here: receive(ends.receiver), there: receive(other.receiver) },
      {},
      world.ports,
    )
    await world.settle()
    const putting = ends.sender.put('x')
    assert.deepEqual(await world.drive(receiving), { name: 'here', value: 'x' })
    await world.drive(putting)
    const inside = await fill(world, ends)
    const sending = select(
      { out: send(ends.sender, 'y'), in: receive(other.receiver) },
      {},
      world.ports,
    )
    for (let value = 0; value < inside; value++) await world.drive(ends.receiver.get())
    const last = ends.receiver.get()
    assert.deepEqual(await world.drive(sending), { name: 'out', value: undefined })
    assert.equal(await world.drive(last), 'y')
    assert.equal(
      trySelect({ here: receive(ends.receiver), there: receive(other.receiver) }, world.ports),
      undefined,
    )
  })

  law('a select that was ended takes nothing along', async (world, { sender, receiver }) => {
    await world.drive(
      assert.rejects(
        select({ in: receive(receiver) }, { timeoutMs: 1 }, world.ports),
        ChannelTimeout,
      ),
    )
    const putting = sender.put('kept')
    assert.equal(await world.drive(receiver.get()), 'kept')
    await world.drive(putting)
  })

  law(
    'an ended channel is ready in a select, with undefined',
    async (world, { sender, receiver }) => {
      const selecting = select({ in: receive(receiver) }, {}, world.ports)
      await world.settle()
      sender.close()
      assert.deepEqual(await world.drive(selecting), { name: 'in', value: undefined })
      await assert.rejects(select({ out: send(sender, 1) }, {}, world.ports), ChannelClosed)
    },
  )
}

/**
 * What every channel keeps that counts its values until they are done, wherever its two ends live: run by the test of
 * each kind. The end that puts joins, the end that gets says what is done. It speaks to the contract alone.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ChannelMisuse,
  ChannelTimeout,
  type Joinable,
  type Receiver,
  type Sendable,
  type Sender,
} from '../../src/channels/contract.ts'
import { watch } from '../channels/watch.ts'

/** The two ends of one channel. They may be the same object. */
export interface JoinEnds {
  readonly sender: Sender<Sendable> & Joinable
  readonly receiver: Receiver<Sendable> & Joinable
}

export interface JoinWorld {
  open(): Promise<JoinEnds>
  /** Drives whatever must be driven until the promise settles. */
  drive<T>(promise: Promise<T>): Promise<T>
  /** Lets whatever is under way arrive. */
  settle(): Promise<void>
}

/** A kind of channel under test. */
export interface JoinSubject {
  readonly name: string
  /** Runs `body` to its end and cleans up. */
  run(body: (world: JoinWorld) => Promise<void>): Promise<void>
}

type Law = (title: string, body: (world: JoinWorld, ends: JoinEnds) => Promise<void>) => void

export function joinContract(subject: JoinSubject): void {
  const law: Law = (title, body) => {
    test(`${subject.name}: ${title}`, () =>
      subject.run(async (world) => body(world, await world.open())))
  }
  countingContract(law)
  joiningContract(law)
}

/** Puts so many values and gets them all. */
async function cross(world: JoinWorld, { sender, receiver }: JoinEnds, count: number) {
  const puts = Array.from({ length: count }, (_, index) => sender.put(index))
  for (let index = 0; index < count; index++) {
    assert.equal(await world.drive(receiver.get()), index)
  }
  await world.drive(Promise.all(puts))
}

function countingContract(law: Law): void {
  law('taskDone is refused that is said more often than values were got', async (world, ends) => {
    const isRefused = (): void => assert.throws(() => ends.receiver.taskDone(), ChannelMisuse)
    isRefused()
    await cross(world, ends, 2)
    ends.receiver.taskDone()
    ends.receiver.taskDone()
    isRefused()
    await world.drive(ends.sender.join())
    await cross(world, ends, 1)
    ends.receiver.taskDone()
    isRefused()
    await world.drive(ends.sender.join())
  })
}

function joiningContract(law: Law): void {
  law('join is over at once where nothing went in', async (world, { sender }) => {
    await world.drive(sender.join())
    await world.drive(sender.join({ timeoutMs: 0 }))
  })

  law('join ends exactly when every value that went in is done', async (world, ends) => {
    await cross(world, ends, 3)
    const joining = watch(ends.sender.join())
    for (let undone = 3; undone > 0; undone--) {
      await world.settle()
      assert.equal(joining.state, 'pending')
      ends.receiver.taskDone()
    }
    await world.settle()
    assert.equal(joining.state, 'resolved')
  })

  law('join waits for a value that nobody has got yet', async (world, { sender, receiver }) => {
    const putting = sender.put('work')
    await world.settle()
    const getting = receiver.get()
    await world.drive(getting)
    await world.drive(putting)
    const next = sender.put('more work')
    const joining = watch(sender.join())
    receiver.taskDone()
    await world.settle()
    assert.equal(joining.state, 'pending')
    assert.equal(await world.drive(receiver.get()), 'more work')
    await world.drive(next)
    await world.settle()
    assert.equal(joining.state, 'pending')
    receiver.taskDone()
    await world.settle()
    assert.equal(joining.state, 'resolved')
  })

  law('everybody who joins is told, and whoever joins later waits again', async (world, ends) => {
    await cross(world, ends, 1)
    const first = [watch(ends.sender.join()), watch(ends.sender.join())]
    await world.settle()
    ends.receiver.taskDone()
    await world.settle()
    assert.deepEqual(
      first.map(({ state }) => state),
      ['resolved', 'resolved'],
    )
    await cross(world, ends, 1)
    const second = watch(ends.sender.join())
    await world.settle()
    assert.equal(second.state, 'pending')
    ends.receiver.taskDone()
    await world.settle()
    assert.equal(second.state, 'resolved')
  })

  law('a join that was ended has had no effect', async (world, ends) => {
    await cross(world, ends, 1)
    const controller = new AbortController()
    const aborted = watch(ends.sender.join({ signal: controller.signal }))
    await world.drive(assert.rejects(ends.sender.join({ timeoutMs: 1 }), ChannelTimeout))
    await world.drive(assert.rejects(ends.sender.join({ timeoutMs: 0 }), ChannelTimeout))
    controller.abort(new Error('enough'))
    await world.settle()
    assert.deepEqual(aborted.error, new Error('enough'))
    const { signal } = controller
    await assert.rejects(ends.sender.join({ signal }), /enough/)
    const joining = ends.sender.join()
    ends.receiver.taskDone()
    await world.drive(joining)
  })

  law('values that were got are done in whatever order', async (world, ends) => {
    await cross(world, ends, 2)
    ends.receiver.taskDone()
    await cross(world, ends, 2)
    const joining = watch(ends.sender.join())
    for (let undone = 3; undone > 0; undone--) {
      await world.settle()
      assert.equal(joining.state, 'pending')
      ends.receiver.taskDone()
    }
    await world.drive(ends.sender.join())
    await world.settle()
    assert.equal(joining.state, 'resolved')
  })
}

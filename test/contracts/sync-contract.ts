/**
 * What every latch, read-write lock and once keeps, wherever those who share it live: run by the test of each kind. It
 * speaks to the contract alone, and never expects anything to have crossed before the world has been driven.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deferred } from '../../src/base/deferred.ts'
import type { WaitOptions } from '../../src/channels/contract.ts'
import type { AnyLatch, AnyRwLock } from '../../src/channels/sync-contract.ts'
import { SyncMisuse, SyncTimeout } from '../../src/channels/sync-errors.ts'
import { watch } from '../channels/watch.ts'

/** What one party sees of something that happens once: asking for it, with whatever answer. */
export interface OnceView {
  ask(options?: WaitOptions): Promise<unknown>
}

export interface SyncWorld {
  /** Each as two parties see it. They may be the same object. */
  latch(count: number): Promise<readonly [AnyLatch, AnyLatch]>
  lock(): Promise<readonly [AnyRwLock, AnyRwLock]>
  /** Both would run the same task. */
  once(task: () => Promise<void>): Promise<readonly [OnceView, OnceView]>
  /** Drives whatever must be driven until the promise settles. */
  drive<T>(promise: Promise<T>): Promise<T>
  /** Lets whatever is under way arrive. */
  settle(): Promise<void>
}

/** A kind under test. */
export interface SyncSubject {
  readonly name: string
  /** Runs `body` to its end and cleans up. */
  run(body: (world: SyncWorld) => Promise<void>): Promise<void>
}

type Law = (title: string, body: (world: SyncWorld) => Promise<void>) => void

export function syncContract(subject: SyncSubject): void {
  const law: Law = (title, body) => {
    test(`${subject.name}: ${title}`, () => subject.run(body))
  }
  latchContract(law)
  lockContract(law)
  lockWaitContract(law)
  onceContract(law)
}

function latchContract(law: Law): void {
  law('a latch lets everyone pass at zero, and from then on', async (world) => {
    const [first, second] = await world.latch(3)
    const waits = [watch(first.wait()), watch(second.wait())]
    await world.drive(answer(() => first.countDown(2)))
    await world.settle()
    assert.deepEqual(
      waits.map(({ state }) => state),
      ['pending', 'pending'],
    )
    await world.drive(answer(() => second.countDown()))
    await world.settle()
    assert.deepEqual(
      waits.map(({ state }) => state),
      ['resolved', 'resolved'],
    )
    await world.drive(first.wait({ timeoutMs: 0 }))
  })

  law('a wait at a latch ends by time or by signal, and the count stays', async (world) => {
    const [first, second] = await world.latch(1)
    await world.drive(assert.rejects(first.wait({ timeoutMs: 1 }), SyncTimeout))
    const before = AbortSignal.abort(new Error('before'))
    await world.drive(assert.rejects(second.wait({ signal: before }), /before/))
    const controller = new AbortController()
    const leaving = watch(second.wait({ signal: controller.signal }))
    const staying = watch(first.wait())
    await world.settle()
    controller.abort(new Error('enough'))
    await world.settle()
    assert.deepEqual([leaving.error, staying.state], [new Error('enough'), 'pending'])
    await world.drive(answer(() => first.countDown()))
    await world.settle()
    assert.equal(staying.state, 'resolved')
  })

  law('to count a latch below zero is an error, and counts nothing', async (world) => {
    const [first, second] = await world.latch(2)
    for (const by of [3, -1, 0.5]) {
      await world.drive(
        assert.rejects(
          answer(() => second.countDown(by)),
          SyncMisuse,
        ),
      )
    }
    await world.drive(answer(() => second.countDown(2)))
    await world.drive(first.wait())
    await world.drive(
      assert.rejects(
        answer(() => first.countDown()),
        SyncMisuse,
      ),
    )
  })
}

function lockContract(law: Law): void {
  law('readers hold a lock together, a writer holds it alone', async (world) => {
    const [first, second] = await world.lock()
    const readers = [await world.drive(first.read()), await world.drive(second.read())]
    assert.equal(await world.drive(answer(() => second.tryWrite())), undefined)
    const writing = watch(second.write())
    await world.drive(answer(() => readers[0]?.release()))
    await world.settle()
    assert.equal(writing.state, 'pending')
    await world.drive(answer(() => readers[1]?.release()))
    await world.settle()
    assert.equal(writing.state, 'resolved')
    for (const side of ['tryRead', 'tryWrite'] as const) {
      assert.equal(await world.drive(answer(() => first[side]())), undefined)
    }
    await world.drive(answer(() => writing.value?.release()))
    const again = await world.drive(answer(() => first.tryWrite()))
    assert.ok(again !== undefined)
    await world.drive(answer(() => again.release()))
  })

  law('what is released twice was released once', async (world) => {
    const [first, second] = await world.lock()
    const mine = await world.drive(first.read())
    const yours = await world.drive(second.read())
    await world.drive(answer(() => mine.release()))
    await world.drive(answer(() => mine.release()))
    assert.equal(await world.drive(answer(() => first.tryWrite())), undefined)
    await world.drive(answer(() => yours.release()))
    assert.ok((await world.drive(answer(() => first.tryWrite()))) !== undefined)
  })
}

function lockWaitContract(law: Law): void {
  law('who waits to write keeps new readers out, until it gives up', async (world) => {
    const [first, second] = await world.lock()
    const reading = await world.drive(first.read())
    const controller = new AbortController()
    const writing = watch(second.write({ signal: controller.signal }))
    await world.settle()
    assert.equal(await world.drive(answer(() => first.tryRead())), undefined)
    const late = watch(first.read())
    await world.settle()
    assert.equal(late.state, 'pending')
    controller.abort(new Error('enough'))
    await world.settle()
    assert.deepEqual([writing.error, late.state], [new Error('enough'), 'resolved'])
    await world.drive(answer(() => late.value?.release()))
    await world.drive(answer(() => reading.release()))
    assert.ok((await world.drive(answer(() => second.tryWrite()))) !== undefined)
  })

  law('a wait at a lock that ends by time has taken nothing', async (world) => {
    const [first, second] = await world.lock()
    const writing = await world.drive(first.write())
    await world.drive(assert.rejects(second.read({ timeoutMs: 1 }), SyncTimeout))
    await world.drive(assert.rejects(second.write({ timeoutMs: 0 }), SyncTimeout))
    const before = AbortSignal.abort(new Error('before'))
    await world.drive(assert.rejects(second.read({ signal: before }), /before/))
    await world.drive(answer(() => writing.release()))
    assert.ok((await world.drive(answer(() => first.tryWrite()))) !== undefined)
  })
}

function onceContract(law: Law): void {
  law('what is to happen once happens once, and all who ask wait for it', async (world) => {
    const over = deferred<void>()
    let runs = 0
    const [first, second] = await world.once(() => {
      runs++
      return over.promise
    })
    const early = [watch(first.ask()), watch(second.ask())]
    await world.settle()
    assert.deepEqual([runs, ...early.map(({ state }) => state)], [1, 'pending', 'pending'])
    over.resolve()
    await world.settle()
    assert.deepEqual(
      early.map(({ state }) => state),
      ['resolved', 'resolved'],
    )
    await world.drive(second.ask())
    assert.equal(runs, 1)
  })

  law('what failed has not happened: the next one tries again', async (world) => {
    let runs = 0
    const [first, second] = await world.once(async () => {
      runs++
      if (runs === 1) throw new Error('not yet')
    })
    await world.drive(assert.rejects(first.ask(), /not yet/))
    await world.drive(second.ask())
    await world.drive(first.ask())
    assert.equal(runs, 2)
  })

  law('who stops waiting for what happens once does not stop it', async (world) => {
    const over = deferred<void>()
    const [first, second] = await world.once(() => over.promise)
    const running = watch(first.ask())
    await world.settle()
    await world.drive(assert.rejects(second.ask({ timeoutMs: 1 }), SyncTimeout))
    const before = AbortSignal.abort(new Error('before'))
    await world.drive(assert.rejects(second.ask({ signal: before }), /before/))
    over.resolve()
    await world.settle()
    assert.equal(running.state, 'resolved')
    await world.drive(second.ask({ timeoutMs: 0 }))
  })
}

/** An answer that may come at once or later, as one that comes later. */
async function answer<V>(call: () => V | Promise<V>): Promise<V> {
  return await call()
}

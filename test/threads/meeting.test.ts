/** Real threads that wait for each other: barriers and locks, with and without deaths. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pick, SeededRandom } from '../../src/base/random.ts'
import { ThreadBarrier } from '../../src/channels/threads/thread-barrier.ts'
import { ThreadElection } from '../../src/channels/threads/thread-election.ts'
import { ThreadLatch } from '../../src/channels/threads/thread-latch.ts'
import { ThreadOnce } from '../../src/channels/threads/thread-once.ts'
import { ThreadRwLock } from '../../src/channels/threads/thread-rw-lock.ts'
import { ThreadMutex, ThreadSemaphore } from '../../src/channels/threads/thread-semaphore.ts'
import { type Deed, Party, type Way } from './party.ts'

const ways: readonly Way[] = ['sync', 'sync', 'async', 'async']

/** Runs the deed in four threads, two of which block, and gives their answers. */
async function inFour(deed: Deed): Promise<{ answers: unknown[]; traces: Int32Array }> {
  const traces = new SharedArrayBuffer(64)
  const parties = ways.map((way) => new Party(deed, { way, traces }))
  try {
    const answers = await Promise.all(parties.map((party) => party.answer()))
    return { answers, traces: new Int32Array(traces) }
  } finally {
    await Promise.all(parties.map((party) => party.end()))
  }
}

test('a barrier lets nobody go on before all have arrived, with one leader a round', async () => {
  const barrier = ThreadBarrier.create({ parties: ways.length })
  const count = 1_000
  const { answers } = await inFour({ kind: 'rounds', barrier: barrier.handle, count })
  const indexes = answers as number[][]
  for (let round = 0; round < count; round++) {
    const all = indexes.map((own) => own[round] ?? -1)
    assert.deepEqual(
      all.toSorted((left, right) => left - right),
      [0, 1, 2, 3],
    )
  }
})

test('a party that dies breaks the barrier for the others, whichever way they wait', async () => {
  const traces = new SharedArrayBuffer(64)
  const barrier = ThreadBarrier.create({ parties: ways.length + 1 })
  const deed: Deed = { kind: 'rounds', barrier: barrier.handle, count: 1_000_000 }
  const parties = ways.map((way) => new Party(deed, { way, traces }))
  const victim = new Party(deed, { way: 'sync', traces })
  await Promise.all([victim, ...parties].map((party) => party.begun))
  await victim.end()
  const answers = await Promise.all(parties.map((party) => party.answer()))
  assert.deepEqual(new Set(answers), new Set(['BARRIER_BROKEN']))
  assert.equal((await barrier.state()).broken?.reason, 'lost')
  await Promise.all(parties.map((party) => party.end()))
})

test('under a mutex nothing that is read and written gets lost', async () => {
  const mutex = ThreadMutex.create()
  const { traces } = await inFour({ kind: 'count-locked', mutex: mutex.handle, count: 500 })
  assert.equal(traces[0], 500 * ways.length)
})

for (const way of ['sync', 'async'] as const) {
  test(`what a thread held that died comes free, and whoever holds it next is told (${way})`, async () => {
    const semaphore = ThreadSemaphore.create(3)
    const lock = ThreadRwLock.create()
    const election = ThreadElection.create()
    const once = ThreadOnce.create()
    const held = {
      semaphore: semaphore.handle,
      lock: lock.handle,
      election: election.handle,
      once: once.handle,
    }
    const traces = new SharedArrayBuffer(64)
    const holder = new Party({ kind: 'hold', held }, { way, traces })
    await holder.begun
    assert.equal(semaphore.tryAcquire(2), undefined)
    assert.equal(lock.tryRead(), undefined)
    const limit = { timeoutMs: 30_000 }
    const next = Promise.all([semaphore.acquire({ permits: 3, ...limit }), lock.read(limit)])
    const elected = election.campaign('main', limit)
    const ran = once.run(() => undefined, limit)
    await holder.end()
    for (const guard of await next) {
      assert.ok(guard.afterDeath)
      guard.release()
    }
    assert.equal(semaphore.tryAcquire()?.afterDeath, false)
    assert.equal(lock.tryWrite()?.afterDeath, false)
    const leadership = await elected
    assert.equal(leadership.term, 2)
    leadership.resign()
    assert.ok(leadership.signal.aborted)
    assert.equal(await ran, 'ran')
  })
}

test('a lock that a thread forgot comes free when the thread ends, even if it ends well', async () => {
  const mutex = ThreadMutex.create()
  const traces = new SharedArrayBuffer(64)
  const deed: Deed = { kind: 'hold-and-end', mutex: mutex.handle }
  const holder = new Party(deed, { way: 'sync', traces })
  await holder.begun
  const guard = await mutex.lock({ timeoutMs: 30_000 })
  assert.ok(guard.afterDeath)
  assert.equal(await holder.answer(), 'EXIT')
})

test('threads that are ended at any moment, holding or waiting, leave the others going on', async () => {
  const traces = new SharedArrayBuffer(64)
  const random = new SeededRandom(11)
  const mutex = ThreadMutex.create()
  const deed = (count: number): Deed => ({ kind: 'count-locked', mutex: mutex.handle, count })
  const parties = ways.map((way) => new Party(deed(2_000), { way, traces }))
  for (let round = 0; round < 8; round++) {
    const way = round % 2 === 0 ? 'sync' : 'async'
    const victim = new Party(deed(1_000_000), { way, traces })
    await victim.begun
    await sleep(pick(random, [0, 1, 2, 5, 10]))
    await victim.end()
  }
  const answers = await Promise.all(parties.map((party) => party.answer()))
  assert.deepEqual(answers, [2_000, 2_000, 2_000, 2_000])
  mutex.tryLock()?.release()
  await Promise.all(parties.map((party) => party.end()))
})

test('writers are alone, and readers see no writer', async () => {
  const lock = ThreadRwLock.create()
  const { traces } = await inFour({ kind: 'read-write', lock: lock.handle, count: 400 })
  assert.equal(traces[0], 100 * ways.length)
})

test('what is to happen once happens once, and all find it done', async () => {
  const once = ThreadOnce.create()
  const { answers, traces } = await inFour({ kind: 'once', once: once.handle })
  assert.deepEqual(
    answers.map(String).toSorted((a, b) => (a < b ? -1 : 1)),
    ['ran', 'waited', 'waited', 'waited'],
  )
  assert.equal(traces[0], 1)
  assert.ok(once.done)
})

test('a latch lets all pass when it has been counted down', async () => {
  const latch = ThreadLatch.create(ways.length)
  const { answers } = await inFour({ kind: 'latch', latch: latch.handle })
  assert.deepEqual(answers, [0, 0, 0, 0])
  await latch.wait()
  assert.throws(() => latch.countDown(), { code: 'SYNC_MISUSE' })
})

test('a semaphore lends what it has, and no more', async () => {
  const semaphore = ThreadSemaphore.create(3)
  const there = ThreadSemaphore.attach(semaphore.handle)
  const two = await semaphore.acquire({ permits: 2 })
  const one = there.tryAcquire()
  assert.ok(one !== undefined)
  assert.equal(there.tryAcquire(), undefined)
  await assert.rejects(there.acquire({ timeoutMs: 1 }), { code: 'SYNC_TIMEOUT' })
  const three = there.acquire({ permits: 3 })
  two.release()
  two.release()
  one.release()
  using _guard = await three
  assert.throws(() => semaphore.tryAcquire(4), { code: 'SYNC_MISUSE' })
  assert.equal(semaphore.tryAcquire(), undefined)
})

test('who waits to write keeps new readers out, until it gives up', async () => {
  const lock = ThreadRwLock.create()
  const there = ThreadRwLock.attach(lock.handle)
  const reading = await lock.read()
  const writing = there.write({ timeoutMs: 20 })
  assert.equal(lock.tryRead(), undefined)
  const later = lock.read()
  await assert.rejects(writing, { code: 'SYNC_TIMEOUT' })
  ;(await later).release()
  reading.release()
  lock.tryWrite()?.release()
  there.detach()
  await assert.rejects(there.read(), { code: 'SYNC_CLOSED' })
})

test('a party that detaches gives up what it waits for, and nobody else sits in its place', async () => {
  const barrier = ThreadBarrier.create({ parties: 2 })
  const there = ThreadBarrier.attach(barrier.handle)
  const waiting = there.wait()
  there.detach()
  await assert.rejects(waiting, { code: 'BARRIER_MISUSE' })
  await assert.rejects(barrier.wait(), { code: 'BARRIER_BROKEN' })
  await assert.rejects(there.wait(), { code: 'BARRIER_MISUSE' })
  const latch = ThreadLatch.create(1, { seats: 2 })
  const counter = ThreadLatch.attach(latch.handle)
  const gone = counter.wait()
  counter.detach()
  counter.detach()
  await assert.rejects(gone, { code: 'SYNC_CLOSED' })
  const third = ThreadLatch.attach(latch.handle)
  counter.detach()
  assert.throws(() => ThreadLatch.attach(latch.handle), { message: /2 seats/ })
  third.countDown()
  await latch.wait()
})

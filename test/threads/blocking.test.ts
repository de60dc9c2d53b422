/** A thread that blocks can be ended: by its time, by whoever closes or breaks what it waits at, never by a signal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  Blocked,
  type BlockingName,
  type BlockingOptions,
  blocking,
  type HeldPlace,
  heldPlace,
} from './blocking.ts'

const names = Object.keys(blocking) as BlockingName[]

test('every call that blocks ends when its time is up', async () => {
  const ended = await Promise.all(names.map((name) => endOf(name, { timeoutMs: 10 })))
  assert.deepEqual(ended, Object.values(blocking))
})

test('a signal that has fired before is honoured by every call that blocks', async () => {
  const ended = await Promise.all(names.map((name) => endOf(name, { signal: 'fired' })))
  assert.deepEqual(ended, Array(names.length).fill('AbortError'))
})

/** How the call ends in a place where it finds nothing. */
async function endOf(name: BlockingName, options: BlockingOptions): Promise<string> {
  const blocked = new Blocked(name, await heldPlace(), options)
  try {
    return await blocked.ended
  } finally {
    await blocked.end()
  }
}

/** What another thread can do to end such a wait, and what the wait ends with. */
const endings: readonly (readonly [BlockingName, (place: HeldPlace) => unknown, string])[] = [
  ['getSync', ({ empty }) => empty.close(), 'CHANNEL_CLOSED'],
  ['putSync', ({ full }) => full.close(), 'CHANNEL_CLOSED'],
  ['putSync', ({ full }) => full.close('now'), 'CHANNEL_CLOSED'],
  ['barrier.waitSync', ({ barrier }) => barrier.close(), 'BARRIER_BROKEN'],
  ['barrier.waitSync', ({ barrier }) => barrier.abort('enough'), 'BARRIER_BROKEN'],
  ['barrier.waitSync', ({ barrier }) => barrier.reset(), 'BARRIER_BROKEN'],
  ['latch.waitSync', ({ latch }) => latch.countDown(), 'returned'],
  ['acquireSync', (place) => place.release(), 'returned'],
  ['lockSync', (place) => place.release(), 'returned'],
  ['readSync', (place) => place.release(), 'returned'],
  ['writeSync', ({ lock }) => lock.detach(), 'returned'],
  ['runSync', ({ once }) => once.detach(), 'returned'],
  ['campaignSync', ({ election }) => election.detach(), 'returned'],
]

for (const [index, [name, end, outcome]] of endings.entries()) {
  test(`${name} ends at once when another thread has its way (${index + 1})`, async () => {
    const tookMs: number[] = []
    // Asleep, about to sleep or not even there: the moment is drawn by how long this thread waits.
    for (const delayMs of [0, 1, 10]) {
      const place = await heldPlace()
      const blocked = new Blocked(name, place, {})
      await blocked.begun
      await sleep(delayMs)
      const sinceMs = performance.now()
      await end(place)
      assert.equal(await blocked.ended, outcome)
      tookMs.push(performance.now() - sinceMs)
      await blocked.end()
    }
    // A sleeper that nobody wakes looks up once a second: then most would take half of one.
    assert.ok(tookMs.toSorted((a, b) => a - b)[1]! < 500, tookMs.join(' '))
  })
}

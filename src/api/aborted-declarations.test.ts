/** What a broker declares, commits and opens ends with its signal, and what had no room by then is not done. */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { microtasks } from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import { expectMark } from '../base/mark.ts'
import type { World } from '../base/ports.ts'
import { SeededRandom } from '../base/random.ts'
import { Broker, type BrokerOptions, type BrokerQueue } from '../mod.ts'

const KiB = 1024
const clock = { wallMs: () => 0, monotonicMs: () => 0 }

function openOn(disk: CrashDisk, options: BrokerOptions = {}): Promise<Broker> {
  const random = new SeededRandom(1)
  const world: World = { clock, random, disk, scheduler: microtasks, net: null as never }
  return Broker.open({ dir: 'data', ...options }, world)
}

/** In one turn, until there is no room for the smallest message. */
function fillTurn(queue: BrokerQueue<string>): void {
  for (const body of ['x'.repeat(100 * KiB), 'x'.repeat(KiB), 'x']) {
    while (queue.trySend(body) !== null);
  }
}

const reason = new Error('enough')

/** A signal, how it is fired, and how many listen to it. */
function aborting(): { options: { signal: AbortSignal }; abort(): void; listeners(): number } {
  const controller = new AbortController()
  const { signal } = controller
  return {
    options: { signal },
    abort: () => controller.abort(reason),
    listeners: () => getEventListeners(signal, 'abort').length,
  }
}

async function rejectAll(calls: readonly Promise<unknown>[]): Promise<void> {
  await Promise.all(calls.map((call) => assert.rejects(call, reason)))
}

test('what is declared with a signal that has fired is not', async () => {
  const broker = await settled(openOn(new CrashDisk()), 'the broker')
  await settled(broker.queue('there', {}), 'a queue')
  const { options, abort, listeners } = aborting()
  abort()
  await assert.rejects(broker.queue('q', options), reason)
  await assert.rejects(broker.queue('there', options), reason)
  await assert.rejects(broker.stream('s', options), reason)
  await assert.rejects(broker.queue('q'), { code: 'QUEUE_MISSING' })
  await assert.rejects(broker.stream('s'), { code: 'STREAM_MISSING' })
  assert.equal(listeners(), 0)
  await settled(broker.close(), 'the close')
})

test('what is declared or deleted and aborted while it waits for room is not', async () => {
  const broker = await settled(openOn(new CrashDisk()), 'the broker')
  const queue = await settled(broker.queue<string>('jobs', {}), 'a queue')
  const stream = await settled(broker.stream('facts', {}), 'a stream')
  const { options, abort, listeners } = aborting()
  await expectMark('declarations/wait-for-room', async () => {
    fillTurn(queue)
    const calls = [broker.queue('q', options), broker.stream('s', options)]
    const deletions = [queue.delete(options), stream.delete(options)]
    abort()
    await rejectAll([...calls, ...deletions])
  })
  assert.equal(listeners(), 0)
  await drained()
  await assert.rejects(broker.queue('q'), { code: 'QUEUE_MISSING' })
  await assert.rejects(broker.stream('s'), { code: 'STREAM_MISSING' })
  await settled(broker.queue('jobs'), 'the queue')
  await settled(broker.stream('facts'), 'the stream')
  const later = await settled(broker.queue<string>('q', aborting().options), 'the queue')
  await settled(later.send('x'), 'a message')
  await settled(broker.close(), 'the close')
})

test('what is declared and aborted while the disk takes it is there', async () => {
  const disk = new CrashDisk()
  const broker = await settled(openOn(disk), 'the broker')
  const { options, abort, listeners } = aborting()
  const calls = [broker.queue('q', options), broker.stream('s', options)]
  abort()
  await rejectAll(calls)
  assert.equal(listeners(), 0)
  await drained()
  await settled(broker.queue('q'), 'the queue')
  await settled(broker.stream('s'), 'the stream')
  await settled(broker.close(), 'the close')
})

test('a commit that is aborted while it waits for room is not made, and the next one is', async () => {
  const broker = await settled(openOn(new CrashDisk()), 'the broker')
  const queue = await settled(broker.queue<string>('jobs', {}), 'a queue')
  const stream = await settled(broker.stream<string>('facts', {}), 'a stream')
  await settled(stream.appendMany([{ body: '0' }, { body: '1' }]), 'the records')
  const reading = stream.readBatches({ group: 'g', recordsMax: 1 })
  const { value: batch } = await settled(reading.next(), 'a batch')
  const { options, abort, listeners } = aborting()
  fillTurn(queue)
  const calls = [batch!.commit(options), stream.moveGroup('other', 1, options)]
  abort()
  await rejectAll(calls)
  assert.equal(listeners(), 0)
  await drained()
  await settled(reading.return(undefined), 'the end of reading')
  for (const group of ['g', 'other']) {
    const again = stream.readBatches({ group, recordsMax: 1 })
    const { value } = await settled(again.next(), 'the batch again')
    assert.equal(value!.records[0]!.offset, 0, group)
    await settled(value!.commit(aborting().options), 'the commit')
    assert.equal((await settled(again.next(), 'the next batch')).value!.records[0]!.offset, 1)
    await again.return(undefined)
  }
  await settled(broker.close(), 'the close')
})

test('an opening that is aborted rejects at once, and lets the directory go', async () => {
  const disk = new CrashDisk()
  const { options, abort, listeners } = aborting()
  const opening = openOn(disk, options)
  assert.equal(listeners(), 1)
  abort()
  await assert.rejects(opening, reason)
  assert.equal(listeners(), 0)
  await drained()
  assert.deepEqual(disk.openPaths, [])
  await assert.rejects(openOn(disk, options), reason)
  assert.deepEqual(disk.openPaths, [])
  const broker = await settled(openOn(disk, aborting().options), 'the broker')
  await settled(broker.close(), 'the close')
})

test('an opening may be aborted at any moment of it, after a crash too', async () => {
  const disk = new CrashDisk()
  const before = await settled(openOn(disk), 'the broker')
  const queue = await settled(before.queue<string>('jobs', {}), 'a queue')
  await settled(queue.send('x'), 'a message')
  const left = disk.killProcess()
  let abortedCount = 0
  for (let isOpened: boolean = false, hops = 0; !isOpened && hops < 10_000; hops += 7) {
    const { options, abort, listeners } = aborting()
    const opening = openOn(left, options).then(
      (broker) => broker.close(),
      (error: unknown) => error,
    )
    for (let hop = 0; hop < hops; hop++) await null
    isOpened = listeners() === 0
    abort()
    const end = await settled(opening, 'the opening')
    assert.equal(end, isOpened ? undefined : reason)
    if (!isOpened) abortedCount++
    await drained()
    assert.deepEqual(left.openPaths, [], `aborted after ${hops} hops`)
  }
  assert(abortedCount > 5, `aborted ${abortedCount} times only`)
})

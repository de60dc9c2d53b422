/** Records one by one in a group: asking for the next one says that this one was consumed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { microtasks } from '../../test/journal/journal-world.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import type { World } from '../base/ports.ts'
import { SeededRandom } from '../base/random.ts'
import { Broker, type BrokerStream } from '../mod.ts'
import { Progress } from './progress.ts'

function openOn(disk: CrashDisk): Promise<Broker> {
  const clock = { wallMs: () => 0, monotonicMs: () => 0 }
  const random = new SeededRandom(1)
  const world: World = { clock, random, disk, scheduler: microtasks, net: null as never }
  return settled(Broker.open({ dir: 'data' }, world), 'the broker')
}

async function withStream(use: (stream: BrokerStream) => Promise<void>): Promise<void> {
  const broker = await Broker.open()
  try {
    const stream = await broker.stream('facts', {})
    await stream.appendMany(['0', '1', '2', '3', '4'].map((body) => ({ body })))
    await use(stream)
  } finally {
    await broker.close()
  }
}

/** Reads as a group until so many came, and goes. */
async function readSome(stream: BrokerStream, count: number): Promise<string> {
  let texts = ''
  for await (const record of stream.read({ group: 'g' })) {
    texts += record.text()
    if (texts.length === count) break
  }
  return texts
}

test('whoever goes in the middle is followed by one who gets the last record again, and no other', () =>
  withStream(async (stream) => {
    assert.equal(await readSome(stream, 3), '012')
    assert.equal(await readSome(stream, 1), '2')
    assert.equal(await readSome(stream, 3), '234')
  }))

test('whoever fails at a record has consumed those before it', () =>
  withStream(async (stream) => {
    const reading = async (): Promise<void> => {
      for await (const record of stream.read({ group: 'g' })) {
        if (record.text() === '3') throw new Error('no more')
      }
    }
    await assert.rejects(reading(), /no more/)
    assert.equal(await readSome(stream, 2), '34')
  }))

test('whoever is aborted ends with the record that it has, which was consumed', () =>
  withStream(async (stream) => {
    for (const options of [{ group: 'g' }, {}]) {
      const stop = new AbortController()
      const texts: string[] = []
      for await (const record of stream.read({ ...options, signal: stop.signal })) {
        texts.push(record.text())
        if (texts.length === 2) stop.abort()
      }
      assert.deepEqual(texts, ['0', '1'])
    }
    assert.equal(await readSome(stream, 1), '2')
  }))

test('what was consumed is written down while more of the batch is, so that a crash finds it', async () => {
  const disk = new CrashDisk()
  const broker = await openOn(disk)
  const stream = await settled(broker.stream('facts', {}), 'the stream')
  const bodies = ['0', '1', '2', '3', '4'].map((body) => ({ body }))
  await settled(stream.appendMany(bodies), 'the records')
  const reading = stream.read({ group: 'g' })
  for (let count = 0; count < 4; count++) {
    await settled(reading.next(), 'a record')
    await drained()
  }
  const again = await openOn(disk.killProcess())
  const found = await settled(again.stream('facts'), 'the stream')
  assert.equal(await settled(readSome(found, 2), 'the rest'), '34')
})

test('commits go out one after the other, and say only how far it is by then', async () => {
  const written: number[] = []
  const ends: (() => void)[] = []
  const commit = (offset: number): Promise<void> => {
    written.push(offset)
    return new Promise((resolve) => ends.push(resolve))
  }
  const progress = new Progress(microtasks, commit, 0)
  for (const offset of [1, 2, 3]) progress.reach(offset)
  await drained()
  for (const offset of [4, 5, 6]) progress.reach(offset)
  await drained()
  assert.deepEqual(written, [3])
  ends.shift()!()
  await drained()
  assert.deepEqual(written, [3, 6])
  progress.reach(7)
  let isOver: boolean = false
  void progress.end().then(() => {
    isOver = true
  })
  for (const count of [2, 3]) {
    await drained()
    assert.deepEqual([written.length, isOver], [count, false])
    ends.shift()!()
  }
  await drained()
  assert.deepEqual([written, isOver], [[3, 6, 7], true])
})

test('a commit that failed is tried again at the end, and told there', async () => {
  let tries = 0
  const commit = (): Promise<void> => {
    tries++
    return Promise.reject(new Error('no'))
  }
  const progress = new Progress(microtasks, commit, 0)
  progress.reach(1)
  await drained()
  assert.equal(tries, 1)
  await assert.rejects(progress.end(), /no/)
  assert.equal(tries, 2)
})

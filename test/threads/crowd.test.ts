/** Crowds of real threads, for seconds; `npm run stress` has minutes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../src/base/random.ts'
import { type CrowdOptions, checkOutcome, runCrowd } from './crowd.ts'

const small: CrowdOptions = {
  producers: ['sync', 'async'],
  consumers: ['sync', 'async'],
  count: 20_000,
  sizes: [8, 64, 200],
  ringBytes: 65_536,
  capacity: Number.POSITIVE_INFINITY,
  ends: 'just ends',
}

async function run(options: CrowdOptions): Promise<void> {
  const outcome = await runCrowd(options, [], new SeededRandom(1))
  for (const report of outcome.put) assert.equal(report?.code, '')
  for (const report of outcome.got) assert.equal(report?.code, 'CHANNEL_CLOSED')
  checkOutcome(outcome, options)
}

test('nothing is lost, doubled or torn, and each producer keeps its order', () => run(small))

test('the same when the ring is nearly always full', () =>
  run({ ...small, ringBytes: 1024, count: 8_000 }))

test('the same one message at a time', () => run({ ...small, capacity: 1, count: 4_000 }))

test('the same with messages that go in parts among the others', () =>
  run({ ...small, ringBytes: 4096, sizes: [8, 5_000, 64, 2_000, 20_000], count: 1_500 }))

test('the same with waits that end early, in all ways at once', () =>
  run({
    ...small,
    producers: ['sync', 'mixed', 'async'],
    consumers: ['mixed', 'sync', 'mixed'],
    ringBytes: 2048,
    sizes: [8, 64, 3_000],
    count: 2_000,
  }))

test('every join is over when all is done, while others still put', () =>
  run({
    ...small,
    producers: ['sync', 'mixed', 'async'],
    consumers: ['mixed', 'sync', 'async'],
    ringBytes: 2048,
    sizes: [8, 64, 3_000],
    count: 2_000,
    ends: 'joins',
  }))

test('when somebody is ended, every join is over, or told of what is lost', async () => {
  const random = new SeededRandom(11)
  for (let round = 0; round < 6; round++) {
    const options: CrowdOptions = {
      ...small,
      producers: ['sync', 'async'],
      consumers: ['sync', 'async', 'mixed'],
      ringBytes: 4096,
      sizes: [8, 64, 600, 3_000],
      count: 2_000,
      ends: 'joins',
    }
    const ended = round % 2 === 0 ? [`consumer ${round % 3}`] : [`producer ${round % 2}`]
    const outcome = await runCrowd(options, ended, random)
    checkOutcome(outcome, options)
    for (const report of outcome.put) {
      assert.ok(['', 'CHANNEL_PEER_LOST', undefined].includes(report?.code))
    }
  }
})

test('threads that are ended at any moment leave the others going on, or told', async () => {
  const random = new SeededRandom(7)
  for (let round = 0; round < 6; round++) {
    const options: CrowdOptions = {
      ...small,
      producers: ['sync', 'async', 'mixed'],
      consumers: ['sync', 'async', 'mixed'],
      ringBytes: round % 2 === 0 ? 1024 : 16_384,
      sizes: [8, 64, 600, 3_000],
      count: 2_000,
    }
    const ended = [`producer ${round % 3}`, `consumer ${(round + 1) % 3}`]
    const outcome = await runCrowd(options, ended, random)
    checkOutcome(outcome, options)
  }
})

test('when all who receive have been ended, those who send are told', async () => {
  const options: CrowdOptions = { ...small, consumers: ['sync', 'async'], count: 10_000_000 }
  const outcome = await runCrowd(options, ['consumer 0', 'consumer 1'], new SeededRandom(3))
  assert.deepEqual(
    outcome.put.map((report) => report?.code),
    ['CHANNEL_PEER_LOST', 'CHANNEL_PEER_LOST'],
  )
})

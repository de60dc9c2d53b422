/** Laws of the machine: what ran, what is replayed and what is restored are the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CountedBodies, EntryLog, imageOf, NO_SNAPSHOT } from '../../test/machine/entry-log.ts'
import { MachineRun } from '../../test/machine/machine-run.ts'
import { portraitOf } from '../../test/machine/portrait.ts'
import { Panic } from '../base/assert.ts'
import { Fault } from '../base/fault.ts'
import { durabilityModes } from './durability.ts'
import { KIND_BATCH, KIND_MESSAGE } from './entry.ts'
import { Machine } from './machine.ts'
import { NO_TTL } from './message.ts'
import { restore } from './restore.ts'

type Step = (run: MachineRun) => void | Promise<void>

const queueName = fc.constantFrom('a', 'b', 'c')
const exchangeName = fc.constantFrom('x', 'y')
const namespaceName = fc.constantFrom('/', 'other')
const durability = fc.constantFrom(null, null, ...durabilityModes)
const pick = fc.nat(5)
const ttl = fc.nat(2 ** 40)

const step = <T>(
  weight: number,
  arbitrary: fc.Arbitrary<T>,
  act: (run: MachineRun, drawn: T) => void | Promise<void>,
) => ({
  weight,
  arbitrary: arbitrary.map(
    (drawn): Step =>
      (run) =>
        act(run, drawn),
  ),
})

const stepArb: fc.Arbitrary<Step> = fc.oneof(
  step(3, fc.tuple(namespaceName, queueName, durability), (run, [namespace, name, declared]) =>
    run.declareQueue(namespace, name, declared),
  ),
  step(1, queueName, (run, name) => run.declareSessionQueue(`session ${name}`)),
  step(1, pick, (run, each) => run.deleteQueue(each)),
  step(2, exchangeName, (run, name) => run.declareExchange(name)),
  step(1, exchangeName, (run, name) => run.deleteExchange(name)),
  step(
    3,
    fc.tuple(fc.constantFrom('bound', 'bound', 'unbound'), exchangeName, pick),
    (run, [kind, exchange, each]) => run.bind(kind, { exchange, pick: each, key: `k${each}` }),
  ),
  step(
    2,
    fc.tuple(namespaceName, queueName, fc.integer({ min: 1, max: 3 })),
    (run, [namespace, name, count]) => run.declareStream(namespace, name, count),
  ),
  step(1, fc.tuple(namespaceName, queueName), (run, [namespace, name]) =>
    run.deleteStream(namespace, name),
  ),
  step(
    4,
    fc.tuple(
      pick,
      fc.integer({ min: 1, max: 9 }),
      fc.double({ min: -2, max: 2 ** 50, noNaN: true }),
    ),
    (run, [each, count, timeMs]) => run.append(each, count, timeMs),
  ),
  step(1, pick, (run, each) => {
    for (let count = 0; count < 600; count++) run.append(each, 1, 5)
  }),
  step(2, fc.tuple(pick, fc.nat(100)), (run, [each, percent]) => run.cut(each, percent / 100)),
  step(
    3,
    fc.tuple(queueName, pick, fc.option(fc.record({ offset: fc.nat(), note: fc.string() }))),
    (run, [name, each, place]) => run.commit(name, each, place),
  ),
  step(1, queueName, (run, name) => run.deleteGroup(name)),
  step(
    9,
    fc.tuple(fc.array(pick, { minLength: 1, maxLength: 3 }), fc.nat(99), fc.nat(1)),
    (run, [picks, size, flags]) => run.publish(picks, size, flags),
  ),
  step(
    4,
    fc.tuple(fc.array(pick, { minLength: 1, maxLength: 4 }), fc.nat(99), fc.nat(1), ttl),
    (run, [picks, size, flags, ttlMs]) => run.publish(picks, size, flags, ttlMs),
  ),
  step(4, fc.tuple(pick, fc.integer({ min: 1, max: 5 })), (run, [each, count]) =>
    run.expire(each, count),
  ),
  step(
    4,
    fc.tuple(
      fc.array(pick, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('published' as const, 'published' as const, 'given up' as const),
      fc.option(ttl, { nil: NO_TTL }),
    ),
    (run, [picks, pieces, end, ttlMs]) => run.publishLarge(picks, pieces, end, ttlMs),
  ),
  step(1, fc.tuple(pick, fc.integer({ min: 300, max: 1500 })), (run, [each, count]) => {
    for (let index = 0; index < count; index++) run.publish([each], 1, 0)
  }),
  step(4, pick, (run, each) => run.pass(each)),
  step(9, pick, (run, each) => run.take(each)),
  step(
    5,
    fc.tuple(pick, fc.nat(), fc.constantFrom(0 as const, 1 as const)),
    (run, [each, which, counted]) => run.giveBack(each, which, counted),
  ),
  step(6, fc.tuple(pick, fc.nat(), fc.integer({ min: 1, max: 9 })), (run, [each, which, count]) =>
    run.settle(each, which, count),
  ),
  step(
    1,
    fc.tuple(pick, fc.nat(), fc.integer({ min: 500, max: 2000 })),
    (run, [each, which, count]) => run.settle(each, which, count),
  ),
  step(1, fc.constant(null), (run) => run.crash()),
  step(1, fc.constant(null), (run) => run.stop()),
)

async function play(steps: readonly Step[]): Promise<MachineRun> {
  const run = new MachineRun()
  for (const each of steps) {
    await each(run)
    run.keepImage()
  }
  return run
}

const stepsArb = fc.array(stepArb, { minLength: 10, maxLength: 80 })

test('replaying everything gives the state that ran, at every moment', async () => {
  await fc.assert(
    fc.asyncProperty(stepsArb, async (steps) => {
      const run = await play(steps)
      run.assertSound()
      for (const { ticket, bytes } of run.images.slice(-6)) {
        const { machine } = await run.log.recover(NO_SNAPSHOT, ticket)
        assert.deepEqual(imageOf(machine), bytes)
      }
    }),
    { numRuns: 120 },
  )
})

test('a snapshot and the entries behind it give the same as all entries, wherever it was taken', async () => {
  await fc.assert(
    fc.asyncProperty(stepsArb, fc.integer({ min: 1, max: 5000 }), async (steps, blockSize) => {
      const run = await play(steps)
      const end = run.log.entries.length
      const whole = imageOf(run.machine)
      for (const [index, { ticket, bytes }] of run.images.entries()) {
        if (index % 7 !== 0 && index < run.images.length - 3) continue
        const snapshot = { ticket, bytes, blockSize }
        const restored = (await run.log.recover(snapshot, ticket)).machine
        assert.deepEqual(imageOf(restored), bytes)
        // A snapshot that forgets something is its own image all the same.
        const replayed = (await run.log.recover(NO_SNAPSHOT, ticket)).machine
        assert.deepEqual(portraitOf(restored), portraitOf(replayed))
        for (const entry of run.log.entries.slice(0, ticket)) {
          assert.equal(restored.lives(entry), replayed.lives(entry), `entry ${entry.ticket}`)
        }
        assert.deepEqual(imageOf((await run.log.recover(snapshot, end)).machine), whole)
      }
    }),
    { numRuns: 120 },
  )
})

for (const kind of ['small', 'large'] as const) {
  test(`a ${kind} message lives as long as one of its queues has it, whichever that is`, () => {
    for (const settled of [0, 1]) {
      const run = new MachineRun()
      for (const name of ['a', 'b']) run.declareQueue('/', name)
      if (kind === 'small') run.publish([0, 1], 5, 0)
      else run.publishLarge([0, 1], 1, 'published')
      run.settle(settled, 1, 1)
      run.assertSound()
      assert(run.bodies.references.size > 0)
      run.settle(1 - settled, 1, 1)
      run.assertSound()
      assert.equal(run.bodies.references.size, 0)
    }
  })
}

test('the broker comes back with the time at which the last message expired, or was published', async () => {
  const run = new MachineRun()
  run.declareQueue('/', 'a')
  const { newestMs } = run.machine
  run.publish([0], 5, 0, 100)
  const publishedMs = run.machine.newestMs
  assert(publishedMs > newestMs)
  run.publish([0], 5, 0)
  assert.equal(run.machine.newestMs, publishedMs, 'a message without a limit says no time')
  run.expire(0, 1)
  assert(run.machine.newestMs > publishedMs)
  await run.crash()
  assert(run.machine.newestMs > publishedMs)
  assert.equal(run.queues[0]?.readyCount, 1)
})

test('a batch lives until its last record is cut off, and no longer', () => {
  const run = new MachineRun()
  run.declareStream('/', 'a', 1)
  run.append(0, 4, 0)
  run.append(0, 4, 0)
  for (const [share, alive] of [
    [3 / 8, 2],
    [1 / 5, 1], // of the five that are left: the end of the first batch
    [1, 0],
  ] as const) {
    run.cut(0, share)
    run.assertSound()
    assert.equal(run.bodies.references.size, alive)
  }
})

test('a snapshot shows the state it was begun in, whatever is done while it is written', async () => {
  await fc.assert(
    fc.asyncProperty(stepsArb, stepsArb, async (before, during) => {
      const { freeze } = await import('./snapshot.ts')
      const run = await play(before)
      const { machine } = run
      const whole = imageOf(machine)
      const pieces: Uint8Array[] = []
      const generator = freeze(machine)()
      const readRest = (): void => {
        for (const piece of generator) pieces.push(piece.slice())
        machine.thaw()
      }
      run.ending = readRest
      for (const each of during) {
        await each(run)
        if (run.machine !== machine) break
        const next = generator.next()
        if (next.done !== true) pieces.push(next.value.slice())
      }
      if (run.machine === machine) readRest()
      assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), whole)
    }),
    { numRuns: 120 },
  )
})

test('a snapshot that is cut short, of another version or of another shape is refused', async () => {
  const run = new MachineRun()
  run.declareQueue('/', 'a')
  run.publish([0], 3, 0)
  const whole = imageOf(run.machine)
  const read = async (bytes: Uint8Array): Promise<void> => {
    async function* blocks(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(bytes)
    }
    await restore(new Machine(new CountedBodies()), blocks())
  }
  await read(whole)
  for (let size = 0; size < whole.length; size++) {
    await assert.rejects(read(whole.subarray(0, size)), Fault)
  }
  const newer = whole.slice()
  newer[0] = 99
  await assert.rejects(read(newer), { code: 'snapshot-version' })
  const strange = whole.slice()
  strange[14] = 99
  await assert.rejects(read(strange), { code: 'snapshot-section' })
})

test('whoever reads a snapshot lets its source go, whatever comes of it', async () => {
  const whole = imageOf(new MachineRun().machine)
  const closedAfter = async (bytes: Uint8Array): Promise<boolean> => {
    let isClosed: boolean = false
    async function* blocks(): AsyncGenerator<Uint8Array> {
      try {
        yield await Promise.resolve(bytes)
        yield await Promise.resolve(new Uint8Array(0))
      } finally {
        isClosed = true
      }
    }
    await restore(new Machine(new CountedBodies()), blocks()).catch(() => undefined)
    return isClosed
  }
  assert.equal(await closedAfter(whole), true)
  assert.equal(await closedAfter(new Uint8Array(20).fill(99)), true)
})

test('a snapshot that goes on behind its end is refused', async () => {
  const whole = imageOf(new MachineRun().machine)
  async function* blocks(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(whole)
    yield await Promise.resolve(Uint8Array.of(0))
  }
  await assert.rejects(restore(new Machine(new CountedBodies()), blocks()), {
    code: 'snapshot-long',
  })
})

test('an entry of a kind that nobody knows stops the replay', () => {
  const log = new EntryLog()
  log.append({ kind: 99, log: 0, number: 0 })
  const machine = new Machine(new CountedBodies())
  assert.throws(() => machine.replay(log.entries[0]!), /kind 99/)
})

test('an entry about what is not there stops the replay', () => {
  const machine = new Machine(new CountedBodies())
  const log = new EntryLog()
  log.append({ kind: KIND_MESSAGE, log: 7, number: 1 }, new Uint8Array(20))
  log.append({ kind: KIND_BATCH, log: 7, number: 1 }, new Uint8Array(20))
  for (const entry of log.entries) assert.throws(() => machine.replay(entry), Panic)
})

test('queues of the session take no number from those that the journal knows of', () => {
  const run = new MachineRun()
  run.declareSessionQueue('s')
  run.declareQueue('/', 'a')
  assert.equal(run.queues[0]?.id, 1)
})

test('a producer may say any time, and what is stored is one that a snapshot holds', () => {
  const run = new MachineRun()
  run.declareStream('/', 's', 1)
  for (const timeMs of [-1, 1.5, 2 ** 60]) run.append(0, 1, timeMs)
  const [partition] = run.partitions
  assert.deepEqual(
    [0, 1, 2].map((row) => partition?.timeOf(row)),
    [0, 1, 2 ** 48 - 1],
  )
  imageOf(run.machine)
})

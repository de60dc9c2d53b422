/** Who may bring a large body when, and for how long. Time stands still unless a test moves it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { expectMark } from '../base/mark.ts'
import type { World } from '../base/ports.ts'
import type { Arrival, Bringer } from './arrival.ts'
import type { Arrivals } from './arrivals.ts'
import { Runtime } from './runtime.ts'

const IDLE_MS = 4_000
const ARRIVING_BYTES = 3_000
const limits = {
  ...{ bodyBytes: 100, bodyBytesMax: 2_000 },
  ...{ arrivingBytes: ARRIVING_BYTES, arrivalIdleMs: IDLE_MS },
}

/** Brings what the test says, and hears when it was given up. */
class Scripted implements Bringer {
  /** null: it waits for the broker. */
  bytes: number | null = 0
  givenUpMs = -1
  readonly #clockwork: Clockwork

  constructor(clockwork: Clockwork) {
    this.#clockwork = clockwork
  }

  arrivedBytes(): number | null {
    return this.bytes
  }

  givenUp(): void {
    this.givenUpMs = this.#clockwork.nowMs
  }
}

async function inWorld(
  story: (arrivals: Arrivals, clockwork: Clockwork, runtime: Runtime) => Promise<void>,
): Promise<void> {
  const clockwork = new Clockwork()
  const { clock, random, scheduler } = clockwork
  const world: World = { clock, random, scheduler, net: null as never, disk: null as never }
  const log = { info: () => {}, warn: () => {}, error: assert.fail }
  const options = { world, directory: null, durability: 'memory', log, limits } as const
  const runtime = await clockwork.until(Runtime.open(options))
  const timersBefore = clockwork.timers
  await story(runtime.arrivals, clockwork, runtime)
  await clockwork.settle()
  assert.deepEqual(clockwork.errors, [])
  assert.equal(clockwork.timers, timersBefore, 'nobody waits any more, and somebody looks')
}

const announced = (sizeBytes: number, bringer: Bringer | null = null) => ({
  ...{ sizeBytes, persistence: 'persistent' as const, bringer },
})

const whoIsIn = (all: readonly Arrival[]): boolean[] => all.map(({ isLetIn }) => isLetIn)

test('so many bytes are let in at once; who waits is called when one is through', () =>
  inWorld(async (arrivals, clockwork) => {
    const first = arrivals.open(announced(2_000))
    const waits = await expectMark('arrivals/waits', () => arrivals.open(announced(1_001)))
    assert.deepEqual(whoIsIn([first, waits]), [true, false])
    let isCalled: boolean = false
    waits.whenLetIn(() => {
      isCalled = true
    })
    await clockwork.settle()
    assert.equal(isCalled, false)
    first.close()
    await clockwork.settle()
    assert.equal(isCalled, true)
    assert.equal(waits.isLetIn, true)
    waits.close()
  }))

test('a small body behind a large one neither overtakes it nor waits for the bodies behind', () =>
  inWorld(async (arrivals, clockwork) => {
    const first = arrivals.open(announced(2_000))
    const large = arrivals.open(announced(2_000))
    const small = arrivals.open(announced(500))
    assert.deepEqual(whoIsIn([large, small]), [false, false], 'the small one would have had room')
    // However many small ones come by, the large one is next.
    const others = Array.from({ length: 50 }, () => arrivals.open(announced(500)))
    first.close()
    await clockwork.settle()
    assert.deepEqual(whoIsIn([large, small, ...others.slice(0, 2)]), [true, true, true, false])
    large.close()
    await clockwork.settle()
    assert.deepEqual(whoIsIn(others.slice(0, 6)), [true, true, true, true, true, false])
    for (const arrival of [small, ...others]) arrival.close()
  }))

test('whoever waits and goes leaves its place to those behind', () =>
  inWorld(async (arrivals, clockwork) => {
    const first = arrivals.open(announced(2_000))
    const large = arrivals.open(announced(2_000))
    const small = arrivals.open(announced(1_000))
    large.close()
    await clockwork.settle()
    assert.equal(small.isLetIn, true)
    for (const arrival of [first, small]) arrival.close()
  }))

test('all who ask are let in, in their order, and never more than the limit', async () => {
  const sizes = fc.array(fc.integer({ min: 101, max: 2_000 }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.infiniteStream(fc.nat()), (asked, chances) =>
      inWorld(async (arrivals, clockwork) => {
        const all = asked.map((size) => arrivals.open(announced(size)))
        const open = new Set(all)
        while (open.size > 0) {
          const isIn = whoIsIn(all)
          assert.equal(isIn.lastIndexOf(true) + 1, isIn.filter(Boolean).length, 'out of order')
          const coming = [...open].filter(({ isLetIn }) => isLetIn)
          const bytes = coming.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
          assert(bytes > 0 && bytes <= ARRIVING_BYTES, `${bytes} bytes on their way`)
          const ended = coming[chances.next().value! % coming.length]!
          ended.close()
          open.delete(ended)
          await clockwork.settle()
        }
      }),
    ),
    { numRuns: 40 },
  )
})

test('whoever must not wait goes past the line, but not for ever', () =>
  inWorld(async (arrivals, clockwork) => {
    const first = arrivals.open(announced(2_000))
    const waits = arrivals.open(announced(2_000))
    assert.equal(arrivals.openNow(announced(1_001)), null, 'there is no room')
    await expectMark('arrivals/past-the-line', async () => {
      for (let passed = 0; passed < 3; passed++) {
        arrivals.openNow(announced(1_000))?.close()
        await clockwork.settle()
      }
    })
    assert.equal(arrivals.openNow(announced(101)), null, 'those who wait come first')
    first.close()
    await clockwork.settle()
    assert.equal(waits.isLetIn, true)
    arrivals.openNow(announced(1_000))!.close()
    waits.close()
  }))

test('whoever was passed and goes takes with it what went past the line, when nobody is left in it', () =>
  inWorld(async (arrivals, clockwork) => {
    const first = arrivals.open(announced(2_000))
    const impatient = arrivals.open(announced(2_000))
    for (let passed = 0; passed < 3; passed++) {
      arrivals.openNow(announced(1_000))?.close()
      await clockwork.settle()
    }
    assert.equal(arrivals.openNow(announced(101)), null, 'those who wait come first')
    impatient.close()
    await clockwork.settle()
    const waits = arrivals.open(announced(2_000))
    const passes = arrivals.openNow(announced(1_000))
    assert(passes !== null, 'nobody has gone past the one who waits now')
    for (const arrival of [passes, first, waits]) arrival.close()
  }))

test('a body of which nothing comes while others wait is given up, and they are let in', () =>
  inWorld(async (arrivals, clockwork) => {
    const [silent, busy] = [new Scripted(clockwork), new Scripted(clockwork)]
    arrivals.open(announced(1_500, silent))
    const comes = arrivals.open(announced(1_500, busy))
    silent.bytes = 700
    await clockwork.advance(10 * IDLE_MS)
    assert.equal(silent.givenUpMs, -1, 'nobody waits')
    const sinceMs = clockwork.nowMs
    const waits = arrivals.open(announced(101))
    await expectMark('arrivals/given-up', async () => {
      for (let passedMs = 0; passedMs < 2 * IDLE_MS; passedMs += IDLE_MS / 8) {
        busy.bytes!++
        await clockwork.advance(IDLE_MS / 8)
      }
    })
    assert.equal(silent.givenUpMs - sinceMs, IDLE_MS)
    assert.equal(waits.isLetIn, true)
    assert.equal(busy.givenUpMs, -1)
    for (const arrival of [comes, waits]) arrival.close()
  }))

test('a body of which a byte comes now and then is never given up', () =>
  inWorld(async (arrivals, clockwork) => {
    const slow = new Scripted(clockwork)
    const arrival = arrivals.open(announced(2_000, slow))
    const waits = arrivals.open(announced(2_000))
    for (let bytes = 1; bytes <= 100; bytes++) {
      slow.bytes = bytes
      await clockwork.advance(IDLE_MS - 1)
    }
    assert.equal(slow.givenUpMs, -1)
    for (const each of [arrival, waits]) each.close()
  }))

test('silence counts neither while the broker is waited for nor while nobody waits', () =>
  inWorld(async (arrivals, clockwork) => {
    const bringer = new Scripted(clockwork)
    const arrival = arrivals.open(announced(2_000, bringer))
    for (let round = 0; round < 5; round++) {
      const waits = arrivals.open(announced(2_000))
      bringer.bytes = 500
      await clockwork.advance(IDLE_MS - 1)
      bringer.bytes = null
      await clockwork.advance(IDLE_MS)
      bringer.bytes = 500
      await clockwork.advance(IDLE_MS - 1)
      waits.close()
      await clockwork.advance(IDLE_MS)
    }
    assert.equal(bringer.givenUpMs, -1)
    // Whoever has the whole body at hand is not asked at all.
    const whole = arrivals.open(announced(1_000))
    const waits = arrivals.open(announced(101))
    await clockwork.advance(IDLE_MS - 1)
    assert.deepEqual(whoIsIn([whole, waits]), [true, false])
    for (const each of [arrival, whole, waits]) each.close()
  }))

test('whoever waits when the broker stops is called', () =>
  inWorld(async (arrivals, clockwork, runtime) => {
    arrivals.open(announced(2_000))
    const waits = arrivals.open(announced(2_000))
    let isCalled: boolean = false
    waits.whenLetIn(() => {
      isCalled = true
    })
    await clockwork.until(runtime.close())
    assert.equal(isCalled, true)
    assert.equal(waits.isLetIn, false)
    waits.close()
  }))

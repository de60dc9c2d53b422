/** Journal time: never back, close to the wall, not thrown by its jumps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JournalTime } from './journal-time.ts'

const START_MS = 1_700_000_000_000
const HOUR_MS = 3_600_000

class TestClock {
  wall = START_MS
  monotonic = 50

  wallMs(): number {
    return this.wall
  }

  monotonicMs(): number {
    return this.monotonic
  }

  pass(ms: number): void {
    this.wall += ms
    this.monotonic += ms
  }
}

function start(newestMs: number = 0): { clock: TestClock; time: JournalTime; warnings: string[] } {
  const clock = new TestClock()
  const warnings: string[] = []
  const time = new JournalTime(clock, newestMs, (text) => warnings.push(text))
  return { clock, time, warnings }
}

test('journal time is the wall time while the wall clock behaves', () => {
  const { clock, time, warnings } = start()
  for (const ms of [0, 1, 5_000, 7 * 24 * HOUR_MS]) {
    clock.pass(ms)
    assert.equal(time.nowMs(), clock.wall)
  }
  assert.deepEqual(warnings, [])
})

test('journal time never goes back, whatever the wall clock does', () => {
  const step = fc.record({ passMs: fc.nat(100_000), jumpMs: fc.integer({ min: -1e7, max: 1e7 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), fc.nat(1e6), (steps, aheadMs) => {
      const { clock, time } = start(START_MS + aheadMs)
      let last = time.nowMs()
      assert.ok(last >= START_MS + aheadMs, 'the newest entry is the floor')
      for (const { passMs, jumpMs } of steps) {
        clock.pass(passMs)
        clock.wall += jumpMs
        const now = time.nowMs()
        assert.ok(now >= last)
        assert.ok(now - last <= passMs * 1.1 + 1_001, 'a jump moves it by a tenth of what passed')
        last = now
      }
    }),
  )
})

for (const [direction, jumpMs] of [
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
] as const) {
  test(`a wall clock that jumps an hour ${direction} is followed slowly, with one warning`, () => {
    const { clock, time, warnings } = start()
    clock.wall += jumpMs
    clock.pass(10_000)
    const slewed = 10_000 + Math.sign(jumpMs) * 1_000
    assert.equal(time.nowMs(), START_MS + slewed)
    clock.pass(10_000)
    assert.equal(time.nowMs(), START_MS + 2 * slewed)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', new RegExp(`${direction} by 3`))
    clock.pass(11 * HOUR_MS)
    assert.equal(time.nowMs(), clock.wall, 'at last they meet')
  })
}

test('a jump is warned about again once time has caught up', () => {
  const { clock, time, warnings } = start()
  for (let jump = 0; jump < 2; jump++) {
    clock.wall += HOUR_MS
    clock.pass(1)
    time.nowMs()
    clock.pass(20 * HOUR_MS)
    time.nowMs()
    clock.pass(1)
    time.nowMs()
  }
  assert.equal(warnings.length, 2)
})

/** What every Scheduler keeps together with its Clock, the real one and the simulated. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock, Scheduler } from '../../src/base/ports.ts'

export interface SchedulerSubject {
  readonly name: string
  /** Runs `body` to its end, driving whatever must be driven. */
  run(body: (scheduler: Scheduler, clock: Clock) => Promise<void>): Promise<void>
}

export function schedulerContract(subject: SchedulerSubject): void {
  const law = (
    title: string,
    body: (scheduler: Scheduler, clock: Clock) => Promise<void>,
  ): void => {
    test(`${subject.name}: ${title}`, () => subject.run(body))
  }
  soonContract(law)
  afterContract(law)
  timersContract(law)
}

type Law = (title: string, body: (scheduler: Scheduler, clock: Clock) => Promise<void>) => void

function soonContract(law: Law): void {
  law(
    'soon comes after this turn and its microtasks, in the order of asking',
    async (scheduler) => {
      const seen: string[] = []
      await new Promise<void>((resolve) => {
        scheduler.soon(() => seen.push('first'))
        scheduler.soon(() => {
          seen.push('second')
          resolve()
        })
        queueMicrotask(() => {
          queueMicrotask(() => seen.push('microtask'))
        })
        seen.push('turn')
      })
      assert.deepEqual(seen, ['turn', 'microtask', 'first', 'second'])
    },
  )

  law('the microtasks of one task run before the next task', async (scheduler) => {
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      scheduler.soon(() => {
        void Promise.resolve().then(() => seen.push('its microtask'))
      })
      scheduler.soon(() => {
        seen.push('next task')
        resolve()
      })
    })
    assert.deepEqual(seen, ['its microtask', 'next task'])
  })

  law('soon comes before a timer that is due later', async (scheduler) => {
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      scheduler.after(50, () => {
        seen.push('later')
        resolve()
      })
      scheduler.soon(() => seen.push('soon'))
    })
    assert.deepEqual(seen, ['soon', 'later'])
  })

  law('tasks that ask for another soon do not keep a timer from its turn', async (scheduler) => {
    let over = false
    await new Promise<void>((resolve) => {
      const again = (): void => {
        if (over) resolve()
        else scheduler.soon(again)
      }
      scheduler.soon(again)
      scheduler.after(1, () => {
        over = true
      })
    })
    assert.ok(over)
  })
}

function afterContract(law: Law): void {
  law('a timer never fires early', async (scheduler, clock) => {
    for (const delayMs of [0, 0.4, 1, 1.5, 7, 12.25]) {
      const startMs = clock.monotonicMs()
      await new Promise<void>((resolve) => {
        scheduler.after(delayMs, resolve)
      })
      const waitedMs = clock.monotonicMs() - startMs
      assert.ok(waitedMs >= delayMs, `${waitedMs} ms instead of ${delayMs}`)
    }
  })

  law('a timer of no time at all still waits for the end of the turn', async (scheduler) => {
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      scheduler.after(0, () => {
        seen.push('timer')
        resolve()
      })
      queueMicrotask(() => seen.push('microtask'))
      seen.push('turn')
    })
    assert.deepEqual(seen, ['turn', 'microtask', 'timer'])
  })

  law(
    'timers fire in the order they are due, and of asking where that is equal',
    async (scheduler) => {
      const seen: string[] = []
      await new Promise<void>((resolve) => {
        scheduler.after(40, () => {
          seen.push('40')
          resolve()
        })
        scheduler.after(20, () => seen.push('20, first'))
        scheduler.after(20, () => seen.push('20, second'))
        scheduler.after(5, () => seen.push('5'))
      })
      assert.deepEqual(seen, ['5', '20, first', '20, second', '40'])
    },
  )

  law(
    'a cancelled timer does not fire; cancelling twice or too late does no harm',
    async (scheduler) => {
      const seen: string[] = []
      await new Promise<void>((resolve) => {
        const cancelled = scheduler.after(5, () => seen.push('cancelled'))
        cancelled.cancel()
        cancelled.cancel()
        const fired = scheduler.after(5, () => seen.push('fired'))
        scheduler.after(10, () => {
          fired.cancel()
          resolve()
        })
      })
      assert.deepEqual(seen, ['fired'])
    },
  )
}

function timersContract(law: Law): void {
  law('a timer may be cancelled by another that is due at the same moment', async (scheduler) => {
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      scheduler.after(5, () => {
        seen.push('first')
        second.cancel()
      })
      const second = scheduler.after(5, () => seen.push('second'))
      scheduler.after(10, resolve)
    })
    assert.deepEqual(seen, ['first'])
  })

  law('a timer of months waits like any other', async (scheduler) => {
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      const months = [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, 2 ** 45].map((delayMs) =>
        scheduler.after(delayMs, () => seen.push('months')),
      )
      scheduler.after(20, () => {
        for (const timer of months) timer.cancel()
        resolve()
      })
    })
    assert.deepEqual(seen, [])
  })

  law('the monotonic clock never goes back', async (scheduler, clock) => {
    let lastMs = clock.monotonicMs()
    for (let turn = 0; turn < 20; turn++) {
      await new Promise<void>((resolve) => {
        scheduler.soon(resolve)
      })
      const nowMs = clock.monotonicMs()
      assert.ok(nowMs >= lastMs)
      lastMs = nowMs
    }
  })
}

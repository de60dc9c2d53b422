/**
 * What is thrown where nobody can catch it, within the broker's own promises, is a failure of the world that is being
 * played, and of no other.
 */
import { setImmediate } from 'node:timers/promises'
import type { WorldReport } from './world.ts'

export async function withStrays(play: () => Promise<WorldReport>): Promise<WorldReport> {
  const strays: unknown[] = []
  const keep = (error: unknown): void => {
    strays.push(error)
  }
  process.on('unhandledRejection', keep)
  try {
    const [outcome] = await Promise.allSettled([play()])
    // Node tells of them once nothing else is ready.
    await setImmediate()
    if (strays.length > 0) throw strays[0]
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  } finally {
    process.off('unhandledRejection', keep)
  }
}

/** How a program is told something by its own function: nothing that does, not even throwing, disturbs who tells. */
import type { Scheduler } from '../base/ports.ts'

/** What it throws is thrown again on its own, where it is nobody's but the program's. */
export function tellProgram(tell: () => void, scheduler: Scheduler): void {
  try {
    tell()
  } catch (error) {
    scheduler.soon(() => {
      throw error
    })
  }
}

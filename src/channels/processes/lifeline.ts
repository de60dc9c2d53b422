/**
 * A pipe whose end is its only message: the parent has gone. A thread watches it, because the process that
 * is to end may be in the middle of a loop that never yields. Runs in the child; kills its whole process.
 */
import { Worker } from 'node:worker_threads'

/** A few functions: this keeps the watcher's share of the memory small. */
const watcherLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 }

/** Ends this process, whatever it is doing, when the other end of the pipe `fd` is gone. */
export function watchLifeline(fd: number): void {
  const watcher = new Worker(new URL('./lifeline-watcher.js', import.meta.url), {
    workerData: { fd },
    resourceLimits: watcherLimits,
    execArgv: [],
  })
  // Without it the process still ends with its parent, but not in the middle of a loop.
  watcher.on('error', () => undefined)
  watcher.unref()
}

/** Runs a range of seeds on a thread: inside node:test, which follows every promise, a seed takes ten times as long. */
import { parentPort, workerData } from 'node:worker_threads'
import { runRange, type SeedRange } from './seed-range.ts'

parentPort?.postMessage(await runRange(workerData as SeedRange))

/** What each thread of examples/threads.ts does: it waits until all are there, then works off jobs. */
// In your program: from 'naru/channels' and 'naru/channels/threads'.
import type { SpawnedSelf } from '../src/channels/mod.ts'
import {
  ThreadBarrier,
  type ThreadBarrierHandle,
  ThreadChannel,
  type ThreadChannelHandle,
} from '../src/channels/threads/mod.ts'

/** The first number of a stretch of 10,000. */
export type Job = number

export interface Count {
  readonly job: Job
  readonly primes: number
}

interface Args {
  readonly jobs: ThreadChannelHandle
  readonly ready: ThreadBarrierHandle
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return n > 1
}

export async function main({ args, output }: SpawnedSelf<Args, never, Count>): Promise<void> {
  const jobs = ThreadChannel.attach<Job>(args.jobs, { role: 'receiver' })
  ThreadBarrier.attach(args.ready).waitSync()
  for await (const job of jobs) {
    if (job < 0) throw new Error('a mistake in this thread')
    let primes = 0
    for (let n = job; n < job + 10_000; n++) if (isPrime(n)) primes += 1
    await output.put({ job, primes })
  }
}

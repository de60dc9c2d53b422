/**
 * Threads that count primes: jobs go to whoever is free, counts come back, and a barrier lets all begin at once.
 * One of them dies on the way; its job is noticed and done again. Run it: `node build/examples/threads.js`.
 */
// In your program: from 'naru/channels/threads'.
import { spawnThread, ThreadBarrier, ThreadChannel } from '../src/channels/threads/mod.ts'
import type { Count, Job, main } from './threads-worker.ts'

const jobs = ThreadChannel.create<Job>({ name: 'jobs' })
const ready = ThreadBarrier.create({ parties: 3, name: 'ready' })

function start(name: string) {
  type Args = Parameters<typeof main>[0]['args']
  const args: Args = { jobs: jobs.handle, ready: ready.handle }
  const module = new URL('./threads-worker.js', import.meta.url)
  return spawnThread<Args, never, Count>(module, args, { name })
}

const threads = [start('one'), start('two')]
await ready.wait() // both have attached

const missing = new Set<Job>()
for (let from = 0; from < 100_000; from += 10_000) {
  missing.add(from)
  await jobs.put(from)
}
await jobs.put(-1) // kills whoever takes it
const counts = new Map<Job, number>()

async function collect(thread: (typeof threads)[number]): Promise<string> {
  try {
    for await (const { job, primes } of thread.output) counts.set(job, primes)
    return 'is done'
  } catch {
    return 'has died, and the other goes on'
  }
}

const collecting = threads.map(collect)
const first = await Promise.race(collecting)
for (const job of missing) if (!counts.has(job)) await jobs.put(job) // perhaps twice, never not at all
jobs.close()
const ends = await Promise.all(collecting)

console.log(`one thread ${first}`)
console.log(`the other ${ends.find((end) => end !== first)}`)
console.log(`${[...counts.values()].reduce((sum, primes) => sum + primes)} primes below 100000`)

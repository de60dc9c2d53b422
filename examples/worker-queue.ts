/**
 * A channel of tasks and a pool that works it off: the producer goes as fast as the workers do, each task is
 * acknowledged when it is done, and `join` waits for the last. One that cannot be done is put aside.
 * Run it: `node build/examples/worker-queue.js`.
 */
// In your program: from 'naru/channels' and from 'naru/pool'.
import { channel } from '../src/channels/mod.ts'
import { channelSource, Pool } from '../src/pool/mod.ts'

const tasks = channel<number>({ name: 'tasks', capacity: 4 })
const aside: number[] = []
const results: number[] = []

const pool = Pool.threads<typeof import('./pool-work.ts')>({
  module: new URL('./pool-work.js', import.meta.url),
  size: 2,
})
const working = pool.consume(
  channelSource(tasks, { onRejected: (value) => aside.push(value) }),
  'fibonacci',
  { onResult: (result) => void results.push(result) },
)

for (let n = 1; n <= 20; n++) await tasks.put(n % 7 === 0 ? n * 10 : n)
await tasks.join()
tasks.close()
await working.done

const sum = results.reduce((total, result) => total + result, 0)
console.log(`${working.acked} done, their sum is ${sum}`)
console.log(`put aside: ${aside.sort((left, right) => left - right).join(', ')}`)
await pool.close()

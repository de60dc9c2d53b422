/**
 * A pool of threads for work that waits and for work that computes. Waiting takes more threads than cores and no
 * thought; computing gains as many times as there are cores, and leaves this thread free meanwhile.
 * Run it: `node build/examples/thread-pool.js`; with `--times` it says how long each part took.
 */
// In your program: from 'naru/pool'.
import { Pool, progressBar } from '../src/pool/mod.ts'

const module = new URL('./pool-work.js', import.meta.url)
type Work = typeof import('./pool-work.ts')

async function timed(what: string, run: () => Promise<void>): Promise<void> {
  const startMs = performance.now()
  await run()
  if (process.argv.includes('--times')) {
    console.log(`  ${what}: ${Math.round(performance.now() - startMs)} ms`)
  }
}

// Work that waits: four at a time, and the results in order.
const waiting = Pool.threads<Work>({ module, kind: 'io', size: 4 })
await waiting.ready()
const names = Array.from({ length: 8 }, (_, index) => `page ${index + 1}`)
await timed('8 waits of 20 ms, 4 at a time', async () => {
  for await (const line of waiting.imap('download', names)) console.log(line)
})
await waiting.close()

// Work that computes: one thread for each core, and a bar where there is a terminal.
const computing = Pool.threads<Work>({ module, kind: 'cpu' })
const bar = progressBar({ output: process.stdout, title: 'fibonacci' })
const numbers = Array.from({ length: 24 }, (_, index) => index + 1)
await timed('the Fibonacci numbers up to 24', async () => {
  const results = await computing.map('fibonacci', numbers, {
    ...(process.stdout.isTTY ? { onProgress: bar.update } : {}),
  })
  bar.close()
  console.log(`fibonacci(24) is ${results.at(-1)}`)
})

// What a task throws arrives as it was thrown; the pool goes on.
try {
  await computing.run('fibonacci', [100])
} catch (error) {
  console.log(error instanceof RangeError ? `refused: ${error.message}` : error)
}
await computing.close()

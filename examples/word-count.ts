/**
 * MapReduce over processes: each counts the words of its texts and sorts them into as many parts as there are
 * processes; when all have done that, each adds up one part. The barrier between the two stages is what makes a
 * part complete. Run it: `node build/examples/word-count.js`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// In your program: from 'naru/channels/processes'.
import { openCoordinator, spawnProcess } from '../src/channels/processes/mod.ts'
import type { main, Total } from './word-count-worker.ts'

type Order = Parameters<typeof main>[0]['args']

const texts = [
  'the ferry crosses the river',
  'the river is wide and the ferry is small',
  'a small ferry is still a ferry',
  'who waits for the ferry',
  'all who wait cross the river together',
]
const processes = 3

const folder = await mkdtemp(join(tmpdir(), 'naru-example-'))
const address = { kind: 'unix', path: join(folder, 'meet.sock') } as const
const coordinator = await openCoordinator(address)

const workers = Array.from({ length: processes }, (_, index) => {
  const mine = texts.filter((_text, text) => text % processes === index)
  const order: Order = { address, folder, index, processes, texts: mine }
  const module = new URL('./word-count-worker.js', import.meta.url)
  return spawnProcess<Order, never, Total>(module, order)
})

const totals = new Map<string, number>()
for (const worker of workers) {
  for await (const [word, count] of worker.output) totals.set(word, count)
  await worker.join()
}
await coordinator.close()
await rm(folder, { recursive: true })

const sorted = [...totals].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
for (const [word, count] of sorted.slice(0, 4)) console.log(`${word}: ${count}`)
console.log(`${totals.size} words`)

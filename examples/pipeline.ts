/**
 * Produce, check, enrich, store: each stage works on its own, and the slow store slows the producer instead of
 * filling the memory. Run it: `node build/examples/pipeline.js`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
// In your program: from 'naru/channels'.
import { batch, channel, filter, map } from '../src/channels/mod.ts'

interface Row {
  readonly id: number
  readonly text: string
}

const raw = channel<string>({ name: 'raw', capacity: 4 })

async function produce(): Promise<void> {
  for (let id = 1; id <= 20; id++) await raw.put(id % 5 === 0 ? 'nonsense' : `${id}=row ${id}`)
  raw.close() // every stage below ends when the one above it has
}

function parse(text: string): Row {
  const [id, rest] = text.split('=')
  return { id: Number(id), text: rest ?? '' }
}

const wellFormed = filter(raw, (text) => text.includes('='))
const rows = map(wellFormed, parse)
const batches = batch(rows, { count: 6 })

const table: Row[] = []
const producing = produce()
for await (const written of batches) {
  await sleep(5) // the database
  table.push(...written)
  console.log(`stored ${written.map(({ id }) => id).join(' ')}`)
}
await producing
console.log(`${table.length} rows; never more than ${raw.stats().sizeMax} waited`)

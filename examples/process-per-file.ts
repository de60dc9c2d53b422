/**
 * The same work twice: one process for each file, and a pool whose processes are used again. Starting a process
 * costs tens of milliseconds and some fifty megabytes, so beyond a few files the pool wins.
 * Run it: `node build/examples/process-per-file.js`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// In your program: from 'naru/channels/processes' and from 'naru/pool'.
import { spawnProcess } from '../src/channels/processes/mod.ts'
import { Pool } from '../src/pool/mod.ts'

const work = new URL('./pool-work.js', import.meta.url)

const folder = await mkdtemp(join(tmpdir(), 'naru-example-'))
const texts = ['a short one', 'two lines\nof text', '', 'every word counts here', 'the last']
const paths = texts.map((_, index) => join(folder, `file ${index + 1}.txt`))
for (const [index, path] of paths.entries()) await writeFile(path, texts[index] ?? '')

// One process per file: they run side by side, and each tells its count.
const children = paths.map((path) => spawnProcess<string, never, number>(work, path))
const counts = await Promise.all(
  children.map(async (child) => {
    const count = await child.output.get()
    await child.join()
    return count
  }),
)
console.log(`${children.length} processes counted ${counts.join(', ')} words`)

// The same with a pool: two processes, however many files.
const pool = Pool.processes<typeof import('./pool-work.ts')>({ module: work, size: 2 })
const again = await pool.map('countWords', paths, { chunkSize: 1 })
const { workersStarted } = pool.counters()
console.log(`${workersStarted} processes counted ${again.join(', ')} words`)
await pool.close()
await rm(folder, { recursive: true })

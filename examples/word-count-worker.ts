/** One process of the word count: it maps, waits for the others, and reduces. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
// In your program: from 'naru/channels' and 'naru/channels/processes'.
import type { SpawnMain } from '../src/channels/mod.ts'
import { type Address, joinBarrier } from '../src/channels/processes/mod.ts'

interface Order {
  readonly address: Address
  readonly folder: string
  readonly index: number
  readonly processes: number
  readonly texts: readonly string[]
}

export type Total = readonly [word: string, count: number]

export const main: SpawnMain<Order, never, Total> = async ({ args, output }) => {
  const { address, folder, index, processes, texts } = args
  const barrier = await joinBarrier(address, 'mapped', { parties: processes })
  const part = (from: number, to: number): string => join(folder, `${from}-to-${to}.json`)

  // Map: one file for each of those who will reduce.
  const words = texts.flatMap((text) => text.split(' '))
  for (let to = 0; to < processes; to++) {
    const theirs = words.filter((word) => word.charCodeAt(0) % processes === to)
    await writeFile(part(index, to), JSON.stringify(theirs))
  }

  // Nobody reads before all have written.
  await barrier.wait({ timeoutMs: 30_000 })

  // Reduce: my part of what everybody mapped.
  const counts = new Map<string, number>()
  for (let from = 0; from < processes; from++) {
    const mapped = JSON.parse(await readFile(part(from, index), 'utf8')) as readonly string[]
    for (const word of mapped) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  for (const total of counts) await output.put(total)
  await barrier.leave()
}

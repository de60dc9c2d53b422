/** The work that the examples of pools and processes give away: plain functions, each good for a worker. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SpawnMain } from '../src/channels/mod.ts'

/** Reads a file and counts its words: some waiting, some work. */
export async function countWords(path: string): Promise<number> {
  const text = await readFile(path, 'utf8')
  return text.split(/\s+/).filter((word) => word !== '').length
}

/** Nothing but work: the n-th Fibonacci number, slowly. */
export function fibonacci(n: number): number {
  if (n > 45) throw new RangeError(`fibonacci(${n}) would take all day`)
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
}

/** Nothing but waiting, as for a server far away. */
export async function download(name: string): Promise<string> {
  await sleep(20)
  return `${name} downloaded`
}

/** What a process of its own runs: it gets a path, and says how many words are in that file. */
export const main: SpawnMain<string, never, number> = async ({ args, output }) => {
  await output.put(await countWords(args))
}

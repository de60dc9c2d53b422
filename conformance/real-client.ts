/** Loads a client library from where it was installed, outside this tree. For the programs of kill-clients.ts. */
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Names the directory that holds their node_modules. */
export const CLIENTS_VARIABLE = 'NARU_CLIENTS'

export function realClient(name: string): unknown {
  const directory = process.env[CLIENTS_VARIABLE]
  if (directory === undefined) throw new Error(`${CLIENTS_VARIABLE} names no directory`)
  return createRequire(join(directory, 'program.js'))(name) as unknown
}

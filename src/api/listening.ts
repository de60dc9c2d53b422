/** The listeners of an embedded broker: those it is asked for, each loaded when it is opened. */
import type { Log } from '../base/log.ts'
import type { World } from '../base/ports.ts'
import type { OpenListener } from '../broker/listener.ts'
import type { Runtime } from '../broker/runtime.ts'
import { LineOptionError } from '../gateway/line/options.ts'
import { lineRefused, type PlannedListener } from './listen-options.ts'

export type Listening = {
  readonly urls: Readonly<Record<string, string>>
  close(): Promise<void>
}

type Context = {
  readonly world: World
  readonly log: Log
  readonly broker: Runtime
}

/** Opens all of them, or none. */
export async function listenAll(
  context: Context,
  planned: readonly PlannedListener[],
): Promise<Listening> {
  const open = new Map<string, OpenListener>()
  const close = async (): Promise<void> => {
    for (const listener of [...open.values()].reverse()) await listener.close()
  }
  try {
    for (const { kind, address } of planned) {
      open.set(kind.name, await kind.open({ ...context, address }))
    }
  } catch (error) {
    await close()
    throw error instanceof LineOptionError ? lineRefused(error) : error
  }
  for (const listener of open.values()) listener.begin()
  const urls = Object.fromEntries([...open].map(([name, { url }]) => [name, url]))
  return { urls, close }
}

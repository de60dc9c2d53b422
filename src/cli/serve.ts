/**
 * `naru serve`: opens the directory and the listeners in order, says that it is ready, waits to be
 * stopped, and closes everything in the opposite order.
 */
import { resolve } from 'node:path'
import { untilAborted } from '../base/abort.ts'
import { deferred } from '../base/deferred.ts'
import type { Log } from '../base/log.ts'
import { NetError, type World } from '../base/ports.ts'
import { version } from '../base/version.ts'
import type { OpenListener } from '../broker/listener.ts'
import { Runtime } from '../broker/runtime.ts'
import { LineOptionError } from '../gateway/line/options.ts'
import { JournalError } from '../journal/errors.ts'
import { nodeWorld } from '../node/world.ts'
import { CommandError } from './failure.ts'
import { lineSentence } from './line-flags.ts'
import { stderrLog } from './log.ts'
import type { PlannedListener, ServePlan } from './serve-plan.ts'
import { stopRequested } from './stop.ts'

// A running broker waits to be told to stop, with or without a socket that keeps the process alive.
const CENTURY_MS = 100 * 365 * 24 * 3600_000

/** Something to close, with the name that the log calls it by. */
interface Opened {
  readonly name: string
  close(): Promise<void>
}

export async function serveUntilStopped(plan: ServePlan): Promise<void> {
  const stop = stopRequested()
  const world = nodeWorld()
  const log = stderrLog(world.clock)
  const awake = world.scheduler.after(CENTURY_MS, () => {})
  const opened: Opened[] = [{ name: 'disk', close: () => world.disk.close() }]
  try {
    await serve(plan, { world, log, opened }, stop)
  } catch (error) {
    for (const failure of await closeAll(opened)) log.error(failure)
    throw error
  } finally {
    awake.cancel()
  }
  const failures = await closeAll(opened)
  if (failures.length > 0) throw new CommandError(failures.join('; '))
}

async function serve(plan: ServePlan, opening: Opening, stop: AbortSignal): Promise<void> {
  const directory = plan.directory === null ? null : resolve(plan.directory)
  const failed = deferred<Error>()
  const broker = await openBroker({ ...plan, directory }, opening, failed.resolve)
  const listeners = await openListeners(plan.listeners, { ...opening, broker })
  const urls = Object.fromEntries([...listeners].map(([name, { url }]) => [name, url]))
  const { durability } = plan
  const ready = { urls, dir: directory, durability, pid: process.pid, version }
  process.stdout.write(`ready ${JSON.stringify(ready)}\n`)
  for (const listener of listeners.values()) listener.begin()
  const failure = await Promise.race([fired(stop), failed.promise])
  if (failure instanceof Error) throw new CommandError(failure.message, { cause: failure })
  opening.log.info(`${String(stop.reason)}: stopping`)
}

interface Opening {
  readonly world: World
  readonly log: Log
  /** What is open so far, oldest first. */
  readonly opened: Opened[]
}

type OpeningWithBroker = Opening & { readonly broker: Runtime }

async function openBroker(
  plan: ServePlan,
  { world, log, opened }: Opening,
  stopped: (error: Error) => void,
): Promise<Runtime> {
  const { directory, durability } = plan
  if (durability === 'memory') {
    const why = directory === null ? 'no --dir' : 'durability is memory'
    log.warn(`${why}: everything is in memory and gone when this process ends`)
  }
  try {
    const broker = await Runtime.open({ world, directory, durability, log, stopped })
    opened.push({ name: 'broker', close: () => broker.close() })
    return broker
  } catch (error) {
    throw directory === null ? error : directoryError(error, directory)
  }
}

function directoryError(error: unknown, directory: string): unknown {
  if (error instanceof JournalError && error.code === 'JOURNAL_LOCKED') {
    return new CommandError(`--dir ${directory}: another naru serve has this directory open`)
  }
  if (error instanceof JournalError) {
    return new CommandError(`--dir ${directory}: ${error.message}`, { cause: error })
  }
  return error
}

async function openListeners(
  listeners: readonly PlannedListener[],
  opening: OpeningWithBroker,
): Promise<ReadonlyMap<string, OpenListener>> {
  const open = new Map<string, OpenListener>()
  for (const planned of listeners) {
    const listener = await openListener(planned, opening)
    const { name } = planned.kind
    opening.opened.push({ name, close: () => listener.close() })
    open.set(name, listener)
  }
  return open
}

async function openListener(
  planned: PlannedListener,
  opening: OpeningWithBroker,
): Promise<OpenListener> {
  const { kind, port } = planned
  const { broker, log, world } = opening
  try {
    const address = { kind: 'tcp', host: '127.0.0.1', port } as const
    return await kind.open({ world, address, log, broker })
  } catch (error) {
    throw listenerError(error, planned)
  }
}

function listenerError(error: unknown, planned: PlannedListener): unknown {
  const { kind, port } = planned
  if (error instanceof LineOptionError) return new CommandError(lineSentence(error))
  if (!(error instanceof NetError)) return error
  const flag = `--${kind.name}`
  if (error.code === 'in-use') {
    const advice = `choose another or ${flag} 0 for any free one`
    return new CommandError(`${flag} ${port}: port ${port} is taken; ${advice}`)
  }
  return new CommandError(`${flag} ${port}: ${error.message}`)
}

async function fired(signal: AbortSignal): Promise<void> {
  const never = (): (() => void) => () => {}
  await untilAborted(signal, never).catch(() => {})
}

/** The newest first. One that fails does not keep the others open; answers what failed. */
async function closeAll(opened: readonly Opened[]): Promise<readonly string[]> {
  const failures: string[] = []
  for (const { name, close } of opened.toReversed()) {
    await close().catch((error: unknown) => {
      failures.push(`closing ${name} failed: ${String(error)}`)
    })
  }
  return failures
}

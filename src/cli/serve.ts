/**
 * `naru serve`: opens the directory and the listeners in order, says that it is ready, waits to be
 * stopped, and closes everything in the opposite order.
 */
import { resolve } from 'node:path'
import { untilAborted } from '../base/abort.ts'
import type { Log } from '../base/log.ts'
import type { DiskLock, World } from '../base/ports.ts'
import { DiskError, NetError } from '../base/ports.ts'
import { version } from '../base/version.ts'
import type { OpenListener } from '../broker/listener.ts'
import { nodeWorld } from '../node/world.ts'
import { CommandError } from './failure.ts'
import { stderrLog } from './log.ts'
import type { PlannedListener, ServePlan } from './serve-plan.ts'
import { stopRequested } from './stop.ts'

const LOCK_NAME = 'lock'

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
  const directory = await openDirectory(plan, opening)
  const listeners = await openListeners(plan.listeners, opening)
  const urls = Object.fromEntries([...listeners].map(([name, { url }]) => [name, url]))
  const { durability } = plan
  const ready = { urls, dir: directory, durability, pid: process.pid, version }
  process.stdout.on('error', () => {}) // nobody may be reading; that is no reason to end
  process.stdout.write(`ready ${JSON.stringify(ready)}\n`)
  for (const listener of listeners.values()) listener.begin()
  await fired(stop)
  opening.log.info(`${String(stop.reason)}: stopping`)
}

interface Opening {
  readonly world: World
  readonly log: Log
  /** What is open so far, oldest first. */
  readonly opened: Opened[]
}

/** The absolute path of the directory, made and locked; `null` in memory. */
async function openDirectory(plan: ServePlan, opening: Opening): Promise<string | null> {
  const { world, log, opened } = opening
  if (plan.directory === null) {
    log.warn('no --dir: everything is in memory and gone when this process ends')
    return null
  }
  const directory = resolve(plan.directory)
  try {
    await world.disk.makeDirectory(directory)
    const lock: DiskLock = await world.disk.lock(world.disk.join(directory, LOCK_NAME))
    opened.push({ name: 'lock', close: () => lock.release() })
    log.warn(`${directory} is ours, but nothing is kept in it yet: this version has no queues`)
  } catch (error) {
    throw directoryError(error, directory)
  }
  return directory
}

function directoryError(error: unknown, directory: string): unknown {
  if (!(error instanceof DiskError)) return error
  if (error.code === 'locked') {
    return new CommandError(`--dir ${directory}: another naru serve has this directory open`)
  }
  if (error.code === 'exists') {
    return new CommandError(`--dir ${directory}: this is a file, not a directory`)
  }
  return new CommandError(`--dir ${directory}: ${error.message}`)
}

async function openListeners(
  listeners: readonly PlannedListener[],
  opening: Opening,
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

async function openListener(planned: PlannedListener, opening: Opening): Promise<OpenListener> {
  const { kind, port } = planned
  const { world, log } = opening
  try {
    const address = { kind: 'tcp', host: '127.0.0.1', port } as const
    return await kind.open({ world, address, log })
  } catch (error) {
    throw listenerError(error, planned)
  }
}

function listenerError(error: unknown, planned: PlannedListener): unknown {
  const { kind, port } = planned
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

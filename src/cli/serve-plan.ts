/** From the flags of `naru serve` to what shall run, or to what is wrong in one sentence. Pure. */
import type { ListenerKind } from '../broker/listener.ts'
import { UsageError } from './failure.ts'
import { type FlagValues, isFlagged } from './listener-flags.ts'

/** What an acknowledgement promises: on the disk, in the system's cache, or nothing. */
export type Durability = 'fsync' | 'os' | 'memory'

export const durabilities: readonly Durability[] = ['fsync', 'os', 'memory']

/** One listener to be opened. */
export interface PlannedListener {
  readonly kind: ListenerKind
  readonly port: number
}

export interface ServePlan {
  /** `null`: everything is in memory. */
  readonly directory: string | null
  readonly durability: Durability
  readonly listeners: readonly PlannedListener[]
}

/**
 * The flags as commander has them, `line-queue` under `lineQueue`; `true` is a flag without its value.
 */
export type ServeFlags = Readonly<Record<string, string | true | undefined>>

/** The listeners that this project is about; a flag for one that is not built gets a sentence. */
const NAMES = ['amqp', 'kafka', 'redis', 'kinesis', 'http', 'line'] as const

export function unbuiltNames(kinds: readonly ListenerKind[]): readonly string[] {
  return NAMES.filter((name) => kinds.every((kind) => kind.name !== name))
}

export function planServe(flags: ServeFlags, kinds: readonly ListenerKind[]): ServePlan {
  for (const name of unbuiltNames(kinds)) {
    if (flags[name] !== undefined) throw new UsageError(`--${name}: ${unbuilt(name)}`)
  }
  const directory = textOf(flags, 'dir')
  return {
    directory,
    durability: planDurability(textOf(flags, 'durability'), directory),
    listeners: planListeners(flags, kinds),
  }
}

function planDurability(asked: string | null, directory: string | null): Durability {
  const durability = asked ?? (directory === null ? 'memory' : 'fsync')
  if (!isDurability(durability)) {
    throw new UsageError(`--durability ${durability}: it is one of ${durabilities.join(', ')}`)
  }
  if (directory === null && durability !== 'memory') {
    throw new UsageError(`--durability ${durability} needs --dir: without it all is in memory`)
  }
  return durability
}

function isDurability(text: string): text is Durability {
  return (durabilities as readonly string[]).includes(text)
}

function planListeners(
  flags: ServeFlags,
  kinds: readonly ListenerKind[],
): readonly PlannedListener[] {
  const only = planOnly(textOf(flags, 'only'), kinds)
  const planned: PlannedListener[] = []
  for (const kind of kinds) {
    const asked = textOf(flags, kind.name)
    const isWanted = only === null || only.has(kind.name)
    if (asked !== null && asked !== 'off' && !isWanted) {
      throw new UsageError(`--${kind.name} ${asked}: --only does not name ${kind.name}`)
    }
    if (asked === 'off' && only?.has(kind.name) === true) {
      throw new UsageError(`--${kind.name} off: --only names ${kind.name}`)
    }
    const own = ownFlags(kind, flags)
    if (!isWanted || asked === 'off') {
      refuseIdle(kind.name, own)
      continue
    }
    const port = asked === null ? kind.defaultPort : portOf(kind.name, asked)
    planned.push({ kind: isFlagged(kind) ? kind.configured(own) : kind, port })
  }
  return planned
}

/** Those of the listener's own flags that are there, by name. */
function ownFlags(kind: ListenerKind, flags: ServeFlags): FlagValues {
  const own = new Map<string, string>()
  if (!isFlagged(kind)) return own
  for (const { name } of kind.flags) {
    const value = textOf(flags, name)
    if (value !== null) own.set(name, value)
  }
  return own
}

function refuseIdle(name: string, own: FlagValues): void {
  for (const [flag, value] of own) {
    throw new UsageError(`--${flag} ${value}: the ${name} listener is not opened`)
  }
}

/** The names behind --only; `null` when it is not there. */
function planOnly(asked: string | null, kinds: readonly ListenerKind[]): Set<string> | null {
  if (asked === null) return null
  const names = asked.split(',').map((name) => name.trim())
  for (const name of names) {
    if (kinds.some((kind) => kind.name === name)) continue
    if (unbuiltNames(kinds).includes(name)) throw new UsageError(`--only ${name}: ${unbuilt(name)}`)
    const built = kinds.map((kind) => kind.name).join(', ') || 'none yet'
    throw new UsageError(`--only ${asked}: there is no listener '${name}' (there is: ${built})`)
  }
  return new Set(names)
}

function portOf(name: string, asked: string): number {
  const port = /^\d{1,5}$/.test(asked) ? Number(asked) : Number.NaN
  if (port <= 65_535) return port
  throw new UsageError(`--${name} ${asked}: a port is a number from 0 to 65535, or off`)
}

function textOf(flags: ServeFlags, name: string): string | null {
  const value = flags[name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase())]
  if (value === undefined) return null
  if (value === true || value === '') throw new UsageError(`--${name} needs a value`)
  return value
}

function unbuilt(name: string): string {
  return `this version of naru has no ${name} listener yet`
}

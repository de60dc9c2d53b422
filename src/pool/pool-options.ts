/** What a pool can be told, and what it is when nobody says so. */
import { MiB } from '../base/bytes.ts'
import type { Clock, Scheduler } from '../base/ports.ts'
import type { WhenFull } from './crew.ts'
import { PoolMisuse } from './errors.ts'
import type { PoolEvent } from './tally.ts'

export interface PoolOptions {
  /** The module whose functions are the tasks: a URL, or a path from the working directory. */
  readonly module: URL | string
  /** `cpu`: one worker a core. `io`: more, because they mostly wait. Only if `size` is not given. */
  readonly kind?: 'cpu' | 'io'
  /** Workers that may run at once. They are started as they are needed. */
  readonly size?: number
  /** Tasks that may wait before the pool counts as full. */
  readonly queueMax?: number
  /** `reject`: with `PoolQueueFull`. `wait` (default): `run` settles later; whoever awaits it is slowed down. */
  readonly whenFull?: WhenFull
  /** Quick tasks that a worker may be given ahead, to hide the way there and back. 0: never. */
  readonly aheadMax?: number
  /** For every task that names none of its own. Default: as long as it takes. */
  readonly timeoutMs?: number
  /** The same. Default 1: a task is never started twice. */
  readonly attempts?: number
  /** When a worker is replaced by a fresh one, between two tasks: against what leaks and fragments. */
  readonly recycle?: {
    /** After so many calls. */
    readonly tasks?: number
    /** When it occupies so much: a process all its memory, a thread its heap and buffers. */
    readonly megabytes?: number
  }
  /**
   * The most that JavaScript objects of one worker may take; a worker that needs more dies. For a thread that is Node's
   * best effort: see docs/pool.md.
   */
  readonly heapMegabytesMax?: number
  /** A module whose `setup` runs in each worker before that of `module`. */
  readonly initializer?: URL | string
  /** Given to both, copied. */
  readonly setupData?: unknown
  /** Loading and `setup` may take so long. */
  readonly startTimeoutMs?: number
  /** `teardown` may take so long before the worker is killed. */
  readonly stopTimeoutMs?: number
  /** Environment of the workers. Default: as this process's. */
  readonly env?: Readonly<Record<string, string>>
  /** Options to node, instead of those that this process was started with. */
  readonly execArgv?: readonly string[]
  /** Watches the workers come and go. */
  readonly onEvent?: (event: PoolEvent) => void
  /** Time, for tests. */
  readonly ports?: { readonly clock: Clock; readonly scheduler: Scheduler }
}

export const poolDefaults = {
  /** Half a million short arguments are some 100 MB; whoever has more waiting should use `map`. */
  queueMax: 65_536,
  /** 32 tasks of 10 microseconds last longer than the way there and back. */
  aheadMax: 32,
  attempts: 1,
  /** A slow disk and a large module; more means that the setup hangs. */
  startTimeoutMs: 30_000,
  /** As long as a service manager leaves a program that it stops, halved. */
  stopTimeoutMs: 5_000,
} as const

/** As Python's ThreadPoolExecutor has it: a few more than cores keep them busy, and many cores need no more. */
const ioExtra = 4
const ioMax = 32

export function sizeFor(options: PoolOptions, cores: number): number {
  const { kind = 'cpu' } = options
  if (kind !== 'cpu' && kind !== 'io')
    throw new PoolMisuse(`kind is cpu or io, not ${String(kind)}`)
  if (options.size !== undefined) return checkWhole('size', options.size)
  return kind === 'io' ? Math.min(ioMax, cores + ioExtra) : cores
}

export function bytesFor(megabytes: number | undefined): number {
  return megabytes === undefined ? Number.POSITIVE_INFINITY : megabytes * MiB
}

/** A whole number above 0. */
export function checkWhole(name: string, count: number): number {
  if (Number.isSafeInteger(count) && count >= 1) return count
  throw new PoolMisuse(`${name} is a whole number above 0, not ${count}`)
}

/** The same, or Infinity. */
export function checkCount(name: string, count: number): number {
  return count === Number.POSITIVE_INFINITY ? count : checkWhole(name, count)
}

export function checkMs(name: string, ms: number): number {
  if (ms > 0) return ms
  throw new PoolMisuse(`${name} is above 0, not ${ms}`)
}

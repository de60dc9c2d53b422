/** What a pool is, of threads or of processes alike. Types only; `mod.ts` makes pools. */
import type { PoolCounters } from './tally.ts'
import type { ConsumeOptions, Consumption, TaskSource } from './task-source.ts'
import type { Moved, Transferable } from './transfer.ts'

/** A module whose type nobody gave: any name, any arguments. */
export type AnyTasks = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

/** Exports that a worker calls by itself, and nobody else does. */
export type ReservedName = 'setup' | 'teardown'

/** The names of the module's functions; its default export is called `default`. */
export type TaskName<M extends object> = Exclude<
  { [K in keyof M]: M[K] extends (...args: never[]) => unknown ? K : never }[keyof M],
  ReservedName
> &
  string

/** The names of those that a `map` can call: one argument is enough for them. */
export type MapName<M extends object> = {
  [K in TaskName<M>]: M[K] extends (item: never) => unknown ? K : never
}[TaskName<M>]

export type TaskArgs<M extends object, K extends keyof M> = M[K] extends (
  ...args: infer A
) => unknown
  ? A
  : never

export type TaskItem<M extends object, K extends keyof M> = TaskArgs<M, K>[0]

/** What arrives: promises are awaited, and what was moved is unwrapped. */
export type TaskResult<M extends object, K extends keyof M> = M[K] extends (
  ...args: never[]
) => infer R
  ? Awaited<R> extends Moved<infer T>
    ? T
    : Awaited<R>
  : never

export interface RunOptions {
  /** Takes the task back if it still waits; kills its worker if it runs. Rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Kills the worker when the task has run so long, and rejects with `PoolTaskTimeout`. Waiting does not count. */
  readonly timeoutMs?: number
  /** How often the task may be started before a lost worker fails it; above 1 only for what may run twice. */
  readonly attempts?: number
  /** Changes its owner instead of being copied. Such a task has one attempt. */
  readonly transfer?: readonly Transferable[]
}

/** Where items come from: pulled only as fast as they are worked off. */
export type Items<T> = Iterable<T> | AsyncIterable<T>

/**
 * Items that go to a worker together, and are answered, timed out, lost or tried again together. `auto`
 * measures: quick calls travel in chunks of some milliseconds, slow ones alone.
 */
export type ChunkSize = number | 'auto'

export interface MapOptions {
  readonly signal?: AbortSignal
  /** For a whole chunk. With `auto` every item travels alone then. */
  readonly timeoutMs?: number
  /** As in `RunOptions`. A chunk that is lost is tried again item by item. */
  readonly attempts?: number
  /** Default: `auto` for `map`, 1 for the others. */
  readonly chunkSize?: ChunkSize
  /** Items that may be pulled and not yet be handed out. */
  readonly itemsMax?: number
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly done: number
  /** Of those done: how many threw or were lost. */
  readonly failed: number
  /** `null` while the source has not said how much there is. */
  readonly total: number | null
}

/** What became of one item. */
export type Outcome<T, R> =
  | { readonly status: 'done'; readonly index: number; readonly item: T; readonly value: R }
  | { readonly status: 'failed'; readonly index: number; readonly item: T; readonly error: unknown }

export interface Pool<M extends object = AnyTasks> extends AsyncDisposable {
  /** Workers that may run at once. */
  readonly size: number
  /** Takes no task any more. */
  readonly closed: boolean

  /** Calls one function of the module in a worker. Rejects with what it throws, or with a `PoolError`. */
  run<K extends TaskName<M>>(
    task: K,
    args: TaskArgs<M, K>,
    options?: RunOptions,
  ): Promise<TaskResult<M, K>>

  /** Calls the function for each item. The results are in the order of the items. The first failure ends it. */
  map<K extends MapName<M>>(
    task: K,
    items: Items<TaskItem<M, K>>,
    options?: MapOptions,
  ): Promise<TaskResult<M, K>[]>

  /** The results in the order of the items, as they come. The first failure ends it. */
  imap<K extends MapName<M>>(
    task: K,
    items: Items<TaskItem<M, K>>,
    options?: MapOptions,
  ): AsyncGenerator<TaskResult<M, K>, void, undefined>

  /** The results as they come, whichever is first. The first failure ends it. */
  imapUnordered<K extends MapName<M>>(
    task: K,
    items: Items<TaskItem<M, K>>,
    options?: MapOptions,
  ): AsyncGenerator<TaskResult<M, K>, void, undefined>

  /** What became of each item, as it becomes known; a failure is one of the things that may. */
  settle<K extends MapName<M>>(
    task: K,
    items: Items<TaskItem<M, K>>,
    options?: MapOptions,
  ): AsyncGenerator<Outcome<TaskItem<M, K>, TaskResult<M, K>>, void, undefined>

  /** Works off a channel or a queue: what is done is acknowledged, what a dying worker leaves is put back. */
  consume<K extends MapName<M>>(
    source: TaskSource<TaskItem<M, K>>,
    task: K,
    options?: ConsumeOptions<TaskItem<M, K>, TaskResult<M, K>>,
  ): Consumption

  /** Starts all workers; without it they start as they are needed. Rejects with `PoolStartFailed`. */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>
  counters(): PoolCounters
  /** Takes no more, finishes what it has, lets the workers run their `teardown`. Idempotent. */
  close(): Promise<void>
  /** Kills the workers; whatever is not done rejects with `PoolClosed`. Idempotent. */
  destroy(): Promise<void>
}

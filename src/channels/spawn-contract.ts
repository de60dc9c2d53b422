/**
 * What a spawned thread or process is, seen from both sides: the one interface that spawn in
 * channels/threads/ and spawn in channels/processes/ keep. Types and errors only.
 */
import type { SelectableReceiver, SelectableSender, Sendable, WaitOptions } from './contract.ts'

/** How it ended. `code` is the exit code as the system has it; `error` is what it died of, else `null`. */
export interface Exit {
  readonly code: number
  readonly error: SpawnCrashed | null
}

export interface SpawnOptions {
  /** For people: errors name it. The module's file name unless told. */
  readonly name?: string
  /** Ends the spawned one at once, as `terminate` does. */
  readonly signal?: AbortSignal
}

/**
 * The one that was spawned, as its parent sees it. Its end by itself, by `terminate` or by a crash ends
 * `output` once all is received and makes every `put` reject; after a crash both reject with
 * `ChannelPeerLost` whose cause is the `SpawnCrashed`. Nothing else in the parent is affected.
 */
export interface Spawned<In extends Sendable, Out extends Sendable> extends AsyncDisposable {
  readonly name: string
  readonly kind: 'thread' | 'process'
  /** The thread's id or the process's. */
  readonly id: number
  /** What is put here, it receives. Closing it tells the spawned one that no more will come. */
  readonly input: SelectableSender<In>
  /** What it puts, is received here. */
  readonly output: SelectableReceiver<Out>
  /** `null` while it runs. */
  readonly exit: Exit | null
  /** Resolves with how it ended, a crash included; ending the wait leaves it running. */
  join(options?: WaitOptions): Promise<Exit>
  /** Ends it at once, wherever it is. Idempotent; of one that has ended it tells how. */
  terminate(): Promise<Exit>
  /** Closes `input`, then waits for the end. */
  close(options?: WaitOptions): Promise<Exit>
}

/** The same from inside: what the spawned module's `main` is called with. */
export interface SpawnedSelf<Args, In extends Sendable, Out extends Sendable> {
  readonly name: string
  /** A copy of what `spawn` was given. */
  readonly args: Args
  readonly input: SelectableReceiver<In>
  readonly output: SelectableSender<Out>
}

/**
 * What a module to be spawned exports, under the name `main`. When it returns, `output` is closed once all
 * is received; when it throws, that is a crash.
 */
export type SpawnMain<Args, In extends Sendable, Out extends Sendable> = (
  self: SpawnedSelf<Args, In, Out>,
) => Promise<void> | void

/** A spawned thread or process died of an error, which is the cause where it is known. */
export class SpawnCrashed extends Error {
  override readonly name = 'SpawnCrashed'
  readonly code = 'SPAWN_CRASHED'
  constructor(who: string, options?: ErrorOptions) {
    const { cause } = options ?? {}
    const reason = cause instanceof Error ? `: ${cause.name}: ${cause.message}` : ''
    super(`${who} crashed${reason}`, options)
  }
}

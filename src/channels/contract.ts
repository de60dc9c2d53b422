/**
 * What a channel is, wherever it runs: the one interface that the in-process channel, the thread
 * channel, the process channel and the channel over a broker queue all keep. Types and errors only.
 */
import type { World } from '../base/ports.ts'

/** The part of the world that a primitive needs; mod.ts hands in the real one, tests a simulated one. */
export type Ports = Pick<World, 'clock' | 'random' | 'scheduler'>

/** Anything but `undefined`, which `tryGet` answers when there is nothing to get. */
export type Sendable = NonNullable<unknown> | null

/** How long a call may wait, and who may end the wait. A call that was ended has had no effect. */
export interface WaitOptions {
  readonly signal?: AbortSignal
  /** Rejects with `ChannelTimeout` after so many milliseconds; 0 means: do not wait at all. */
  readonly timeoutMs?: number
}

/** What `offer` answers: nobody can forget to ask (back-pressure is a return value). */
export type Offer = 'taken' | 'replaced' | 'dropped' | 'full' | 'closed'

/** How a channel ends: `drain` lets what is inside be received, `now` throws it away. */
export type Ending = 'drain' | 'now'

export interface Sender<T extends Sendable> {
  /** Resolves when the channel has taken the value; waits while it is full. Rejects with `ChannelClosed`. */
  put(value: T, options?: WaitOptions): Promise<void>
  /** Takes the value if there is room right now. */
  tryPut(value: T): boolean
  /** Ends the channel: no value goes in any more. Idempotent. */
  close(ending?: Ending): void
  readonly closed: boolean
}

export interface Receiver<T extends Sendable> extends AsyncIterable<T> {
  /**
   * Resolves with the oldest value; waits while there is none. Rejects with `ChannelClosed` once closed and
   * empty, or with the error that ended the channel. `for await` ends at the first and throws the second.
   */
  get(options?: WaitOptions): Promise<T>
  /** The oldest value if there is one right now, else `undefined`. */
  tryGet(): T | undefined
  readonly closed: boolean
}

/** Both ends in one. A transport whose ends live apart gives each side its half. */
export interface Duplex<T extends Sendable> extends Sender<T>, Receiver<T>, AsyncDisposable {
  /** Values inside right now; what is under way to or from another thread or process is counted by neither side. */
  readonly size: number
  /** How many values fit; 0 is a rendezvous, Infinity unbounded. */
  readonly capacity: number
}

/** What each end of a channel can say of itself; in one process both ends are the same. */
export interface DuplexStats {
  readonly name: string
  readonly capacity: number
  /** Values inside, as far as it is known here. */
  readonly size: number
  /** Values that went in here, and that came out here. */
  readonly put: number
  readonly got: number
  /** Values that nobody will get: refused, pushed out or conflated here, or inside at a close `now`. */
  readonly dropped: number
  /** Calls here that wait for room, and for a value. */
  readonly waitingToPut: number
  readonly waitingToGet: number
  readonly closed: boolean
}

/** What a channel has that counts its values until they are done, as Python's `JoinableQueue` does. */
export interface Joinable {
  /**
   * Says that one of the values which came out here is dealt with. Throws `ChannelMisuse` when said more often than
   * values came out here.
   */
  taskDone(): void
  /**
   * Resolves when every value that went in is done or thrown away. Rejects with `ChannelPeerLost` once that can never
   * be, because whoever had some of them is gone: now, and whenever it is asked again.
   */
  join(options?: WaitOptions): Promise<void>
}

/** Ends a watch. Idempotent, and harmless after the wake-up. */
export type Unwatch = () => void

/**
 * What `select` needs of a receiver. A wake-up is a hint: `tryGet` decides, and another may have been
 * faster. An end of a thread or process channel joins a `select` by having these members.
 */
export interface SelectableReceiver<T extends Sendable> extends Receiver<T> {
  /**
   * Calls `wake` once, as soon as `tryGet` may have an answer or the channel has ended; soon after the
   * call if that is so already, but never before it has returned.
   */
  onReadable(wake: () => void): Unwatch
  /** Closed, and all is received: `get` will reject for ever. */
  readonly ended: boolean
  /** Why `get` rejects once all is received, if not because of an ordinary close; else `null`. */
  readonly failure: Error | null
}

/** What `select` needs of a sender; the same rules. */
export interface SelectableSender<T extends Sendable> extends Sender<T> {
  /** Calls `wake` once, as soon as `tryPut` may succeed or the channel has been closed. */
  onWritable(wake: () => void): Unwatch
}

export type ChannelErrorCode =
  | 'CHANNEL_CLOSED'
  | 'CHANNEL_TIMEOUT'
  | 'CHANNEL_FULL'
  | 'CHANNEL_PEER_LOST'
  | 'CHANNEL_MISUSE'

/** Every error a channel rejects with; `code` is stable, the message is for people. */
export class ChannelError extends Error {
  override readonly name: string = 'ChannelError'
  readonly code: ChannelErrorCode
  constructor(code: ChannelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The channel was closed, by either end, and what it held is gone or received. */
export class ChannelClosed extends ChannelError {
  override readonly name = 'ChannelClosed'
  constructor(message = 'the channel is closed', options?: ErrorOptions) {
    super('CHANNEL_CLOSED', message, options)
  }
}

export class ChannelTimeout extends ChannelError {
  override readonly name = 'ChannelTimeout'
  constructor(timeoutMs: number) {
    super('CHANNEL_TIMEOUT', `nothing happened within ${timeoutMs} ms`)
  }
}

/** `put` found the channel full, and its policy is to reject. */
export class ChannelFull extends ChannelError {
  override readonly name = 'ChannelFull'
  constructor(capacity: number) {
    super('CHANNEL_FULL', `the channel is full: it holds ${capacity}`)
  }
}

/** The caller broke a rule: more `taskDone` than values got, `undefined` as a value, a nonsensical option. */
export class ChannelMisuse extends ChannelError {
  override readonly name = 'ChannelMisuse'
  constructor(message: string, options?: ErrorOptions) {
    super('CHANNEL_MISUSE', message, options)
  }
}

/** The other thread, process or host died or stopped answering; what was under way is unknown. */
export class ChannelPeerLost extends ChannelError {
  override readonly name = 'ChannelPeerLost'
  constructor(message: string, options?: ErrorOptions) {
    super('CHANNEL_PEER_LOST', message, options)
  }
}

/**
 * The ports: everything the product asks of the outside world, as types. The real ones live in
 * src/node/, the simulated ones in test/sim/. Nothing above src/base/ reads a clock, draws chance,
 * starts a timer, or touches a disk or a socket except through these.
 */

/** Two clocks: one that tells the date and may jump, one that only goes forward. */
export interface Clock {
  /** Milliseconds since 1970, as the wall says. May jump in either direction. */
  wallMs(): number
  /** Milliseconds since some fixed moment; fractional; never goes back. */
  monotonicMs(): number
}

/** Chance. */
export interface Random {
  /** A uniform unsigned 32-bit integer. */
  u32(): number
}

/** A started timer. `cancel` is idempotent and harmless after the timer has fired. */
export interface Timer {
  cancel(): void
}

/** Wake-ups. Every macrotask the product starts comes from here, so one seed is one run. */
export interface Scheduler {
  /** Runs `task` once, after the current turn and its microtasks, before any timer that is due later. */
  soon(task: () => void): void
  /** Runs `task` once, at least `delayMs` later. Keeps the process alive until it fired or was cancelled. */
  after(delayMs: number, task: () => void): Timer
}

/** Why a disk call failed, in one vocabulary for every system. `other` keeps the system's text in the message. */
export type DiskErrorCode =
  | 'missing'
  | 'exists'
  | 'full'
  | 'locked'
  | 'denied'
  | 'handles'
  | 'io'
  | 'other'

/** The only error a Disk or a DiskFile rejects with. */
export class DiskError extends Error {
  override readonly name = 'DiskError'
  readonly code: DiskErrorCode
  readonly path: string
  constructor(code: DiskErrorCode, path: string, message: string) {
    super(message)
    this.code = code
    this.path = path
  }
}

/** One name in a directory. */
export interface DiskEntry {
  readonly name: string
  readonly kind: 'file' | 'directory'
}

/**
 * A file system, about nine calls wide so that a crash disk can stand in for it. A path is made by
 * `join`; names never contain a separator. Creating, renaming and removing a name is durable only
 * after `syncDirectory` of its directory.
 */
export interface Disk {
  /** Joins a directory and a name as this system writes it. */
  join(directory: string, name: string): string
  /** `read` needs the file; `write` needs it too; `create` makes it and rejects with `exists` if it is there. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  list(directory: string): Promise<readonly DiskEntry[]>
  /**
   * Makes one directory, and its parents, durably: every directory that names one of them is synced. Its being
   * there already is not an error.
   */
  makeDirectory(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
  /** Takes the exclusive lock on the file at `path`, made if missing; `locked` when another process has it. */
  lock(path: string): Promise<DiskLock>
  /** Bytes a new file could still take in the file system that holds `directory`. */
  freeBytes(directory: string): Promise<number>
  /**
   * Memory that `commit` takes without a copy. The real disk hands out shared memory, because its
   * system calls run on another thread. To be pooled and used again: the collector does not see the
   * size of shared memory, so what is dropped may stay until long after.
   */
  allocate(size: number): Uint8Array
  /** Ends the disk's own helpers (a thread, say). Files must be closed before. Idempotent. */
  close(): Promise<void>
}

export interface DiskLock {
  release(): Promise<void>
}

/** An open file. One owner, who closes it. Never two writes in flight at once. */
export interface DiskFile {
  size(): Promise<number>
  /** Reads into `into` from `position`; resolves to the count read, which is short only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /**
   * `read` for who goes through a file from front to back and asks for some pieces at once: they are read one after
   * the other, so that the system reads ahead, and answered in that order. `into` comes from `allocate` and is the
   * disk's until it settles. Not beside commits, which would wait for it.
   */
  readInOrder(into: Uint8Array, position: number): Promise<number>
  /** Writes all of `bytes` at `position`; not durable before `sync`. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /**
   * Writes `pieces` one after the other at `position`, then syncs the data if `sync` says so: the journal's hot
   * path, one hop for all of it. The pieces come from `allocate` and may not change until it settles. Once one
   * was rejected, all later ones of this file are, and none of them reaches the disk: nobody may find what
   * stands behind a hole.
   */
  commit(pieces: readonly Uint8Array[], position: number, sync: 'sync' | 'no-sync'): Promise<void>
  /** Everything written so far survives a power cut once this resolves. After a rejection nothing may be assumed. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

/** Where something listens or connects. Port 0 picks a free one. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** What a connection tells its owner. `closed` comes exactly once and last. */
export interface ConnectionHandler {
  /** The bytes are the receiver's for this call only, unless it copies them. */
  data(bytes: Uint8Array): void
  /** The peer will send no more. */
  ended(): void
  /** What `write` refused to hurry has left: writing may go on. */
  drained(): void
  closed(error: Error | null): void
}

/** A stream of bytes both ways. */
export interface Connection {
  /** The peer, for people and logs: `127.0.0.1:4711`, or the path of a socket file. */
  readonly peer: string
  /** Our own end, as the peer dialled it; null for the socket file of a system. */
  readonly local: { readonly host: string; readonly port: number } | null
  /** Bytes written and not yet taken by the system. */
  readonly pendingBytes: number
  /** Starts the flow of events. Nothing is delivered before. Called once. */
  start(handler: ConnectionHandler): void
  /** Queues bytes to send; `false` says: enough for now, wait for `drained`. */
  write(bytes: Uint8Array): boolean
  /** Groups the writes between the two into as few packets as may be. */
  cork(): void
  uncork(): void
  /** Stops and starts `data`; the system's own flow control reaches the peer. */
  pause(): void
  resume(): void
  /** Sends what is queued, then says that no more will come. */
  end(): void
  /** Drops everything at once. */
  destroy(): void
}

/** A listening socket. */
export interface Listener {
  /** Where it really listens: port 0 is resolved. */
  readonly address: Address
  /** Stops accepting; connections that exist live on. Idempotent. */
  close(): Promise<void>
}

/** Why a network call failed, in one vocabulary for every system. */
export type NetErrorCode = 'in-use' | 'denied' | 'refused' | 'unreachable' | 'reset' | 'other'

export class NetError extends Error {
  override readonly name = 'NetError'
  readonly code: NetErrorCode
  constructor(code: NetErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export interface Net {
  listen(address: Address, accept: (connection: Connection) => void): Promise<Listener>
  connect(address: Address): Promise<Connection>
}

/** All the ports together: what a program hands to the product once, at the start. */
export interface World {
  readonly clock: Clock
  readonly random: Random
  readonly scheduler: Scheduler
  readonly disk: Disk
  readonly net: Net
}

/**
 * One socket behind the Connection port. It adds three promises to what Node gives: nothing is told
 * before the start, `closed` comes exactly once and last, and a write that comes too late is
 * dropped without a word. Nothing is allocated per write.
 */
import type { Socket } from 'node:net'
import { assert } from '../base/assert.ts'
import type { Connection, ConnectionHandler } from '../base/ports.ts'
import { netErrorOf } from './net-errors.ts'

export class NodeConnection implements Connection {
  readonly peer: string
  readonly local: Connection['local']
  readonly #socket: Socket
  /** `null` until the start. */
  #handler: ConnectionHandler | null
  /** Why it will be closed; `null` while all is well. */
  #error: Error | null
  /** Node said that it is over; `closed` is told then, or at the start if that comes later. */
  #isClosed: boolean
  /** Our side has ended, or all is over: writes are dropped. */
  #isMute: boolean
  /** The owner dropped it: nothing is told any more but `closed`. */
  #isDropped: boolean
  /** The owner paused before the start, when the socket has nobody to flow to yet. */
  #isPaused: boolean

  /** Takes the socket over. `address` names the peer where the system has no name for it. */
  constructor(socket: Socket, address: string) {
    this.peer = peerOf(socket, address)
    this.local = localOf(socket)
    this.#socket = socket
    this.#handler = null
    this.#error = null
    this.#isClosed = false
    this.#isMute = false
    this.#isDropped = false
    this.#isPaused = false
    socket.on('error', (error) => {
      this.#error ??= netErrorOf(error, this.peer)
    })
    socket.on('close', () => {
      this.#isClosed = true
      this.#isMute = true
      this.#handler?.closed(this.#error)
    })
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  start(handler: ConnectionHandler): void {
    assert(this.#handler === null, 'a connection is started once')
    this.#handler = handler
    if (this.#isClosed) {
      setImmediate(() => handler.closed(this.#error))
      return
    }
    if (this.#isPaused) this.#socket.pause()
    // Node goes on handing out what it has buffered, after a `destroy` from within `data` too.
    this.#socket.on('end', () => {
      if (!this.#isDropped) handler.ended()
    })
    this.#socket.on('drain', () => {
      if (!this.#isDropped) handler.drained()
    })
    this.#socket.on('data', (bytes) => {
      if (!this.#isDropped) handler.data(bytes)
    })
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isMute || this.#socket.destroyed) return false
    if (bytes.length === 0) return !this.#socket.writableNeedDrain
    return this.#socket.write(bytes)
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  pause(): void {
    this.#isPaused = true
    if (this.#handler !== null) this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    // Not before the start: a socket that flows to nobody throws its bytes away.
    if (this.#handler !== null) this.#socket.resume()
  }

  end(): void {
    if (this.#isMute) return
    this.#isMute = true
    this.#socket.end()
  }

  destroy(): void {
    this.#isMute = true
    this.#isDropped = true
    this.#socket.destroy()
  }
}

function localOf(socket: Socket): Connection['local'] {
  const { localAddress: host, localPort: port } = socket
  return host === undefined || port === undefined ? null : { host, port }
}

/** Asked once, at the beginning: a closed socket has forgotten its peer. */
function peerOf(socket: Socket, address: string): string {
  const { remoteAddress: host, remotePort: port } = socket
  if (host === undefined || port === undefined) return address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

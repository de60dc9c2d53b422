/**
 * The broker's end of a connection whose client is a script: it takes all at once or, when it is slow, nothing until it
 * is told to. What was heard means something to those who extend it; time passes only where they say so.
 */
import assert from 'node:assert/strict'
import type { Connection, ConnectionHandler } from '../../src/base/ports.ts'
import type { Clockwork } from '../channels/clockwork.ts'

export abstract class ScriptedConnection implements Connection {
  readonly peer: string
  readonly local: Connection['local']
  /** Bytes that the client has not taken; it takes all at once unless it is slow. */
  pendingBytes = 0
  isSlow = false
  /** Below this the system buffers, and tells nobody when it has taken all. */
  bufferBytes = 0
  isPaused = false
  /** Our side ended, or dropped, or nothing of the kind. */
  state: 'open' | 'ended' | 'destroyed' = 'open'
  protected readonly clockwork: Clockwork
  #handler: ConnectionHandler | null = null
  #unread: Uint8Array[] = []
  #untaken: Uint8Array[] = []

  constructor(clockwork: Clockwork, peer: string, port: number) {
    this.clockwork = clockwork
    this.peer = peer
    this.local = { host: '127.0.0.1', port }
  }

  /** The client takes these bytes, which are the writer's for this call only. */
  protected abstract hear(bytes: Uint8Array): void

  /** The client sends no more, and still listens. */
  async finish(): Promise<void> {
    this.#handler?.ended()
    await this.clockwork.advance(0)
  }

  /** The client's side is gone. */
  async leave(): Promise<void> {
    this.#close()
    await this.clockwork.advance(0)
  }

  /** A slow client takes everything. */
  async takeAll(): Promise<void> {
    this.takeQuietly()
    this.#handler?.drained()
    await this.clockwork.advance(0)
  }

  /** The same where the system never said that it is enough: so it says nothing now. */
  takeQuietly(): void {
    this.takeSome(this.#untaken.length)
  }

  /** A slow client takes what was written first, so many times, and leaves the rest. */
  takeSome(writes: number): void {
    for (const bytes of this.#untaken.splice(0, writes)) {
      this.pendingBytes -= bytes.length
      this.hear(bytes)
    }
  }

  /** The client sends this. */
  protected receive(bytes: Uint8Array): void {
    if (this.state === 'destroyed') return
    if (this.isPaused) {
      this.#unread.push(bytes)
      return
    }
    // The bytes are the receiver's for the call only: afterwards they are something else.
    const lent = Buffer.from(bytes)
    this.#handler?.data(lent)
    lent.fill(0xdb)
  }

  // The port.

  start(handler: ConnectionHandler): void {
    this.#handler = handler
  }

  write(bytes: Uint8Array): boolean {
    assert.equal(this.state, 'open', 'a write after the end')
    if (!this.isSlow) {
      this.hear(bytes)
      return true
    }
    // As the port has it, what is not taken is still the writer's memory.
    this.#untaken.push(bytes)
    this.pendingBytes += bytes.length
    return this.pendingBytes < this.bufferBytes
  }

  cork(): void {}
  uncork(): void {}

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    const unread = this.#unread
    this.#unread = []
    if (unread.length > 0) {
      this.clockwork.scheduler.soon(() => {
        for (const bytes of unread) this.receive(bytes)
      })
    }
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended'
  }

  destroy(): void {
    this.state = 'destroyed'
    this.clockwork.scheduler.soon(() => this.#close())
  }

  #close(): void {
    this.state = 'destroyed'
    const handler = this.#handler
    this.#handler = null
    handler?.closed(null)
  }
}

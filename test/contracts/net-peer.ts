/**
 * One end of a connection in a contract's test: it remembers everything the connection told it, in
 * order, and lets the test wait until it has heard enough.
 */
import assert from 'node:assert/strict'
import type { Connection, ConnectionHandler } from '../../src/base/ports.ts'

export class NetPeer implements ConnectionHandler {
  readonly connection: Connection
  /** What happened, without the data: `ended`, `drained`, `closed`. */
  readonly events: string[]
  error: Error | null
  #chunks: Uint8Array[]
  #size: number
  #waiters: { readonly isMet: () => boolean; readonly resolve: () => void }[]

  constructor(connection: Connection) {
    this.connection = connection
    this.events = []
    this.error = null
    this.#chunks = []
    this.#size = 0
    this.#waiters = []
  }

  /** Starts the flow of events into this peer. */
  start(): this {
    this.connection.start(this)
    return this
  }

  data(bytes: Uint8Array): void {
    assert.ok(!this.events.includes('ended'), 'no data after the end')
    assert.ok(!this.events.includes('closed'), 'nothing after closed')
    this.#chunks.push(Uint8Array.from(bytes)) // they are ours for this call only
    this.#size += bytes.length
    this.#wake()
  }

  ended(): void {
    this.#note('ended')
  }

  drained(): void {
    this.#note('drained')
  }

  closed(error: Error | null): void {
    this.error = error
    this.#note('closed')
  }

  get size(): number {
    return this.#size
  }

  get bytes(): Uint8Array {
    const all = new Uint8Array(this.#size)
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    return all
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes)
  }

  /** Writes text; answers what `write` answers. */
  send(text: string): boolean {
    return this.connection.write(new TextEncoder().encode(text))
  }

  /** Resolves as soon as so many bytes came. */
  received(size: number): Promise<void> {
    return this.#until(() => this.#size >= size)
  }

  /** Resolves as soon as the event came, or came so often. */
  saw(event: 'ended' | 'drained' | 'closed', times = 1): Promise<void> {
    return this.#until(() => this.events.filter((seen) => seen === event).length >= times)
  }

  /** Resolves as soon as nothing more will be received: the other end stopped, or all is over. */
  sawOver(): Promise<void> {
    return this.#until(() => this.events.includes('ended') || this.events.includes('closed'))
  }

  #note(event: string): void {
    assert.ok(!this.events.includes('closed'), `${event} after closed`)
    if (event === 'ended') assert.ok(!this.events.includes('ended'), 'ended comes once')
    this.events.push(event)
    this.#wake()
  }

  #until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiters.push({ isMet, resolve })
    })
  }

  #wake(): void {
    const met = this.#waiters.filter((waiter) => waiter.isMet())
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter))
    for (const waiter of met) waiter.resolve()
  }
}

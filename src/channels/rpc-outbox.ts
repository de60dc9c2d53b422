/**
 * The frames that one peer sends, in order. It takes every frame at once and lets those wait for which the
 * wire has no room; how many that can be is bounded by the limits on calls and credit (rpc-limits.ts).
 */
import { Ring } from '../base/ring.ts'
import { ChannelClosed, ChannelMisuse, ChannelPeerLost, type Sender } from './contract.ts'
import type { Frame } from './wire.ts'

export interface OutboxOwner {
  /** The wire takes no more. Told once. */
  lost(error: unknown): void
  /** This one frame cannot travel: there is something in it that cannot be copied. */
  unsendable(frame: Frame, error: unknown): void
}

export class Outbox {
  readonly #outgoing: Sender<Frame>
  readonly #owner: OutboxOwner
  readonly #waiting: Ring<Frame> = new Ring()
  #closed: boolean = false

  constructor(outgoing: Sender<Frame>, owner: OutboxOwner) {
    this.#outgoing = outgoing
    this.#owner = owner
  }

  send(frame: Frame): void {
    if (this.#closed) return
    if (this.#waiting.size === 0 && this.#sendNow(frame)) return
    this.#waiting.push(frame)
    if (this.#waiting.size === 1) void this.#flush()
  }

  /** Sends nothing more. */
  close(): void {
    this.#closed = true
    this.#waiting.clear()
    this.#outgoing.close()
  }

  #sendNow(frame: Frame): boolean {
    try {
      return this.#outgoing.tryPut(frame)
    } catch (error) {
      // Perhaps too large to go in at one go: `put` knows better.
      if (error instanceof ChannelMisuse) return false
      this.#failed(frame, error)
      return true
    }
  }

  async #flush(): Promise<void> {
    for (let frame = this.#waiting.peek(); frame !== undefined; frame = this.#waiting.peek()) {
      try {
        await this.#outgoing.put(frame)
      } catch (error) {
        this.#failed(frame, error)
      }
      this.#waiting.shift()
    }
  }

  #failed(frame: Frame, error: unknown): void {
    if (this.#closed) return
    const isLost = error instanceof ChannelClosed || error instanceof ChannelPeerLost
    if (isLost) this.#owner.lost(error)
    else this.#owner.unsendable(frame, error)
  }
}

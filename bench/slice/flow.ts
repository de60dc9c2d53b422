/**
 * What lies between a producer and a consumer of one program: at most so many operations sent and not yet
 * consumed, so that a figure is not a queue growing. Counts only; it never touches a message.
 */
import { assert } from '../../src/base/assert.ts'

export class Flow {
  readonly #inFlightMax: number
  /** Moved by the producer. Invariant: #consumed <= #sent <= #consumed + #inFlightMax. */
  #sent = 0
  /** Moved by the consumer. */
  #consumed = 0
  #onRoom: (() => void) | null = null
  #onEmpty: (() => void) | null = null

  constructor(inFlightMax: number) {
    this.#inFlightMax = inFlightMax
  }

  get sent(): number {
    return this.#sent
  }

  get consumedCount(): number {
    return this.#consumed
  }

  /** Resolves when `count` more may be sent. One producer asks. */
  async room(count: number): Promise<void> {
    assert(count <= this.#inFlightMax, 'a batch fits into what may be in flight')
    while (this.#sent + count > this.#consumed + this.#inFlightMax) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve
      })
    }
    this.#sent += count
  }

  consumed(count: number): void {
    this.#consumed += count
    assert(this.#consumed <= this.#sent, 'more was consumed than sent')
    const onRoom = this.#onRoom
    this.#onRoom = null
    onRoom?.()
    if (this.#consumed === this.#sent) this.#onEmpty?.()
  }

  /** Resolves when everything that was sent is consumed. Nothing may be sent afterwards. */
  async empty(): Promise<void> {
    if (this.#consumed === this.#sent) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }
}

/**
 * Whose values a program has in hand, oldest first, so that what is done is said to the one who sent it. It belongs to
 * a hub; it never keeps a value.
 */
import { Ring } from '../../base/ring.ts'
import { ChannelMisuse } from '../contract.ts'
import { inHandMax } from './limits.ts'

export class Origins<P> {
  readonly #inHand = new Ring<P>()
  #isCounting: boolean = true

  /** A value of this one was received. */
  received(from: P): void {
    if (!this.#isCounting) return
    this.#inHand.push(from)
    if (this.#inHand.size <= inHandMax) return
    // A program that never says what is done shall not pay for it with its memory.
    this.#isCounting = false
    while (this.#inHand.shift() !== undefined);
  }

  /** Whose is the oldest that is not done: it is done. Throws where there were too many. */
  done(): P {
    const from = this.#inHand.shift()
    if (from !== undefined) return from
    throw new ChannelMisuse(`more than ${inHandMax} values were in hand: they are not counted`)
  }
}

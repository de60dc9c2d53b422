/** The system's chance, good enough for secrets, drawn a pool at a time. */
import { webcrypto } from 'node:crypto'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/ports.ts'

export class NodeRandom implements Random {
  readonly #pool: Uint32Array
  /** Index of the next word; each is handed out once and wiped. */
  #next: number

  constructor() {
    this.#pool = new Uint32Array(limits.randomWords)
    this.#next = this.#pool.length
  }

  u32(): number {
    if (this.#next === this.#pool.length) {
      webcrypto.getRandomValues(this.#pool)
      this.#next = 0
    }
    const word = this.#pool[this.#next]!
    this.#pool[this.#next] = 0
    this.#next++
    return word
  }
}

/** Room: who was HELD because there was none, in the journal or in memory, and is called when there is. */
import type { Engine } from '../journal/engine.ts'
import type { TransientBodies } from './transient.ts'

/** What `publish` and `append` answer when there is no room now: try again when `whenRoom` calls. */
export const HELD = -1

export class Room {
  readonly #engine: Engine
  readonly #transient: TransientBodies
  #waiting: (() => void)[] = []
  #isAwaited = false
  /** The disk is full, not just slow. Until the next commit, which needs space too. */
  isDiskFull = false

  constructor(engine: Engine, transient: TransientBodies) {
    this.#engine = engine
    this.#transient = transient
  }

  /** Calls once when it is worth another try. */
  when(callback: () => void): void {
    this.#waiting.push(callback)
  }

  settled(): void {
    this.isDiskFull = false
  }

  /** Somebody is being told HELD. */
  held(why: 'slow' | 'disk-full'): typeof HELD {
    if (why === 'disk-full') this.isDiskFull = true
    if (this.#isAwaited) return HELD
    this.#isAwaited = true
    const woken = (): void => {
      if (!this.#isAwaited) return
      this.#isAwaited = false
      this.wake()
    }
    this.#engine.log.room().then(woken, woken)
    this.#transient.room().then(woken, woken)
    return HELD
  }

  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const callback of waiting) callback()
  }
}

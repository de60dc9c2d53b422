/** Room: who was HELD because there was none, in the journal or in memory, and is called when there is. */
import { mark } from '../base/mark.ts'
import type { Engine } from '../journal/engine.ts'
import type { TransientBodies } from './transient.ts'

/** What `publish` and `append` answer when there is no room now: try again when `whenRoom` calls. */
export const HELD = -1

/** What there is no room in, the scratch being memory; a slow disk has some as soon as it has written. */
export type HeldWhy = 'disk-slow' | 'disk-full' | 'memory-full'

export class Room {
  readonly #engine: Engine
  readonly #transient: TransientBodies
  #waiting = new Set<() => void>()
  /** Who tells us: each is asked once at a time, because the other may wake first, again and again. */
  readonly #asked = { log: false, transient: false }
  /** The disk is full, not just slow. Until the next commit, which needs space too. */
  isDiskFull = false
  /** Why somebody was told HELD last. */
  why: HeldWhy = 'disk-slow'

  constructor(engine: Engine, transient: TransientBodies) {
    this.#engine = engine
    this.#transient = transient
  }

  /** Calls once when it is worth another try. */
  when(callback: () => void): void {
    this.#waiting.add(callback)
  }

  /** Does not call it any more: on a full disk those who gave up would collect here. */
  forget(callback: () => void): void {
    this.#waiting.delete(callback)
  }

  settled(): void {
    this.isDiskFull = false
  }

  /** Somebody is being told HELD, because the journal has no room. */
  held(why: HeldWhy): typeof HELD {
    if (why === 'disk-full') {
      mark('room/disk-full')
      this.isDiskFull = true
    } else mark('room/disk-slow')
    return this.#held(why, 'log')
  }

  /** The same, because what is transient has none. */
  heldTransient(): typeof HELD {
    const { why } = this.#transient
    if (why === 'memory-full') mark('room/memory-full')
    else mark('room/scratch-waits')
    return this.#held(why, 'transient')
  }

  #held(why: HeldWhy, from: 'log' | 'transient'): typeof HELD {
    this.why = why
    if (this.#asked[from]) return HELD
    this.#asked[from] = true
    const room = from === 'transient' ? this.#transient.room() : this.#engine.log.room()
    void room.then(() => {
      this.#asked[from] = false
      this.wake()
    })
    return HELD
  }

  wake(): void {
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const callback of waiting) callback()
  }
}

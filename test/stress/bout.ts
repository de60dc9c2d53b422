/**
 * One bout of a stress run: what it draws its sizes and moments from, and who in it waits for what. The one who runs
 * it ends it when it takes too long, and can then say where it hangs.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { below, pick, SeededRandom } from '../../src/base/random.ts'

/** A bout that has not ended by then hangs: each takes a second or two, and the machine may be busy. */
const boutLimitMs = 90_000

/** Waits that a hang names. */
const waitsTold = 20 // enough to see the pattern

export class Bout {
  readonly name: string
  readonly seed: number
  readonly random: SeededRandom
  readonly #waits = new Map<object, string>()

  constructor(name: string, seed: number) {
    this.name = name
    this.seed = seed
    this.random = new SeededRandom(seed)
  }

  /** Who waits for what right now. */
  get waits(): readonly string[] {
    return [...this.#waits.values()]
  }

  /** Waits for the promise, under a name. */
  async wait<V>(what: string, promise: Promise<V>): Promise<V> {
    const key = {}
    this.#waits.set(key, what)
    try {
      return await promise
    } finally {
      this.#waits.delete(key)
    }
  }

  between(least: number, most: number): number {
    return least + below(this.random, most - least + 1)
  }

  pick<V>(items: readonly V[]): V {
    return pick(this.random, items)
  }

  /** So many items, each drawn by itself. */
  several<V>(least: number, most: number, draw: () => V): V[] {
    return Array.from({ length: this.between(least, most) }, draw)
  }

  /** One in so many times. */
  chance(oneIn: number): boolean {
    return below(this.random, oneIn) === 0
  }

  /** Lets a moment pass, which is sometimes none at all. */
  moment(mostMs: number): Promise<void> {
    return this.wait('a moment', sleep(this.pick([0, 0, 1, below(this.random, mostMs + 1)])))
  }
}

/** Plays a bout, and says how many operations it was worth. Throws where a law was broken. */
export type Play = (bout: Bout) => Promise<number>

/** The bout did not end. */
export class Hang extends Error {
  override readonly name = 'Hang'
}

function describe(waits: readonly string[]): string {
  if (waits.length === 0) return 'nothing that has a name'
  const more = waits.length > waitsTold ? ` and ${waits.length - waitsTold} more` : ''
  return waits.slice(0, waitsTold).join('; for ') + more
}

/** Plays one bout to its end, or says who waits for what when it has none. */
export async function playBout(
  bout: Bout,
  play: Play,
  limitMs: number = boutLimitMs,
): Promise<number> {
  const watchdog = new AbortController()
  const late = async (): Promise<never> => {
    await sleep(limitMs, undefined, { signal: watchdog.signal })
    throw new Hang(`not over after ${limitMs} ms; it waits for ${describe(bout.waits)}`)
  }
  try {
    return await Promise.race([play(bout), late()])
  } finally {
    watchdog.abort()
  }
}

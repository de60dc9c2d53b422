/**
 * One listener per AbortSignal, however many calls wait on it: a program has one signal for its end and a
 * thousand waits. The listener is there exactly while somebody waits, because a listener keeps a derived
 * signal (`AbortSignal.any`, `AbortSignal.timeout`) alive for ever.
 */

/** Who wants to know. It is told once, and only if it has not left. */
export interface Abortable {
  aborted(reason: unknown): void
}

const hubs = new WeakMap<AbortSignal, AbortHub>()

export class AbortHub {
  readonly #signal: AbortSignal
  readonly #waiting: Set<Abortable> = new Set()

  private constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** The hub of a signal that has not fired. */
  static of(signal: AbortSignal): AbortHub {
    const known = hubs.get(signal)
    if (known !== undefined) return known
    const hub = new AbortHub(signal)
    hubs.set(signal, hub)
    return hub
  }

  enter(abortable: Abortable): void {
    if (this.#waiting.size === 0) this.#signal.addEventListener('abort', this)
    this.#waiting.add(abortable)
  }

  /** Idempotent. */
  leave(abortable: Abortable): void {
    if (!this.#waiting.delete(abortable)) return
    if (this.#waiting.size === 0) this.#signal.removeEventListener('abort', this)
  }

  /** The signal's listener. Whoever is told may let others leave, who are then not told. */
  handleEvent(): void {
    for (const abortable of this.#waiting) {
      this.leave(abortable)
      abortable.aborted(this.#signal.reason)
    }
  }
}

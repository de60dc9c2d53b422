/**
 * One listener for each AbortSignal, however many chunks depend on it: adding a listener costs the more
 * the more there are. The crew owns it.
 */
import type { Chunk } from './chunk.ts'

interface Watched {
  readonly chunks: Set<Chunk>
  readonly listener: () => void
}

export class AbortWatch {
  readonly #onAbort: (chunks: Iterable<Chunk>, reason: unknown) => void
  readonly #watched = new Map<AbortSignal, Watched>()

  constructor(onAbort: (chunks: Iterable<Chunk>, reason: unknown) => void) {
    this.#onAbort = onAbort
  }

  add(chunk: Chunk): void {
    const { signal } = chunk.terms
    if (signal === null) return
    const known = this.#watched.get(signal)
    if (known !== undefined) {
      known.chunks.add(chunk)
      return
    }
    const watched: Watched = {
      chunks: new Set([chunk]),
      listener: () => {
        this.#watched.delete(signal)
        this.#onAbort(watched.chunks, signal.reason)
      },
    }
    this.#watched.set(signal, watched)
    signal.addEventListener('abort', watched.listener, { once: true })
  }

  remove(chunk: Chunk): void {
    const { signal } = chunk.terms
    if (signal === null) return
    const watched = this.#watched.get(signal)
    if (watched === undefined) return
    watched.chunks.delete(chunk)
    if (watched.chunks.size > 0) return
    this.#watched.delete(signal)
    signal.removeEventListener('abort', watched.listener)
  }
}

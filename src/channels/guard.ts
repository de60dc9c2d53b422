/**
 * A guard is the proof of holding something: permits, a lock. Released once, by hand or at the end of a
 * `using` block; later releases do nothing, so that both may be written.
 */
export class Guard implements Disposable {
  #release: (() => void) | null

  constructor(release: () => void) {
    this.#release = release
  }

  release(): void {
    const release = this.#release
    this.#release = null
    release?.()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

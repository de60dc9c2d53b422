/** Watches how much memory of this process is resident, for a phase of a workload. Whoever makes one stops it. */

const EVERY_MS = 20 // a peak that is gone within less is the kernel's business

export class RssWatch {
  mostBytes: number = process.memoryUsage.rss()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#look()
  }

  #look(): void {
    this.mostBytes = Math.max(this.mostBytes, process.memoryUsage.rss())
  }
}

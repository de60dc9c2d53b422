/** How long a blocked thread waits, and how long it spins before it sleeps. It belongs to one call. */
import { availableParallelism } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { ChannelMisuse, ChannelTimeout, type WaitOptions } from '../contract.ts'
import { threadLimits } from './limits.ts'
import type { Patience } from './sleep.ts'

/** Cores that this process may use. */
const cores = availableParallelism()

/** Whether so many threads can run at once. Where they cannot, whoever spins keeps another from running. */
export function canRunAtOnce(threads: number): boolean {
  return threads <= cores
}

/** Tries that a thread makes for what one other thread has to do. */
export const spinTurnsForOne: number = canRunAtOnce(2) ? threadLimits.spinTurns : 0

/** Throws where this thread must not block, or need not any more. */
export function checkBlocking(name: string, options: WaitOptions | undefined): void {
  if (isMainThread) {
    throw new ChannelMisuse(
      `${name}Sync blocks its thread, which the main thread must not: use ${name}`,
    )
  }
  options?.signal?.throwIfAborted()
}

export class Blocking implements Patience {
  readonly spinTurns: number
  readonly #untilMs: number
  readonly #timeoutMs: number
  readonly #lookUp: () => void

  constructor(options: WaitOptions | undefined, spinTurns: number, lookUp: () => void) {
    this.#timeoutMs = options?.timeoutMs ?? Number.POSITIVE_INFINITY
    this.#untilMs = performance.now() + this.#timeoutMs
    this.#lookUp = lookUp
    this.spinTurns = this.#timeoutMs > 0 ? spinTurns : 0
  }

  leftMs(): number {
    return this.#untilMs - performance.now()
  }

  lookUp(): void {
    this.#lookUp()
  }

  timedOut(): ChannelTimeout {
    return new ChannelTimeout(this.#timeoutMs)
  }
}

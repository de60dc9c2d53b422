/**
 * A pool at work on a source: some lanes, each taking a delivery, having it done, settling it, and taking
 * the next. It decides nothing about workers; it calls `run` as anybody could.
 */
import { PoolClosed, PoolStartFailed, PoolWorkerLost } from './errors.ts'
import type { ConsumeOptions, Consumption, Delivery, TaskSource } from './task-source.ts'

/** Has the pool do one task. */
export type RunOne = (value: unknown, signal: AbortSignal) => Promise<unknown>

export interface ConsumptionTerms {
  readonly source: TaskSource<unknown>
  readonly run: RunOne
  readonly lanes: number
  readonly options: ConsumeOptions<unknown, unknown>
}

export class SourceConsumption implements Consumption {
  readonly done: Promise<void>
  readonly #terms: ConsumptionTerms
  /** Ends the taking; deliveries in hand go on. */
  readonly #taking = new AbortController()
  /** Ends the work itself. */
  readonly #working = new AbortController()
  #fatal: { readonly error: unknown } | null = null
  #acked = 0
  #requeued = 0
  #rejected = 0

  constructor(terms: ConsumptionTerms) {
    this.#terms = terms
    this.done = this.#run()
  }

  get acked(): number {
    return this.#acked
  }

  get requeued(): number {
    return this.#requeued
  }

  get rejected(): number {
    return this.#rejected
  }

  close(): Promise<void> {
    this.#taking.abort()
    return this.done
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#terms.options
    const onAbort = (): void => this.#cut(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    await Promise.all(Array.from({ length: this.#terms.lanes }, () => this.#lane()))
    signal?.removeEventListener('abort', onAbort)
    if (this.#fatal !== null) throw this.#fatal.error
  }

  /** Never rejects: the first error ends all lanes, and is told when they have settled what they had. */
  async #lane(): Promise<void> {
    while (!this.#taking.signal.aborted) {
      let delivery: Delivery<unknown> | null
      try {
        delivery = await this.#terms.source.next(this.#taking.signal)
      } catch (error) {
        if (!this.#taking.signal.aborted) this.#break(error)
        return
      }
      if (delivery === null) return
      try {
        await this.#settle(delivery)
      } catch (error) {
        // The source cannot even settle: it will know what to do about what it remembers.
        this.#break(error)
      }
    }
  }

  async #settle(delivery: Delivery<unknown>): Promise<void> {
    const fate = await this.#fateOf(delivery.value)
    if (fate.kind === 'requeue') {
      this.#requeued += 1
      await delivery.requeue(fate.error)
    } else if (fate.kind === 'reject') {
      this.#rejected += 1
      await delivery.reject(fate.error)
    } else {
      this.#acked += 1
      await delivery.ack()
    }
  }

  async #fateOf(value: unknown): Promise<Fate> {
    const { onResult, onFailure } = this.#terms.options
    try {
      let result: unknown
      try {
        result = await this.#terms.run(value, this.#working.signal)
      } catch (error) {
        if (this.#working.signal.aborted) return { kind: 'requeue', error: null }
        if (error instanceof PoolWorkerLost) return { kind: 'requeue', error }
        if (error instanceof PoolClosed || error instanceof PoolStartFailed) {
          this.#break(error)
          return { kind: 'requeue', error: null }
        }
        await onFailure?.(error, value)
        return { kind: 'reject', error }
      }
      await onResult?.(result, value)
      return { kind: 'ack' }
    } catch (error) {
      this.#break(error)
      return { kind: 'requeue', error: null }
    }
  }

  #break(error: unknown): void {
    this.#fatal ??= { error }
    this.#taking.abort()
  }

  #cut(reason: unknown): void {
    this.#break(reason)
    this.#working.abort(reason)
  }
}

type Fate =
  | { readonly kind: 'ack' }
  | { readonly kind: 'reject'; readonly error: unknown }
  | { readonly kind: 'requeue'; readonly error: unknown }

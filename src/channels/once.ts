/**
 * Once makes something the first time that it is asked for, and shares it from then on. If making it fails,
 * all who waited get the error and the next one tries again. Whoever stops waiting stops only that: the
 * making goes on for the others.
 */
import { unreachable } from '../base/assert.ts'
import type { Scheduler } from '../base/ports.ts'
import type { Ports, WaitOptions } from './contract.ts'
import { SyncWaiter } from './sync-waiter.ts'
import { Turn } from './turn.ts'
import { WaitList } from './waiter.ts'

type State<T> =
  | { readonly phase: 'unmade' }
  | { readonly phase: 'making' }
  | { readonly phase: 'made'; readonly value: T }

export class Once<T> {
  readonly #make: () => T | Promise<T>
  readonly #scheduler: Scheduler
  readonly #turn: Turn
  readonly #waiting: WaitList<SyncWaiter<T>> = new WaitList()
  #state: State<T> = { phase: 'unmade' }

  constructor(make: () => T | Promise<T>, ports: Ports) {
    this.#make = make
    this.#scheduler = ports.scheduler
    this.#turn = Turn.of(ports.scheduler)
  }

  get made(): boolean {
    return this.#state.phase === 'made'
  }

  get(options?: WaitOptions): Promise<T> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    const state = this.#state
    switch (state.phase) {
      case 'made':
        return this.#turn.with(state.value)
      case 'unmade':
        this.#state = { phase: 'making' }
        return this.#waitAndRun(options)
      case 'making':
        return this.#wait(options)
      default:
        return unreachable(state)
    }
  }

  #wait(options: WaitOptions | undefined): Promise<T> {
    const waiter = new SyncWaiter<T>()
    this.#waiting.enter(waiter, options, this.#scheduler)
    return waiter.answer.promise
  }

  /** The waiter comes first: making may fail at once. */
  #waitAndRun(options: WaitOptions | undefined): Promise<T> {
    const promise = this.#wait(options)
    void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    try {
      const value = await this.#make()
      this.#state = { phase: 'made', value }
      for (const waiter of this.#waiting.takeAll()) waiter.answer.resolve(value)
    } catch (error) {
      this.#state = { phase: 'unmade' }
      for (const waiter of this.#waiting.takeAll()) waiter.answer.reject(error)
    }
  }
}

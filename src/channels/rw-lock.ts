/**
 * A read-write lock: any number of readers, or one writer. Fair: all are served in the order of arrival, so
 * a reader that comes after a waiting writer waits for it, and neither side starves the other.
 */
import type { Scheduler } from '../base/ports.ts'
import type { Ports, WaitOptions } from './contract.ts'
import { Guard } from './guard.ts'
import type { AnyRwLock } from './sync-contract.ts'
import { SyncWaiter } from './sync-waiter.ts'
import { Turn } from './turn.ts'
import { WaitList } from './waiter.ts'

type Side = 'read' | 'write'

class Entering extends SyncWaiter<Guard> {
  readonly side: Side
  readonly #gaveUp: () => void

  constructor(side: Side, gaveUp: () => void) {
    super()
    this.side = side
    this.#gaveUp = gaveUp
  }

  override lose(error: unknown): void {
    super.lose(error)
    // The readers behind a writer that gave up may join those who read already.
    this.#gaveUp()
  }
}

export class RwLock implements AnyRwLock {
  readonly #scheduler: Scheduler
  readonly #turn: Turn
  readonly #entering: WaitList<Entering> = new WaitList()
  /** Invariant: readers === 0 or no writer. */
  #readers = 0
  #writing: boolean = false

  constructor(ports: Ports) {
    this.#scheduler = ports.scheduler
    this.#turn = Turn.of(ports.scheduler)
  }

  get readers(): number {
    return this.#readers
  }

  get writing(): boolean {
    return this.#writing
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#entering.size
  }

  read(options?: WaitOptions): Promise<Guard> {
    return this.#enter('read', options)
  }

  write(options?: WaitOptions): Promise<Guard> {
    return this.#enter('write', options)
  }

  tryRead(): Guard | undefined {
    return this.#tryEnter('read')
  }

  tryWrite(): Guard | undefined {
    return this.#tryEnter('write')
  }

  #enter(side: Side, options: WaitOptions | undefined): Promise<Guard> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    const guard = this.#tryEnter(side)
    if (guard !== undefined) return this.#turn.with(guard)
    const entering = new Entering(side, () => this.#admit())
    this.#entering.enter(entering, options, this.#scheduler)
    return entering.answer.promise
  }

  #tryEnter(side: Side): Guard | undefined {
    return this.#entering.size === 0 && this.#free(side) ? this.#hold(side) : undefined
  }

  #free(side: Side): boolean {
    return !this.#writing && (side === 'read' || this.#readers === 0)
  }

  #hold(side: Side): Guard {
    if (side === 'read') this.#readers += 1
    else this.#writing = true
    return new Guard(() => {
      if (side === 'read') this.#readers -= 1
      else this.#writing = false
      this.#admit()
    })
  }

  #admit(): void {
    for (;;) {
      const first = this.#entering.head
      if (first === null || !this.#free(first.side)) return
      first.leave()
      const guard = this.#hold(first.side)
      this.#turn.settle(() => first.answer.resolve(guard))
    }
  }
}

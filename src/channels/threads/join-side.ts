/** Counting what is done at one party's thread channel, and waiting until all is. The channel owns it. */
import { ChannelMisuse, type WaitOptions } from '../contract.ts'
import { Blocking, checkBlocking } from './blocking.ts'
import { JoinCall } from './channel-calls.ts'
import { type Desk, type Line, turn } from './desk.ts'
import type { Endpoint } from './endpoint.ts'
import { READY } from './roster.ts'
import { type Attempt, sleepUntilReady } from './sleep.ts'
import { countDone } from './tally.ts'

/** Who joins waits for work, not for a message: to look at every seat again and again would slow it down. */
const spinTurns = 0

export class JoinSide implements Attempt {
  readonly #endpoint: Endpoint
  readonly #desk: Desk
  readonly #gets: { readonly count: number }
  readonly #calls: Line<JoinCall>
  /** Why `joinSync` will never see all done. */
  #failure: Error | null = null
  /** Values that this party said are done. Invariant: count <= gets.count. */
  count: number = 0

  constructor(endpoint: Endpoint, desk: Desk, gets: { readonly count: number }) {
    this.#endpoint = endpoint
    this.#desk = desk
    this.#gets = gets
    this.#calls = desk.line({ serve: (call) => this.#serve(call), keepsAlive: true })
  }

  taskDone(): void {
    const { count } = this.#gets
    if (this.count >= count) {
      throw new ChannelMisuse(`taskDone for value ${this.count + 1}, but only ${count} were got`)
    }
    this.#endpoint.checkPresent()
    this.count += 1
    countDone(this.#endpoint.ring)
  }

  join(options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    if (this.#endpoint.tallyUp() === READY) {
      const { failure } = this.#endpoint
      return failure === null ? turn.over() : Promise.reject(failure)
    }
    const call = new JoinCall()
    this.#desk.enter(this.#calls, call, options)
    return call.answer.promise
  }

  joinSync(options: WaitOptions | undefined): void {
    checkBlocking('join', options)
    const patience = new Blocking(options, spinTurns, () => this.#endpoint.lookUp())
    const isOver = sleepUntilReady(this.#endpoint.seat, this, patience)
    const failure = this.#failure
    this.#failure = null
    this.#desk.refresh()
    if (!isOver) throw patience.timedOut()
    if (failure !== null) throw failure
  }

  /** For `joinSync`. */
  attempt(): number {
    const set = this.#endpoint.tallyUp()
    this.#failure = set === READY ? this.#endpoint.failure : null
    return set
  }

  #serve(call: JoinCall): number {
    const set = this.#endpoint.tallyUp()
    if (set !== READY) return set
    call.leave()
    const { failure } = this.#endpoint
    if (failure === null) call.answer.resolve()
    else call.answer.reject(failure)
    return READY
  }
}

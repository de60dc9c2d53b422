/**
 * `select` waits for the first of several sends and receives, as Go's statement does: exactly one case
 * happens, chosen by chance among those that can, and the others have had no effect. It works on channels
 * of this process and on any end that can be watched, and it never polls.
 */
import { assert } from '../base/assert.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import { shuffle } from '../base/random.ts'
import {
  ChannelMisuse,
  type Ports,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from './contract.ts'
import { AfterCase, Case, type Outcome, ReceiveCase, SendCase } from './select-cases.ts'
import { Turn } from './turn.ts'
import { Waiter, WaitList } from './waiter.ts'

/** Cases in one select; Go's own limit, and far more than one loop can serve. */
const selectCasesMax = 65_536

/** The cases, each under the name by which the answer tells which one happened. */
export type Cases = Readonly<Record<string, Case<unknown>>>

/** Which case happened, and with what: the value of a receive (`undefined`: the channel has ended). */
export type Selected<C extends Cases> = {
  readonly [Name in keyof C & string]: {
    readonly name: Name
    readonly value: C[Name] extends Case<infer Value> ? Value : never
  }
}[keyof C & string]

/** Happens when a value can be received, or, with `undefined`, when the channel has ended. */
export function receive<T extends Sendable>(from: SelectableReceiver<T>): ReceiveCase<T> {
  return new ReceiveCase(from)
}

/** Happens when the channel takes the value. A closed channel ends the select with `ChannelClosed`. */
export function send<T extends Sendable>(to: SelectableSender<T>, value: T): SendCase<T> {
  return new SendCase(to, value)
}

/** Happens when nothing else has for so many milliseconds. */
export function after(delayMs: number): AfterCase {
  return new AfterCase(delayMs)
}

/** One case that can happen now, chosen by chance; `undefined` if none can (Go's `default`). */
export function trySelect<C extends Cases>(cases: C, ports: Ports): Selected<C> | undefined {
  const attempt = attemptOne(cases, namesOf(cases, ports))
  if (attempt === null) return undefined
  return unwrap<C>(attempt)
}

/** Waits until one case happens. Rejects by signal or time without any case having happened. */
export function select<C extends Cases>(
  cases: C,
  options: WaitOptions,
  ports: Ports,
): Promise<Selected<C>> {
  try {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason)
    const names = namesOf(cases, ports)
    const attempt = attemptOne(cases, names)
    if (attempt !== null) return Turn.of(ports.scheduler).with(unwrap<C>(attempt))
    const selection = new Selection<C>()
    // It stands in no line itself, its cases do: the list is there for the signal and the time-out.
    new WaitList<Selection<C>>().enter(selection, options, ports.scheduler)
    for (const name of names) selection.wait(name, cases[name]!, ports)
    return selection.answer.promise
  } catch (error) {
    return Promise.reject(error)
  }
}

interface Attempt {
  readonly name: string
  readonly outcome: Outcome<unknown>
}

function namesOf(cases: Cases, ports: Ports): string[] {
  const names = Object.keys(cases)
  if (names.length === 0 || names.length > selectCasesMax) {
    throw new ChannelMisuse(`a select has 1 to ${selectCasesMax} cases, not ${names.length}`)
  }
  for (const name of names) {
    if (cases[name] instanceof Case) continue
    throw new ChannelMisuse(`the case '${name}' is none: make it by receive, send or after`)
  }
  shuffle(ports.random, names)
  return names
}

function attemptOne(cases: Cases, names: readonly string[]): Attempt | null {
  for (const name of names) {
    const outcome = cases[name]!.attempt()
    if (outcome !== null) return { name, outcome }
  }
  return null
}

function unwrap<C extends Cases>({ name, outcome }: Attempt): Selected<C> {
  if (outcome.kind === 'failed') throw outcome.error
  // The value came from the case of this name: the compiler cannot follow that through the record.
  return { name, value: outcome.value } as Selected<C>
}

/** A select that waits. The first report decides; all other cases leave before anything else can happen. */
class Selection<C extends Cases> extends Waiter {
  readonly answer: Deferred<Selected<C>> = deferred()
  readonly #unwatches: Unwatch[] = []
  #phase: 'waiting' | 'over' = 'waiting'

  wait(name: string, waiting: Case<unknown>, ports: Ports): void {
    if (this.#phase === 'over') return
    const unwatch = waiting.wait((outcome) => this.#decide({ name, outcome }), ports)
    this.#unwatches.push(unwatch)
    // It may have happened while it was being entered.
    if (this.#ended()) unwatch()
  }

  override lose(error: unknown): void {
    this.#finish()
    this.answer.reject(error)
  }

  #decide(attempt: Attempt): void {
    assert(this.#phase === 'waiting', 'exactly one case happens')
    this.leave()
    this.#finish()
    try {
      this.answer.resolve(unwrap<C>(attempt))
    } catch (error) {
      this.answer.reject(error)
    }
  }

  #finish(): void {
    this.#phase = 'over'
    for (const unwatch of this.#unwatches) unwatch()
  }

  #ended(): boolean {
    return this.#phase === 'over'
  }
}

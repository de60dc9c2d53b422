/**
 * A session is one client's time with one run of the broker. It ends when the broker dies, from one event to the
 * next, or is asked to leave before a clean stop. The world owns it; a client never keeps it.
 */
import type { Net, Random } from '../../src/base/ports.ts'
import type { Arrival } from '../../src/broker/arrival.ts'
import type { Reading } from '../../src/broker/reading.ts'
import type { Runtime } from '../../src/broker/runtime.ts'
import { isRefusal, type Refusal } from '../../src/machine/refusal.ts'
import { readAll } from '../broker/disk-broker.ts'

/** The broker died while the client waited for something. */
export class Gone extends Error {
  override readonly name = 'Gone'
}

/** What all sessions of one run of the broker share. */
export type BrokerRun = {
  readonly runtime: Runtime
  /** Counts the runs of the broker, from 1. */
  readonly number: number
  /** Rejects with Gone when the broker dies. Never resolves. */
  readonly gone: Promise<never>
  /** Died, or was stopped. */
  isOver: boolean
  /** A clean stop is coming: give back what you hold, and go. */
  isEnding: boolean
  /** No more faults: everybody finishes. */
  isLast: boolean
}

/** One thing that clients do for as long as the world lasts. Protocol clients would be further ones. */
export interface Client {
  readonly name: string
  /** Nothing is left to do. */
  readonly isDone: boolean
  /** Returns when it is done or was asked to leave; rejects with Gone. */
  serve(session: Session): Promise<void>
}

export class Session {
  readonly run: BrokerRun
  readonly random: Random
  /** The way to the broker's doors. */
  readonly net: Net
  readonly #sleep: (delayMs: number) => Promise<void>
  readonly #count: () => void

  constructor(
    run: BrokerRun,
    world: {
      readonly random: Random
      readonly net: Net
      readonly sleep: (delayMs: number) => Promise<void>
      readonly count: () => void
    },
  ) {
    this.run = run
    this.random = world.random
    this.net = world.net
    this.#sleep = world.sleep
    this.#count = world.count
  }

  get runtime(): Runtime {
    return this.run.runtime
  }

  get isEnding(): boolean {
    return this.run.isEnding || this.run.isOver
  }

  /** One operation was done: a seed has to come to enough of them. */
  operation(): void {
    this.#count()
  }

  sleep(delayMs: number): Promise<void> {
    return this.until(this.#sleep(delayMs))
  }

  /** Waits, unless the broker dies first. */
  async until<T>(promise: Promise<T>): Promise<T> {
    try {
      const value = await Promise.race([promise, this.run.gone])
      if (!this.run.isOver) return value
    } catch (error) {
      // A broker whose journal failed rejects whoever waits, and is dead a moment later.
      if (this.runtime.failure === null) throw error
      await this.run.gone
    }
    throw new Gone('the broker is gone')
  }

  /** What was asked for, or why not. A broker that stops will be dead in a moment. */
  async answer<T extends object | null>(promise: Promise<T | Refusal>): Promise<T | Refusal> {
    const answer = await this.until(promise)
    if (answer !== null && isRefusal(answer) && answer.kind === 'stopping') await this.run.gone
    return answer
  }

  /** Everything that was written so far is durable once this resolves. */
  async durable(): Promise<void> {
    await this.answer(this.runtime.declare.namespace('/'))
  }

  /** Reads a large body to its end, unless the broker dies before. */
  read(reading: Reading, then: (body: Uint8Array) => void): void {
    const come = (body: Uint8Array): void => {
      if (!this.run.isOver) then(body)
    }
    readAll(reading).then(come, (error: unknown) => {
      // As whoever takes a body has to: what is kept and cannot be read is damage.
      if (!this.run.isOver) this.runtime.fail(error)
    })
  }

  /** Waits until a large body may come. */
  async turn(arrival: Arrival): Promise<void> {
    await this.until(
      new Promise<void>((resolve) => {
        arrival.whenLetIn(resolve)
      }),
    )
    await this.sleep(0)
  }

  /** Waits for room after HELD. */
  async room(): Promise<void> {
    await this.until(
      new Promise<void>((resolve) => {
        this.runtime.whenRoom(resolve)
      }),
    )
    // The callback comes in the middle of somebody's turn.
    await this.sleep(0)
  }
}

/** Answers whether it came to its end: the broker may die before. */
export async function unlessGone(work: Promise<void>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof Gone) return false
    throw error
  }
}

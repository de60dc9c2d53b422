/**
 * The witness sees what all clients see: it feeds the history, and knows beside it what a history cannot: which
 * ticket a message waits for, what was purged, what a stream held at an offset.
 */
import assert from 'node:assert/strict'
import { mix } from '../sim/disk-content.ts'
import { History, type HistoryMessage } from '../sim/history.ts'
import type { Stamp } from './bodies.ts'
import { Limited } from './limited.ts'
import { isLoose } from './topology.ts'

export type Seen = Stamp & {
  readonly queue: string
  readonly consumer: string
  readonly redelivered: 'redelivered' | 'new'
  readonly told: 'at-once' | 'late'
  /** Every ticket up to here is settled. */
  readonly through: number
}

export class Witness {
  readonly history: History = new History()
  readonly limited: Limited = new Limited()
  /** The ticket of each persistent message of this run of the broker. */
  readonly #tickets = new Map<string, number>()
  /** Came back to its queue unseen, so that others may have overtaken it. */
  readonly #displaced = new Set<string>()
  readonly #delivered = new Set<string>()
  /** By partition and offset. */
  readonly #records = new Map<string, string>()
  /** Transient messages of this run of the broker, with their queues. */
  #passing: HistoryMessage[] = []
  /** Acknowledged in this run by queues that do not sync: safe from everything but a power cut. */
  #loose: HistoryMessage[] = []
  /** Delivered by such queues in this run. */
  #deliveredLoosely: HistoryMessage[] = []
  #hash = 0

  /** Stirred from everything that was seen. */
  get hash(): number {
    return this.#hash >>> 0
  }

  note(text: string): void {
    for (let index = 0; index < text.length; index++) {
      this.#hash = mix(this.#hash, text.charCodeAt(index))
    }
  }

  /**
   * The broker starts again: tickets are given out anew, what was in memory is gone. What was given to the system is
   * gone if the power was; if not, the start has made it durable.
   */
  restarted(power: 'was-cut' | 'stayed'): void {
    this.#tickets.clear()
    this.#passing = []
    if (power === 'stayed') for (const message of this.#loose) this.history.acked(message)
    else for (const message of this.#deliveredLoosely) this.history.forgotten(message)
    this.#loose = []
    this.#deliveredLoosely = []
  }

  /** The broker took it, and does not promise to keep it when the power goes. */
  ackedLoosely(message: HistoryMessage): void {
    this.#loose.push(message)
  }

  /** Written, and to be seen by nobody before its ticket is settled. */
  written(message: HistoryMessage, ticket: number): void {
    this.#tickets.set(keyOf(message), ticket)
  }

  /** In memory only: it is there as long as the broker is. */
  passing(message: HistoryMessage): void {
    this.#passing.push(message)
  }

  /** The broker will not die any more: what is in memory may not be lost either. */
  promisePassing(): void {
    for (const message of [...this.#passing, ...this.#loose]) this.history.acked(message)
  }

  delivered(seen: Seen): void {
    const { queue, producer, counter, consumer, redelivered, told, through } = seen
    const message = { queue, producer, counter }
    const key = keyOf(message)
    this.note(`${key} ${consumer} ${redelivered}`)
    if (isLoose(queue)) this.#deliveredLoosely.push(message)
    const ticket = this.#tickets.get(key) ?? 0
    assert(ticket <= through, `${key} was delivered before it was durable`)
    const isDisplaced = this.#displaced.has(key) && !this.#delivered.has(key)
    this.#delivered.add(key)
    const manner = isDisplaced ? 'redelivered' : redelivered
    this.history.delivered({ ...message, consumer, redelivered: manner, told })
  }

  displaced(message: HistoryMessage): void {
    this.#displaced.add(keyOf(message))
  }

  wasDelivered(message: HistoryMessage): boolean {
    return this.#delivered.has(keyOf(message))
  }

  /** A record was acknowledged at, or read from, an offset: it stays the same one for ever. */
  record(partition: string, offset: number, stamp: Stamp): void {
    const place = `${partition} ${offset}`
    const value = `${stamp.producer} ${stamp.counter}`
    const before = this.#records.get(place)
    assert(before === undefined || before === value, `${place} was ${before} and is ${value}`)
    this.#records.set(place, value)
    this.note(`${place} ${value}`)
  }
}

function keyOf({ queue, producer, counter }: HistoryMessage): string {
  return `${queue}/${producer}/${counter}`
}

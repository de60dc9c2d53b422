/**
 * What may wait for a while only: the witness of what the world publishes with a limit. Nothing of it is handed out
 * when its time is over, and nothing of it goes before that unless somebody had it.
 */
import assert from 'node:assert/strict'
import type { Runtime } from '../../src/broker/runtime.ts'
import type { Machine } from '../../src/machine/machine.ts'
import { NO_TTL } from '../../src/machine/message.ts'
import { GONE, PROMISED, READY, STATE_BITS, TRANSIENT } from '../../src/machine/page.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { imageOf } from '../machine/entry-log.ts'
import { queueTtlOf } from './topology.ts'

type Row = {
  readonly queue: Queue
  readonly sequence: number
  readonly expiresMs: number
  readonly wasTransient: boolean
  /** Somebody had it, and may have settled it. */
  wasHanded: boolean
}

/** A tick, some that are over while the disk is at work, and one that outlasts every world and its clock. */
const TTLS_MS: readonly number[] = [0, 3, 30, 300, 100 * 24 * 3_600_000]

/** Of every fifth message: drawn from nothing, so that all else is as it would be without. */
export function ttlOf(counter: number): number | null {
  return counter % 5 === 2 ? TTLS_MS[Math.floor(counter / 5) % TTLS_MS.length]! : null
}

/** The same in this queue, which may have a time of its own. */
export function limitOf(counter: number, queue: string): number | null {
  const [asked, own] = [ttlOf(counter), queueTtlOf(queue)]
  return own === NO_TTL ? asked : Math.min(asked ?? own, own)
}

export class Limited {
  /** Of this run of the broker, by queue and sequence. */
  #rows = new Map<string, Row>()
  #hearsAll = false

  /** It was put into the queue, at some time between the two. */
  published(
    queue: Queue,
    sequence: number,
    { ttlMs, fromMs, untilMs }: { ttlMs: number; fromMs: number; untilMs: number },
  ): number {
    const expiresMs = queue.expiryOf(sequence)
    const state = queue.stateOf(sequence)
    if ((state & STATE_BITS) === GONE) return fromMs + ttlMs
    assert(expiresMs >= fromMs + ttlMs && expiresMs <= untilMs + ttlMs, 'a limit is as asked for')
    const wasTransient = (state & TRANSIENT) !== 0
    const row = { queue, sequence, expiresMs, wasTransient, wasHanded: false }
    this.#rows.set(keyOf(queue, sequence), row)
    return expiresMs
  }

  /** A message is being handed out. */
  handed({ time }: Runtime, queue: Queue, sequence: number): void {
    const row = this.#rows.get(keyOf(queue, sequence))
    if (row === undefined) return
    const isPromised = (queue.stateOf(sequence) & PROMISED) !== 0 && !row.wasHanded
    const lateMs = time.nowMs() - row.expiresMs
    assert(lateMs < 0 || isPromised, `message ${sequence} came ${lateMs} ms after its time`)
    row.wasHanded = true
  }

  /** Every consumer of this world tells what it is handed: what nobody had went by itself. */
  expectAll(): void {
    this.#hearsAll = true
  }

  /** Looks after all of them. */
  check({ time }: Runtime): void {
    if (!this.#hearsAll) return
    const nowMs = time.nowMs()
    for (const row of this.#rows.values()) {
      const { queue, sequence, expiresMs, wasHanded, wasTransient } = row
      if (wasHanded || nowMs >= expiresMs || queue.deleted) continue
      const state = queue.stateOf(sequence) & STATE_BITS
      // A scratch that cannot be read takes transient ones along; their state has gone with them.
      if (wasTransient && state === GONE) continue
      assert(state === READY, `message ${sequence} went ${expiresMs - nowMs} ms before its time`)
    }
  }

  /** The broker starts again: what it finds has the limits it had. */
  restarted(machine: Machine): void {
    const before = this.#rows
    this.#rows = new Map()
    for (const queue of machine.queues.values()) {
      for (const sequence of queue.living()) {
        const state = queue.stateOf(sequence)
        const row = before.get(keyOf(queue, sequence))
        if ((state & TRANSIENT) !== 0 || row === undefined) continue
        // Sequences of what was lost are given to others.
        if (queue.expiryOf(sequence) === row.expiresMs)
          this.#rows.set(keyOf(queue, sequence), { ...row, queue, wasHanded: false })
      }
    }
  }
}

/** A broker that starts after a clean stop finds what there was, unless some of it is over by then. */
export function assertFound(
  { machine, time }: Runtime,
  before: { readonly machine: Machine; readonly image: Uint8Array },
): void {
  if (isAnyOver(before.machine, time.nowMs())) return
  assert.deepEqual(imageOf(machine), before.image, 'the state of before the stop')
}

function isAnyOver(machine: Machine, nowMs: number): boolean {
  return [...machine.queues.values()].some((queue) =>
    [...queue.living()].some((sequence) => {
      const expiresMs = queue.expiryOf(sequence)
      return expiresMs > 0 && expiresMs <= nowMs
    }),
  )
}

function keyOf(queue: Queue, sequence: number): string {
  return `${queue.name} ${sequence}`
}

/**
 * What a journal does, one thing at a time: each as one short operation, and what each promises. A sequence
 * of them is a workload; the ledger notes the state each group leads to, and which states were settled.
 */
import type { Timer } from '../../src/base/ports.ts'
import type { Durability } from '../../src/journal/writer.ts'
import { bodyOfSize, type JournalWorld } from '../journal/journal-world.ts'
import type { LedgerOwner } from '../journal/ledger-owner.ts'
import type { Ledger } from './ledger.ts'

/**
 * `tried`: the group that leads to this state is about to be appended. `settled`: what was tried
 * before is durable.
 */
export type JournalNote =
  | { readonly kind: 'tried'; readonly state: string }
  | { readonly kind: 'settled'; readonly count: number }

/** What operations work on: a world that may be reopened, and the ledger. */
export interface Stage {
  world: JournalWorld
  reopen(): Promise<void>
  /** Runs the timers that wait, as if their time had come. */
  fire(): void
  readonly ledger: Ledger<JournalNote>
  /** Groups tried so far. */
  tried: number
}

/** All that must survive, in a form that can be compared. */
export function stateOf(owner: LedgerOwner): string {
  const held = [...owner.held.keys()].sort((left, right) => left - right)
  const large = [...owner.large].sort((left, right) => left[0] - right[0])
  return JSON.stringify([held, large, owner.notes])
}

export type Operation = (stage: Stage) => Promise<void>

/** Notes the state that was just appended, in the same turn, before anything of it can reach the disk. */
export function noteTried(stage: Stage): void {
  stage.tried++
  stage.ledger.note({ kind: 'tried', state: stateOf(stage.world.owner) })
}

/** Waits for all that was appended, the last of it to be synced, and notes it as promised. */
export async function settle(stage: Stage): Promise<void> {
  const count = stage.tried
  await stage.world.settled()
  stage.ledger.note({ kind: 'settled', count })
}

/** One group of bodies, not waited for. */
export async function put(
  stage: Stage,
  sizes: readonly number[],
  durability?: Durability,
): Promise<void> {
  const bodies = sizes.map((size) => bodyOfSize(size, stage.tried + size))
  await stage.world.put(stage.tried % 3, bodies, durability)
}

/** Releases the oldest `count` bodies, or as many as there are; not waited for. Answers how many. */
export async function release(stage: Stage, count: number): Promise<number> {
  const { world } = stage
  const tickets = [...world.owner.held.keys()].slice(0, count)
  if (tickets.length > 0) await world.release(tickets)
  return tickets.length
}

/**
 * The same, waited for. Who releases nothing writes nothing, so what was written before is promised no more than it
 * was.
 */
async function releaseAndSettle(stage: Stage, count: number): Promise<void> {
  if ((await release(stage, count)) > 0) await settle(stage)
}

export const steps: Readonly<Record<string, Operation>> = {
  small: async (stage) => {
    await put(stage, [20])
    await settle(stage)
  },
  group: async (stage) => {
    await put(stage, [120, 300, 60])
    await settle(stage)
  },
  big: async (stage) => {
    await put(stage, [1400])
    await settle(stage)
  },
  /** Two groups without waiting in between: they share a commit, or the second waits its turn. */
  burst: async (stage) => {
    await put(stage, [90])
    await put(stage, [700, 600])
    await put(stage, [40])
    await settle(stage)
  },
  /** Enough for several files. */
  fill: async (stage) => {
    for (let round = 0; round < 4; round++) await put(stage, [900, 500])
    await settle(stage)
  },
  unsettled: (stage) => put(stage, [200]),
  release: (stage) => releaseAndSettle(stage, 2),
  /** Everything goes, so that whole files die. */
  drain: (stage) => releaseAndSettle(stage, Number.POSITIVE_INFINITY),
  os: async (stage) => {
    const { world } = stage
    await world.note(`os ${stage.tried}`, 'os')
    await world.settled()
  },
  /** Several files of what nobody wants synced. */
  osFill: async (stage) => {
    for (let round = 0; round < 3; round++) await put(stage, [800, 600], 'os')
    await stage.world.settled()
  },
  large: async (stage) => {
    const { world } = stage
    await world.large([bodyOfSize(900, 1), bodyOfSize(900, 2), bodyOfSize(100, 3)])
    await settle(stage)
  },
  snapshot: async (stage) => {
    await stage.world.snapshot()
    stage.ledger.note({ kind: 'settled', count: stage.tried })
  },
  tidy: async (stage) => {
    await stage.world.journal.tidy()
  },
  idle: async (stage) => {
    stage.fire()
    await stage.world.settled()
  },
  reopen: (stage) => stage.reopen(),
}

/** Timers that wait until a test fires them. */
export class HandTimers {
  #waiting: { task: () => void; cancelled: boolean }[] = []

  soon(task: () => void): void {
    void Promise.resolve().then(task)
  }

  after(_delayMs: number, task: () => void): Timer {
    const timer = { task, cancelled: false }
    this.#waiting.push(timer)
    return {
      cancel: () => {
        timer.cancelled = true
      },
    }
  }

  fire(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const timer of waiting) if (!timer.cancelled) timer.task()
  }
}

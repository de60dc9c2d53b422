/** The product's shared-memory modules, interleaved, with their types; and parties to run them with. */
import * as assertModule from '../../src/base/assert.ts'
import * as bytesModule from '../../src/base/bytes.ts'
import { type Exports, type Fault, type Stepping, stepwise } from './stepwise.ts'

/** A module whose functions step. Those that touch no shared memory are left as they are: see `still`. */
export type Stepped<M> = {
  readonly [K in keyof M]: M[K] extends (...args: infer A) => infer R
    ? (...args: A) => Stepping<R>
    : M[K]
}

export interface SharedCode {
  readonly roster: Stepped<typeof import('../../src/channels/threads/roster.ts')>
  readonly roles: Stepped<typeof import('../../src/channels/threads/roles.ts')>
  readonly sleep: Stepped<typeof import('../../src/channels/threads/sleep.ts')>
  readonly ring: Stepped<typeof import('../../src/channels/threads/ring.ts')>
  readonly write: Stepped<typeof import('../../src/channels/threads/ring-write.ts')>
  readonly read: Stepped<typeof import('../../src/channels/threads/ring-read.ts')>
  readonly parts: Stepped<typeof import('../../src/channels/threads/ring-parts.ts')>
  readonly tally: Stepped<typeof import('../../src/channels/threads/tally.ts')>
  readonly rounds: Stepped<typeof import('../../src/channels/threads/rounds.ts')>
  readonly holdings: Stepped<typeof import('../../src/channels/threads/holdings.ts')>
}

/** Small enough that every order of events can be followed. */
const limits = {
  seats: 3,
  seatsMax: 32,
  ringBytes: 1024,
  ringBytesMin: 1024,
  ringBytesMax: 1024,
  messageBytes: 1024,
  spinTurns: 0,
  lockTries: 1,
  sliceMs: 1,
}

/** The code as it is, or with a mistake in it. */
export function sharedCode(fault: Fault | null = null): SharedCode {
  const made = stepwise({
    folder: new URL('../../src/channels/threads/', import.meta.url),
    modules: [
      'roster',
      'roles',
      'sleep',
      'ring',
      'ring-write',
      'ring-read',
      'tally',
      'ring-parts',
      'rounds',
      'holdings',
    ],
    given: {
      assert: assertModule as unknown as Exports,
      bytes: bytesModule as unknown as Exports,
      limits: { threadLimits: limits },
    },
    fault,
  })
  return {
    roster: made.roster,
    roles: made.roles,
    sleep: made.sleep,
    ring: made.ring,
    write: made['ring-write'],
    read: made['ring-read'],
    parts: made['ring-parts'],
    tally: made.tally,
    rounds: made.rounds,
    holdings: made.holdings,
  } as unknown as SharedCode
}

/** Something that steps and may have to be tried again. */
export interface SteppingAttempt {
  attempt(): Stepping<number>
}

/** Waits as a blocked thread does, for as long as it takes. */
export function* until(code: SharedCode, seat: object, what: SteppingAttempt): Stepping<void> {
  yield* within(code, seat, { attempt: () => what.attempt(), isTimeUp: () => false })
}

/** Something that may have to be tried again, but only as long as there is time. */
export interface TimedAttempt extends SteppingAttempt {
  isTimeUp(): boolean
}

/** Waits as a blocked thread does for what wakes all who wait for it. */
export function* untilRung(
  code: SharedCode,
  roster: object,
  what: SteppingAttempt,
): Stepping<void> {
  const patience = { leftMs: () => 1, lookUp: () => undefined, spinTurns: 0 }
  yield* code.sleep.sleepUntilRung(roster as never, what as never, patience)
}

/** Waits as a blocked thread does. False when the time was up first; whoever makes it so wakes the seat. */
export function* within(code: SharedCode, seat: object, what: TimedAttempt): Stepping<boolean> {
  const patience = {
    leftMs: () => (what.isTimeUp() ? 0 : 1),
    lookUp: () => undefined,
    spinTurns: 0,
  }
  const { sleepUntilReady } = code.sleep
  // The product's types know nothing of steps.
  return yield* sleepUntilReady(seat as never, what as never, patience)
}

/**
 * How a thread that may block waits for a change of shared memory: it tries, spins for as long as a
 * sleep would cost, then sleeps. The steps S1 to S5 are the roster's; see there why none is lost.
 * Never used on a thread that has an event loop to serve; those wait through a Desk.
 */
import { threadLimits } from './limits.ts'
import { announce, listen, READY, type Roster, retract, type Seat, wakeOne } from './roster.ts'

/** Something that may have to be tried again. */
export interface Attempt {
  /** `READY` when it is over, however it ended; else the set to sleep in until it is worth another try. */
  attempt(): number
}

/** When to give up, and what to look after meanwhile. */
export interface Patience {
  /** Milliseconds left; below or at zero the wait ends. */
  leftMs(): number
  /** Called about every `sliceMs` while the wait lasts. */
  lookUp(): void
  readonly spinTurns: number
}

/** Tries until it is over. False when the patience ended first. */
export function sleepUntilReady(seat: Seat, what: Attempt, patience: Patience): boolean {
  const { roster, epochAt } = seat
  for (let turn = 0; turn < patience.spinTurns; turn++) {
    if (what.attempt() === READY) return true
  }
  let set = what.attempt()
  let called = false
  while (set !== READY) {
    const announced = set
    const leftMs = patience.leftMs()
    if (leftMs <= 0) {
      if (called) wakeOne(roster, announced)
      return false
    }
    const epoch = Atomics.load(roster.words, epochAt) // S1
    announce(seat, announced) // S2
    set = what.attempt() // S3
    const asleep = set === announced
    if (asleep) sleep(seat, { epoch, leftMs }, patience) // S4
    called = retract(seat, announced)
    if (asleep) set = what.attempt()
    // Handed a change that it did not use: found its own without sleeping, or waits for something else now.
    if (called && set !== announced && !(asleep && set === READY)) wakeOne(roster, announced)
  }
  return true
}

function sleep(seat: Seat, nap: { epoch: number; leftMs: number }, patience: Patience): void {
  const napMs = Math.min(nap.leftMs, threadLimits.sliceMs)
  const how = Atomics.wait(seat.roster.words, seat.epochAt, nap.epoch, napMs)
  if (how === 'timed-out') patience.lookUp()
}

/** The same for a change that wakes all who wait for it: they sleep on the bell, and nobody is handed anything. */
export function sleepUntilRung(roster: Roster, what: Attempt, patience: Patience): boolean {
  while (what.attempt() !== READY) {
    const leftMs = patience.leftMs()
    if (leftMs <= 0) return false
    const bell = listen(roster) // S1, S2
    if (what.attempt() === READY) return true // S3
    const sleepMs = Math.min(leftMs, threadLimits.sliceMs)
    const how = Atomics.wait(roster.words, roster.bellAt, bell, sleepMs) // S4
    if (how === 'timed-out') patience.lookUp()
  }
  return true
}

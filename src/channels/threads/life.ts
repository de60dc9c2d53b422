/**
 * Who of this process's threads has died, as far as this thread can know. It buries the seats of dead threads
 * in every roster that is known here, so that those who wait for them hear of it. It ends nobody. A thread that
 * ends well has given its seats back by then; one that was ended before it began could not, whatever its code.
 *
 * A thread's death is heard of in four ways, none of which needs the thread's own help but the first:
 *   1. it ends by `process.exit` or by an uncaught error: its own `exit` handler buries its seats;
 *   2. it is terminated, or runs out of memory: the thread that made it sees `exit` of its Worker;
 *   3. that thread knows nothing of the object in question: it writes the id into the graveyard, a piece of
 *      memory that all threads made since then share, where sleepers look about once a second;
 *   4. that thread is itself blocked, perhaps waiting for the very one: while it waits it looks at how its
 *      Workers do, which needs no turn of the loop. Only a Worker whose `online` it has seen.
 */
import { errorMonitor } from 'node:events'
import {
  getEnvironmentData,
  isMainThread,
  setEnvironmentData,
  threadId,
  type Worker,
} from 'node:worker_threads'
import { threadLimits } from './limits.ts'
import { bury, leave, type Roster, type Seat, seatState, stateOf, threadOf } from './roster.ts'

/** A stopped Worker may still be running its last instructions; after so long it is not. */
const stoppedForMs = 1_000
const graveyardKey = 'naru.threads.graveyard'

/** A party of this thread. */
export interface Resident {
  readonly seat: Seat
  /** Gives the seat back; called when the thread ends well. Calls `life.forget`. */
  retire(): void
}

/** Whether the seat is named by a word that says what its party holds. */
export type Holds = (roster: Roster, seat: number) => boolean

/** What is left of a party that nobody refers to any more. */
interface Remains {
  readonly seat: Seat
  readonly holds: Holds
}

class Life {
  /** Slot `id % length` holds the latest dead thread of that residue: enough, as ids only grow. */
  readonly #graveyard: Int32Array
  readonly #residents = new Set<WeakRef<Resident>>()
  /** Seats of parties that nobody refers to any more, and that hold something as long as this thread lives. */
  readonly #heldForGood = new Set<Seat>()
  readonly #dropped = new FinalizationRegistry<Remains>((remains) => this.#drop(remains))
  /** Threads made by this one that run, and since when they have been seen stopped (0: they have not). */
  readonly #workers = new Map<number, { readonly worker: Worker; stoppedMs: number }>()
  /** What ended threads died of. */
  readonly #causes = new Map<number, Error>()

  constructor() {
    const inherited = getEnvironmentData(graveyardKey)
    const isShared = inherited instanceof SharedArrayBuffer
    const memory = isShared ? inherited : new SharedArrayBuffer(threadLimits.graveyard * 4)
    if (!isShared) setEnvironmentData(graveyardKey, memory)
    this.#graveyard = new Int32Array(memory)
    process.on('worker', (worker) => this.follow(worker))
    if (!isMainThread) process.once('exit', (code) => this.#endSelf(code))
  }

  /** Hears of this thread's end. Idempotent; Workers made after this module was loaded are followed unasked. */
  follow(worker: Worker): void {
    const id = worker.threadId
    if (id <= 0 || this.#workers.has(id)) return
    this.#workers.set(id, { worker, stoppedMs: 0 })
    // Node remembers when its loop began, and only of a Worker it was once asked about has it more to say.
    worker.once('online', () => idleMsOf(worker))
    // Listening to errors without thereby handling them: they are still their owner's to handle.
    worker.once(errorMonitor, (error: unknown) => this.#remember(id, error))
    // Whatever the code: one that was stopped before it began has code 0, and the seat kept for it stays empty.
    worker.once('exit', () => {
      this.#workers.delete(id)
      this.#end(id)
    })
  }

  /** Seats beside this one are buried from now on when their threads die. */
  watch(resident: Resident, holds: Holds): void {
    for (const known of this.#residents) {
      if (known.deref() === undefined) this.#residents.delete(known)
    }
    this.#residents.add(new WeakRef(resident))
    this.#dropped.register(resident, { seat: resident.seat, holds }, resident)
  }

  /** For a party that gives its seat back itself: from now on somebody else may sit there. */
  forget(resident: Resident): void {
    this.#dropped.unregister(resident)
  }

  hasDied(thread: number): boolean {
    if (thread === 0) return false // the main thread ends with the process, and fresh memory says 0
    return Atomics.load(this.#graveyard, thread & (threadLimits.graveyard - 1)) === thread
  }

  /** What it died of, if this thread saw it. */
  causeOf(thread: number): Error | null {
    return this.#causes.get(thread) ?? null
  }

  /** For those who wait: finds the dead of this roster that nobody could report here. */
  sweep(roster: Roster): void {
    this.#lookAtWorkers()
    for (let seat = 0; seat < roster.seats; seat++) {
      const state = stateOf(roster, seat)
      if (state !== seatState.live && state !== seatState.reserved) continue
      if (this.hasDied(threadOf(roster, seat))) bury(roster, seat)
    }
  }

  #remember(thread: number, error: unknown): void {
    if (!(error instanceof Error)) return
    this.#causes.set(thread, error)
    for (const oldest of this.#causes.keys()) {
      if (this.#causes.size <= threadLimits.causes) return
      this.#causes.delete(oldest)
    }
  }

  /** Way 4: a Worker that has stopped says an idle time of -1, even to a thread that never turns its loop. */
  #lookAtWorkers(): void {
    for (const [id, entry] of this.#workers) {
      if (idleMsOf(entry.worker) >= 0) continue
      const nowMs = performance.now()
      if (entry.stoppedMs === 0) entry.stoppedMs = nowMs
      else if (nowMs - entry.stoppedMs >= stoppedForMs) this.#end(id)
    }
  }

  #endSelf(code: number): void {
    if (code !== 0) {
      this.#end(threadId)
      return
    }
    for (const known of this.#residents) known.deref()?.retire()
    for (const { roster, index } of this.#heldForGood) bury(roster, index)
  }

  #drop({ seat, holds }: Remains): void {
    if (holds(seat.roster, seat.index)) this.#heldForGood.add(seat)
    else leave(seat)
  }

  #end(thread: number): void {
    Atomics.store(this.#graveyard, thread & (threadLimits.graveyard - 1), thread)
    for (const known of this.#residents) {
      const roster = known.deref()?.seat.roster
      if (roster === undefined) continue
      for (let seat = 0; seat < roster.seats; seat++) {
        if (threadOf(roster, seat) === thread) bury(roster, seat)
      }
    }
  }
}

/** Below 0 for one that has stopped. */
function idleMsOf(worker: Worker): number {
  return worker.performance.eventLoopUtilization().idle
}

/** One per thread. */
export const life: Life = new Life()

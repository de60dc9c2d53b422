/**
 * The roster: which workers there are, starting, replacing and ending them. The crew owns it and tells it
 * what to do; it never touches the queue and never decides the fate of a chunk.
 */
import { assert } from '../base/assert.ts'
import type { Clock, Scheduler } from '../base/ports.ts'
import { tellProgram } from '../channels/told.ts'
import type { Chunk } from './chunk.ts'
import { PoolClosed, PoolStartFailed, type WorkerExit } from './errors.ts'
import { Member } from './member.ts'
import type { PoolEvent, Tally, WorkerEnd } from './tally.ts'
import type { WorkerKind, WorkerListener } from './worker-port.ts'

export interface RosterOptions {
  readonly kind: WorkerKind
  /** Workers that may run at once. */
  readonly size: number
  /** Loading the module and the setup may take so long. */
  readonly startTimeoutMs: number
  /** The teardown may take so long before the worker is killed, and dying as long again before it is given up. */
  readonly stopTimeoutMs: number
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly onEvent: ((event: PoolEvent) => void) | null
}

/** After a failed start, while other workers go on, the next is tried so much later; doubled each time. */
const backoffMsMin = 100
/** A machine short of memory for a while should get its workers back within seconds. */
const backoffMsMax = 5_000

interface StartWaiter {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Roster {
  readonly #options: RosterOptions
  readonly #tally: Tally
  readonly #listen: (member: Member) => WorkerListener
  /** Starting and ready ones. Invariant: no more than `size`. */
  readonly #staff: Member[] = []
  /** Retiring and stopping ones: they have left the staff, and may have been replaced. */
  readonly #leaving = new Set<Member>()
  readonly #why = new Map<Member, WorkerEnd>()
  readonly #startErrors = new Map<Member, unknown>()
  #startWaiters: StartWaiter[] = []
  #lastId = 0
  #starting = 0
  #backoffMs = 0
  #nextStartMs = 0

  constructor(options: RosterOptions, tally: Tally, listen: (member: Member) => WorkerListener) {
    this.#options = options
    this.#tally = tally
    this.#listen = listen
  }

  get empty(): boolean {
    return this.#staff.length === 0 && this.#leaving.size === 0
  }

  /** Nobody is left who could take a chunk. */
  get unstaffed(): boolean {
    return this.#staff.length === 0
  }

  all(): readonly Member[] {
    return [...this.#staff, ...this.#leaving]
  }

  count(): { workers: number; idleWorkers: number; underWay: number } {
    let idleWorkers = 0
    let underWay = 0
    for (const member of this.all()) {
      if (member.idle) idleWorkers += 1
      underWay += member.hands.size
    }
    return { workers: this.#staff.length + this.#leaving.size, idleWorkers, underWay }
  }

  busyMs(nowMs: number): number {
    let sumMs = this.#tally.busyMs
    for (const member of this.all()) {
      sumMs += member.busyUntilMs(nowMs)
    }
    return sumMs
  }

  /** An idle worker, or the one with the least in hand that this chunk may follow, or none. */
  pick(chunk: Chunk, ahead: { readonly max: number; readonly sinceMs: number }): Member | null {
    let best: Member | null = null
    for (const member of this.#staff) {
      if (!member.canFollow(chunk, ahead)) continue
      if (member.hands.size === 0) return member
      if (best === null || member.hands.size < best.hands.size) best = member
    }
    return best
  }

  /** Starts a worker if there is room for it and more is waiting than those that start will take. */
  grow(waiting: number): void {
    const { size, clock } = this.#options
    while (this.#staff.length < size && this.#starting < waiting) {
      // With nobody else at work the demand decides: failing callers one by one is no storm.
      if (this.#staff.length > 0 && clock.monotonicMs() < this.#nextStartMs) return
      this.#start()
    }
  }

  startAll(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#startWaiters.push({ resolve, reject })
      while (this.#staff.length < this.#options.size) this.#start()
      this.#tellStartWaiters()
    })
  }

  #start(): void {
    const { clock, scheduler, kind, startTimeoutMs } = this.#options
    this.#lastId += 1
    const member = new Member(this.#lastId)
    this.#staff.push(member)
    this.#starting += 1
    this.#tally.workersStarted += 1
    member.attach(kind.start(member.id, this.#listen(member)))
    const nowMs = clock.monotonicMs()
    member.arm(scheduler, {
      nowMs,
      dueMs: nowMs + startTimeoutMs,
      look: () => {
        this.startFailed(member, new Error(`not ready after ${startTimeoutMs} ms`))
        this.kill(member, 'start-failed')
      },
    })
    this.tell({ kind: 'worker-started', workerId: member.id })
  }

  ready(member: Member): void {
    if (member.state !== 'starting') return
    member.disarm()
    member.state = 'ready'
    this.#starting -= 1
    this.#backoffMs = 0
    this.#nextStartMs = 0
    this.tell({ kind: 'worker-ready', workerId: member.id, systemId: member.port.systemId })
    this.#tellStartWaiters()
  }

  startFailed(member: Member, error: unknown): void {
    if (member.state === 'gone' || this.#startErrors.has(member)) return
    this.#startErrors.set(member, error)
  }

  /** Nobody who waits for workers to start gets them now. */
  closed(): void {
    this.#rejectStartWaiters(new PoolClosed())
  }

  /** It has something in hand again. */
  busy(member: Member, nowMs: number): void {
    member.startClock(nowMs)
    member.port.hold('busy')
  }

  /** It may have nothing in hand now. */
  rest(member: Member): void {
    if (member.hands.size > 0 || member.state !== 'ready') return
    member.pauseClock(this.#options.clock.monotonicMs())
    member.disarm()
    member.port.hold('idle')
  }

  /** It gets nothing more, and ends when its hands are empty. */
  retire(member: Member): void {
    if (member.state !== 'ready') return
    this.#leave(member)
    member.state = 'retiring'
  }

  /** Asks it to end; if it does not, it is killed. */
  stop(member: Member, why: WorkerEnd): void {
    if (member.state === 'starting') {
      this.kill(member, why)
    } else if (member.state === 'ready' || member.state === 'retiring') {
      this.#dismiss(member, why)
      member.port.stop()
      this.#armExit(member, () => this.#killNow(member))
    }
  }

  kill(member: Member, why: WorkerEnd): void {
    if (member.state === 'gone') return
    if (member.state !== 'stopping') this.#dismiss(member, why)
    this.#killNow(member)
  }

  #killNow(member: Member): void {
    member.disarm()
    member.port.kill()
    // A thread inside a call of the system cannot be ended from outside. Nobody may wait for it for ever.
    this.#armExit(member, () => {
      this.#why.set(member, 'stuck')
      this.#listen(member).gone({ exitCode: null, signal: null, error: null })
    })
  }

  #armExit(member: Member, look: () => void): void {
    const nowMs = this.#options.clock.monotonicMs()
    const dueMs = nowMs + this.#options.stopTimeoutMs
    member.arm(this.#options.scheduler, { nowMs, dueMs, look })
  }

  #dismiss(member: Member, why: WorkerEnd): void {
    assert(member.hands.size === 0, 'whoever ends a worker has emptied its hands')
    this.#leave(member)
    member.state = 'stopping'
    member.disarm()
    member.port.hold('busy')
    this.#why.set(member, why)
  }

  #leave(member: Member): void {
    const at = this.#staff.indexOf(member)
    if (at !== -1) this.#staff.splice(at, 1)
    if (member.state === 'starting') this.#starting -= 1
    this.#leaving.add(member)
  }

  /** It has ended. Answers why it never came to be ready, or `null` if it did or was told to end. */
  gone(member: Member, exit: WorkerExit): PoolStartFailed | null {
    const wasStarting = member.state === 'starting' || this.#why.get(member) === 'start-failed'
    const why = this.#why.get(member) ?? (wasStarting ? 'start-failed' : 'lost')
    this.#leave(member)
    this.#leaving.delete(member)
    member.disarm()
    member.state = 'gone'
    const nowMs = this.#options.clock.monotonicMs()
    member.pauseClock(nowMs)
    this.#tally.busyMs += member.busyUntilMs(nowMs)
    if (why === 'lost') this.#tally.workersLost += 1
    if (why === 'recycled') this.#tally.workersRecycled += 1
    const cause = this.#startErrors.get(member) ?? exit.error
    this.#why.delete(member)
    this.#startErrors.delete(member)
    this.tell({ kind: 'worker-ended', workerId: member.id, why, error: cause })
    if (!wasStarting) return null
    return this.#startHasFailed(exit, cause)
  }

  #startHasFailed(exit: WorkerExit, cause: unknown): PoolStartFailed {
    this.#backoffMs = Math.min(backoffMsMax, Math.max(backoffMsMin, this.#backoffMs * 2))
    this.#nextStartMs = this.#options.clock.monotonicMs() + this.#backoffMs
    const how = exit.signal ?? `exit code ${exit.exitCode}`
    const error =
      cause === null
        ? new PoolStartFailed(`a worker ended before it was ready: ${how}`)
        : new PoolStartFailed(`a worker could not start: ${textOf(cause)}`, { cause })
    this.#rejectStartWaiters(error)
    return error
  }

  #rejectStartWaiters(error: unknown): void {
    const waiters = this.#startWaiters
    this.#startWaiters = []
    for (const waiter of waiters) waiter.reject(error)
  }

  #tellStartWaiters(): void {
    if (this.#startWaiters.length === 0) return
    if (this.#starting > 0) return
    const waiters = this.#startWaiters
    this.#startWaiters = []
    for (const waiter of waiters) waiter.resolve()
  }

  /** A fault of the one who watches is loud, but not in the middle of our books. */
  tell(event: PoolEvent): void {
    const { onEvent, scheduler } = this.#options
    if (onEvent === null) return
    tellProgram(() => onEvent(event), scheduler)
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

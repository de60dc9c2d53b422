/**
 * The crew: the queue of chunks, the workers, and every decision about them. It knows neither threads nor
 * processes nor what a task is, and takes time from its ports, so that a test can play any order of events.
 */
import { assert } from '../base/assert.ts'
import { List } from '../base/list.ts'
import type { Clock, Scheduler } from '../base/ports.ts'
import { AbortWatch } from './abort-watch.ts'
import type { Answer, Chunk } from './chunk.ts'
import {
  PoolClosed,
  PoolNotSendable,
  PoolQueueFull,
  PoolTaskTimeout,
  PoolWorkerLost,
  type WorkerExit,
} from './errors.ts'
import type { Member } from './member.ts'
import { aheadWorkMs, Pace } from './pace.ts'
import { Roster, type RosterOptions } from './roster.ts'
import { type PoolCounters, Tally } from './tally.ts'
import type { WorkerListener } from './worker-port.ts'

export interface CrewOptions extends RosterOptions {
  /** Chunks that a worker may hold beyond the one it runs. */
  readonly aheadMax: number
  /** Chunks that may wait before `reject` refuses more. */
  readonly queueMax: number
  /** Calls after which a worker is replaced. */
  readonly callsMax: number
  /** What a worker may occupy; one that occupies more is replaced. */
  readonly memoryBytesMax: number
}

export type WhenFull = 'reject' | 'wait'

export class Crew {
  readonly #options: CrewOptions
  readonly #clock: Clock
  readonly #scheduler: Scheduler
  readonly #queue = new List<Chunk>()
  readonly #roster: Roster
  readonly #tally = new Tally()
  readonly #pace: Pace
  readonly #signals: AbortWatch
  readonly #bornMs: number
  #phase: 'open' | 'closing' | 'destroyed' = 'open'
  /** An event handler may call back into the crew; then the running round is followed by another. */
  #dispatching: 'rest' | 'running' | 'again' = 'rest'
  /** Told whenever something may have come to its end. */
  #onQuiet: (() => void) | null = null

  constructor(options: CrewOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#scheduler = options.scheduler
    this.#bornMs = this.#clock.monotonicMs()
    this.#pace = new Pace(options.aheadMax)
    this.#signals = new AbortWatch((chunks, reason) => this.#abort(chunks, reason))
    this.#roster = new Roster(options, this.#tally, (member) => this.#listen(member))
  }

  get size(): number {
    return this.#options.size
  }

  get open(): boolean {
    return this.#phase === 'open'
  }

  /** Chunks worth having under way at once, so that no worker has to wait for the next. */
  get width(): number {
    return this.#options.size * (1 + this.#pace.ahead)
  }

  /** Takes a chunk. Its fate is told through the chunk; what is refused right away is told so too. */
  submit(chunk: Chunk, whenFull: WhenFull): void {
    const { signal } = chunk.terms
    const { queueMax } = this.#options
    const full = whenFull === 'reject' && this.#queue.size >= queueMax
    if (this.#phase !== 'open' || signal?.aborted || full) {
      chunk.state = 'settled'
      if (this.#phase !== 'open') chunk.fail(new PoolClosed())
      else chunk.fail(signal?.aborted ? signal.reason : new PoolQueueFull(queueMax))
      return
    }
    chunk.state = 'waiting'
    this.#queue.push(chunk)
    this.#signals.add(chunk)
    this.#dispatch()
  }

  /** Lets a chunk go that nobody waits for any more, without a word. One that a worker has already runs on, unheard. */
  withdraw(chunk: Chunk): void {
    if (chunk.state !== 'waiting') return
    this.#queue.remove(chunk)
    this.#settled(chunk)
    this.#look()
  }

  /** Starts every worker that there may be; settles when all are ready, or one could not start. */
  startAll(): Promise<void> {
    if (this.#phase !== 'open') return Promise.reject(new PoolClosed())
    return this.#roster.startAll()
  }

  counters(): PoolCounters {
    const { done, failed, cancelled, timedOut, lost, retried } = this.#tally
    const { workersStarted, workersLost, workersRecycled } = this.#tally
    const nowMs = this.#clock.monotonicMs()
    const spanMs = (nowMs - this.#bornMs) * this.#options.size
    return {
      size: this.#options.size,
      ...this.#roster.count(),
      queued: this.#queue.size,
      done,
      failed,
      cancelled,
      timedOut,
      lost,
      retried,
      workersStarted,
      workersLost,
      workersRecycled,
      utilisation: spanMs <= 0 ? 0 : Math.min(1, this.#roster.busyMs(nowMs) / spanMs),
    }
  }

  /** Takes no more, finishes what it has, ends the workers. */
  close(): Promise<void> {
    if (this.#phase === 'open') {
      this.#phase = 'closing'
      this.#roster.closed()
    }
    return this.#ended()
  }

  /** Fails everything and kills the workers. */
  destroy(): Promise<void> {
    if (this.#phase !== 'destroyed') {
      this.#phase = 'destroyed'
      this.#roster.closed()
      const error = new PoolClosed('the pool was destroyed')
      for (let chunk = this.#queue.shift(); chunk !== null; chunk = this.#queue.shift()) {
        this.#fail(chunk, error)
      }
      for (const member of this.#roster.all()) {
        this.#failHands(member, error)
        this.#roster.kill(member, 'stopped')
      }
    }
    return this.#ended()
  }

  #ended(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#onQuiet
      this.#onQuiet = () => {
        before?.()
        resolve()
      }
      this.#look()
    })
  }

  /** Has what was closed come to its end? Stops the workers, then tells whoever waits. */
  #look(): void {
    if (this.#phase === 'open' || this.#queue.size > 0) return
    for (const member of this.#roster.all()) {
      if (member.hands.size > 0) return
    }
    for (const member of this.#roster.all()) this.#roster.stop(member, 'stopped')
    if (!this.#roster.empty || this.#onQuiet === null) return
    const tell = this.#onQuiet
    this.#onQuiet = null
    tell()
  }

  #listen(member: Member): WorkerListener {
    return {
      ready: () => {
        this.#roster.ready(member)
        this.#dispatch()
        this.#roster.rest(member)
        this.#look()
      },
      startFailed: (error) => this.#roster.startFailed(member, error),
      answered: (answer) => this.#answered(member, answer),
      refused: (chunk, error) => this.#refused(member, chunk, error),
      gone: (exit) => this.#gone(member, exit),
    }
  }

  /** Gives out what waits, first come first served, and starts workers where none is free. */
  #dispatch(): void {
    if (this.#dispatching !== 'rest') {
      this.#dispatching = 'again'
      return
    }
    // Each round was asked for by an event handler's call: it ends when they stop calling.
    do this.#dispatchRound()
    while ((this.#dispatching as string) === 'again')
    this.#dispatching = 'rest'
  }

  #dispatchRound(): void {
    this.#dispatching = 'running'
    const sinceMs = this.#clock.monotonicMs() - aheadWorkMs
    for (let chunk = this.#queue.head; chunk !== null; chunk = this.#queue.head) {
      const member = this.#roster.pick(chunk, { max: this.#pace.ahead, sinceMs })
      if (member === null || !member.idle) this.#roster.grow(this.#queue.size)
      if (member === null) break
      this.#queue.remove(chunk)
      this.#give(member, chunk)
    }
  }

  #give(member: Member, chunk: Chunk): void {
    const nowMs = this.#clock.monotonicMs()
    chunk.state = 'sent'
    member.hands.push(chunk)
    member.calls += chunk.terms.form === 'call' ? 1 : chunk.terms.values.length
    if (member.hands.size === 1) {
      this.#roster.busy(member, nowMs)
      this.#headChanged(member, nowMs)
    }
    // Before the sending: a chunk that is refused comes back at once and must find its place.
    if (member.calls >= this.#options.callsMax) this.#roster.retire(member)
    member.port.send(chunk)
  }

  /** Another chunk has come to be the running one: its time counts from now. */
  #headChanged(member: Member, nowMs: number): void {
    const head = member.hands.head
    if (head === null) return
    member.headSinceMs = nowMs
    const dueMs = nowMs + head.terms.timeoutMs
    member.arm(this.#scheduler, { nowMs, dueMs, look: () => this.#lookAtHead(member) })
  }

  /** The timer may be older than the head, and the answer may be here unread while this loop was held up. */
  #lookAtHead(member: Member): void {
    const head = member.hands.head
    if (head === null) return
    const nowMs = this.#clock.monotonicMs()
    const dueMs = member.headSinceMs + head.terms.timeoutMs
    if (nowMs < dueMs) {
      member.arm(this.#scheduler, { nowMs, dueMs, look: () => this.#lookAtHead(member) })
      return
    }
    this.#scheduler.soon(() => {
      if (member.hands.head !== head) return
      assert(member.hands.size === 1, 'nothing is sent behind a chunk with a timeout')
      member.hands.remove(head)
      // First, or whoever hears of the failure might give this worker something new.
      this.#roster.kill(member, 'timeout')
      this.#tally.timedOut += 1
      this.#fail(head, new PoolTaskTimeout(head.terms.task, head.terms.timeoutMs))
      this.#dispatch()
      this.#look()
    })
  }

  #answered(member: Member, answer: Answer): void {
    const chunk = member.hands.shift()
    // Its worker was killed for it; this answer was under way already.
    if (chunk === null) return
    const nowMs = this.#clock.monotonicMs()
    this.#pace.took(answer.durationMs)
    this.#tally.failed += answer.failures.size
    this.#tally.done += answer.values.length - answer.failures.size
    this.#headChanged(member, nowMs)
    if (answer.memoryBytes > this.#options.memoryBytesMax) this.#roster.retire(member)
    this.#settled(chunk)
    chunk.settle(answer)
    this.#afterHands(member)
  }

  #refused(member: Member, chunk: Chunk, error: unknown): void {
    if (chunk.list !== member.hands) return
    const wasHead = member.hands.head === chunk
    member.hands.remove(chunk)
    this.#tally.failed += 1
    const message = `the values for the task '${chunk.terms.task}' cannot be copied to a worker`
    this.#fail(chunk, new PoolNotSendable(message, { cause: error }))
    if (wasHead) this.#headChanged(member, this.#clock.monotonicMs())
    this.#afterHands(member)
  }

  /** Something left the member's hands. */
  #afterHands(member: Member): void {
    if (member.state === 'retiring' && member.hands.size === 0) {
      this.#roster.stop(member, 'recycled')
    }
    this.#dispatch()
    this.#roster.rest(member)
    this.#look()
  }

  #abort(chunks: Iterable<Chunk>, reason: unknown): void {
    for (const chunk of [...chunks]) {
      // Whoever heard of an earlier one may have withdrawn this one.
      if (chunk.state === 'settled') continue
      if (this.#queue.has(chunk)) this.#queue.remove(chunk)
      else this.#takeFromHands(chunk)
      this.#tally.cancelled += 1
      this.#fail(chunk, reason)
    }
    this.#dispatch()
    this.#look()
  }

  /** All that its worker holds has the same signal, so that killing it wrongs nobody. */
  #takeFromHands(chunk: Chunk): void {
    const member = this.#roster.all().find((one) => one.hands.has(chunk))
    assert(member !== undefined, 'a chunk that is not settled is waiting or in hands')
    member.hands.remove(chunk)
    if (member.hands.size === 0) this.#roster.kill(member, 'cancelled')
  }

  #gone(member: Member, exit: WorkerExit): void {
    if (member.state === 'gone') return
    const running = member.hands.shift()
    // What had not begun goes back to where it came from, in the order it had.
    for (let chunk = member.hands.tail; chunk !== null; chunk = member.hands.tail) {
      member.hands.remove(chunk)
      chunk.state = 'waiting'
      this.#queue.unshift(chunk)
    }
    const startError = this.#roster.gone(member, exit)
    if (running !== null) this.#blame(running, member, exit)
    if (startError !== null && this.#roster.unstaffed) this.#failQueue(startError)
    this.#dispatch()
    this.#look()
  }

  #blame(chunk: Chunk, member: Member, exit: WorkerExit): void {
    chunk.attemptsLeft -= 1
    if (chunk.attemptsLeft > 0) {
      chunk.state = 'waiting'
      this.#queue.unshift(chunk)
      this.#tally.retried += 1
      const { task } = chunk.terms
      this.#roster.tell({ kind: 'task-retried', task, attemptsLeft: chunk.attemptsLeft })
      return
    }
    this.#tally.lost += 1
    this.#fail(chunk, new PoolWorkerLost(chunk.terms.task, member.id, exit))
  }

  /** What waits now: what is submitted in answer to the failures gets a start of its own. */
  #failQueue(error: unknown): void {
    for (const chunk of [...this.#queue]) {
      if (!this.#queue.has(chunk)) continue
      this.#queue.remove(chunk)
      this.#tally.lost += 1
      this.#fail(chunk, error)
    }
  }

  #failHands(member: Member, error: unknown): void {
    for (let chunk = member.hands.shift(); chunk !== null; chunk = member.hands.shift()) {
      this.#fail(chunk, error)
    }
  }

  #fail(chunk: Chunk, error: unknown): void {
    this.#settled(chunk)
    chunk.fail(error)
  }

  #settled(chunk: Chunk): void {
    assert(chunk.list === null && chunk.state !== 'settled', 'a chunk has one fate')
    chunk.state = 'settled'
    this.#signals.remove(chunk)
  }
}

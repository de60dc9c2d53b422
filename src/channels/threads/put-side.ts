/** The sending half of one party's thread channel: tries, then waits in line. The channel owns it. */
import {
  ChannelFull,
  ChannelMisuse,
  type Offer,
  type Sendable,
  type Unwatch,
  type WaitOptions,
} from '../contract.ts'
import { done } from '../turn.ts'
import { Blocking, checkBlocking, spinTurnsForOne } from './blocking.ts'
import { PutCall, PutJob, WatchCall } from './channel-calls.ts'
import type { ThreadWhenFull } from './channel-handle.ts'
import { type Desk, type Line, turn } from './desk.ts'
import type { Endpoint } from './endpoint.ts'
import { ENDED, messages, PART, sets } from './ring.ts'
import { dropOldest } from './ring-read.ts'
import { LARGE } from './ring-write.ts'
import { READY, wakeOne } from './roster.ts'
import { type Attempt, sleepUntilReady } from './sleep.ts'

export class PutSide implements Attempt {
  readonly #endpoint: Endpoint
  readonly #desk: Desk
  readonly #calls: Line<PutCall>
  readonly #watches: Line<WatchCall>
  readonly #drop: (job: PutJob) => void
  /** What `putSync` is at. */
  #job: PutJob | null = null
  readonly #whenFull: ThreadWhenFull
  /** Values that went in. */
  count: number = 0
  /** Values that this party threw away, its own or the oldest inside. */
  dropped: number = 0

  constructor(endpoint: Endpoint, desk: Desk, whenFull: ThreadWhenFull) {
    this.#endpoint = endpoint
    this.#desk = desk
    this.#whenFull = whenFull
    this.#calls = desk.line({ serve: (call) => this.#serveCall(call), keepsAlive: true })
    this.#watches = desk.line({ serve: (call) => this.#serveWatch(call), keepsAlive: true })
    this.#drop = (job) => this.#dropJob(job)
  }

  get waiting(): number {
    return this.#calls.waiters.size
  }

  /** `READY` when the value is in, `ENDED` when none goes in any more, `LARGE`, or the set to sleep in. */
  tryPut(value: Sendable): number {
    const { sender } = this.#endpoint
    sender.load(value)
    if (this.#calls.waiters.size > 0) return sets.space
    if (this.#endpoint.pushFailure() !== null) return ENDED
    const result = sender.write()
    if (result === READY) this.#counted(value)
    return result
  }

  /** Takes the value, or does at once what this party's policy for a full channel says. Never waits. */
  offer(value: Sendable): Offer {
    const result = this.tryPut(value)
    if (result === READY) return 'taken'
    if (result === ENDED) return 'closed'
    if (result === LARGE) throw this.tooLarge()
    if (this.#whenFull === 'block' || this.#whenFull === 'reject') return 'full'
    if (this.#whenFull === 'drop-oldest' && this.#replaceOldest(value)) return 'replaced'
    this.#dropped(value)
    return 'dropped'
  }

  tooLarge(): ChannelMisuse {
    const { name } = this.#endpoint
    return new ChannelMisuse(
      `${name} takes a value larger than half its ring only where put may wait; or raise ringBytes`,
    )
  }

  put(value: Sendable, options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    try {
      if (this.#whenFull !== 'block') {
        this.#putAtOnce(value)
        return turn.over()
      }
      if (this.tryPut(value) === READY) return turn.over()
      const call = new PutCall(this.#jobOf(value), this.#drop)
      const before = this.#calls.waiters.size
      this.#desk.enter(this.#calls, call, options)
      if (this.#calls.waiters.size > before) this.#endpoint.tell?.('put-waits', value)
      return call.answer.promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  putSync(value: Sendable, options: WaitOptions | undefined): void {
    checkBlocking('put', options)
    if (this.#whenFull !== 'block') {
      this.#putAtOnce(value)
      return
    }
    if (this.tryPut(value) === READY) return
    const job = this.#jobOf(value)
    if (this.#endpoint.pushFailure() === null) this.#endpoint.tell?.('put-waits', value)
    const patience = new Blocking(options, spinTurnsForOne, () => this.#endpoint.lookUp())
    this.#job = job
    const isOver = sleepUntilReady(this.#endpoint.seat, this, patience)
    this.#job = null
    this.#desk.refresh()
    if (!isOver) {
      this.#dropJob(job)
      throw patience.timedOut()
    }
    if (job.failure !== null) throw job.failure
  }

  /** For `putSync`: those who wait in this thread came first, and nobody else would serve them meanwhile. */
  attempt(): number {
    const set = this.#calls.serveAll()
    return set !== READY || this.#job === null ? set : this.#advance(this.#job)
  }

  watch(wake: () => void): Unwatch {
    const call = new WatchCall(wake)
    this.#desk.enter(this.#watches, call, undefined)
    return () => call.leave()
  }

  /** For a party that never waits. */
  #putAtOnce(value: Sendable): void {
    const { ring } = this.#endpoint
    const offered = this.offer(value)
    if (offered === 'full') throw new ChannelFull(ring.capacity || messages(ring))
    if (offered === 'closed') throw this.#endpoint.pushFailure() ?? this.#endpoint.closed()
  }

  /** Makes room for the value in hand. False when what is oldest cannot be thrown away, or others fill the room. */
  #replaceOldest(value: Sendable): boolean {
    const { sender, ring } = this.#endpoint
    // At most as often as there can have been messages inside.
    for (let left = ring.granules; left > 0; left--) {
      const dropped = dropOldest(ring)
      if (dropped === PART) return false
      if (dropped === READY) this.#dropped(undefined)
      const result = sender.write()
      if (result === READY) this.#counted(value)
      if (result !== sets.space) return result === READY
    }
    return false
  }

  #dropped(value: Sendable | undefined): void {
    this.dropped += 1
    this.#endpoint.tell?.('drop', value)
  }

  /** Gets on with a job. `READY` when its value is in, or when it has failed. */
  #advance(job: PutJob): number {
    const { sender } = this.#endpoint
    job.failure = this.#endpoint.pushFailure()
    if (job.failure !== null) {
      this.#dropJob(job)
      return READY
    }
    let result = job.parcel === null ? sender.write(job.outgoing) : LARGE
    if (result === LARGE) {
      job.parcel ??= sender.parcel(job.outgoing)
      result = sender.writeParcel(job.parcel)
    }
    if (result === ENDED) {
      job.failure = this.#endpoint.closed()
      return READY
    }
    if (result === READY) this.#counted(job.traced)
    return result
  }

  /** The value itself is kept for the trace alone: what goes in is a copy already. */
  #jobOf(value: Sendable): PutJob {
    const { sender, tell } = this.#endpoint
    return new PutJob(sender.keep(), tell === null ? undefined : value)
  }

  #counted(value: Sendable | undefined): void {
    this.count += 1
    this.#endpoint.tell?.('put', value)
  }

  #dropJob(job: PutJob): void {
    if (job.parcel !== null) this.#endpoint.sender.dropParcel(job.parcel)
  }

  #serveCall(call: PutCall): number {
    const set = this.#advance(call.job)
    if (set !== READY) return set
    call.leave()
    if (call.job.failure === null) call.answer.resolve()
    else call.answer.reject(call.job.failure)
    return READY
  }

  #serveWatch(call: WatchCall): number {
    const { sender, ring } = this.#endpoint
    const isWritable = this.#calls.waiters.size === 0 && sender.hasRoom()
    if (!isWritable && this.#endpoint.pushFailure() === null) return sets.space
    call.leave()
    // A hint uses nothing up: whoever sleeps for the same room is told as well.
    wakeOne(ring.roster, sets.space)
    void done.then(call.wake)
    return READY
  }
}

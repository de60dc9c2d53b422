/**
 * One worker as the crew sees it: what it has in hand, since when, and how much it has done. The crew
 * owns it and decides; a member only keeps the books and the one timer of its running chunk.
 */
import { assert } from '../base/assert.ts'
import { List } from '../base/list.ts'
import type { Scheduler, Timer } from '../base/ports.ts'
import type { Chunk } from './chunk.ts'
import type { WorkerPort } from './worker-port.ts'

//  starting --ready--> ready --recycle--> retiring --hands empty--> stopping --gone--> gone
//     |                  |                   |                        |
//     '--kill, die-------'-------------------'------------------------'----> gone
/** `stopping` covers killed ones too: nothing is sent and nothing is believed any more. */
export type MemberState = 'starting' | 'ready' | 'retiring' | 'stopping' | 'gone'

export class Member {
  readonly id: number
  state: MemberState = 'starting'
  /** Sent and not answered, in the order of sending: the first is running, the rest has not begun. */
  readonly hands: List<Chunk> = new List()
  /** Calls that it was given, for recycling. */
  calls = 0
  /** When the first chunk in hand came to be the first. */
  headSinceMs = 0
  /** Time with something in hand, up to the last moment it had nothing. */
  #busyMs = 0
  /** `null` while it has nothing in hand. */
  #busySinceMs: number | null = null
  #port: WorkerPort | null = null
  /** The next look at the clock. Invariant: armed only with something in hand, or while starting or stopping. */
  #timer: Timer | null = null
  #timerDueMs = Number.POSITIVE_INFINITY

  constructor(id: number) {
    this.id = id
  }

  /** Set once, right after the worker was started: the worker needs its listener first. */
  attach(port: WorkerPort): void {
    assert(this.#port === null, 'a member has one port')
    this.#port = port
  }

  get port(): WorkerPort {
    assert(this.#port !== null, 'the port is attached when the worker starts')
    return this.#port
  }

  get idle(): boolean {
    return this.state === 'ready' && this.hands.size === 0
  }

  /**
   * May this chunk go behind what is in hand? Only if nothing that cuts one of them short, a signal or
   * a timeout, can hit the other: killing the worker would blame the innocent. And not behind one that
   * began before `sinceMs`: it has proved to be slow.
   */
  canFollow(chunk: Chunk, ahead: { readonly max: number; readonly sinceMs: number }): boolean {
    if (this.state !== 'ready') return false
    const head = this.hands.head
    if (head === null) return true
    if (this.hands.size > ahead.max || chunk.alone || head.alone) return false
    if (this.headSinceMs < ahead.sinceMs) return false
    return head.terms.signal === chunk.terms.signal
  }

  startClock(nowMs: number): void {
    this.#busySinceMs ??= nowMs
  }

  pauseClock(nowMs: number): void {
    this.#busyMs = this.busyUntilMs(nowMs)
    this.#busySinceMs = null
  }

  busyUntilMs(nowMs: number): number {
    return this.#busyMs + (this.#busySinceMs === null ? 0 : nowMs - this.#busySinceMs)
  }

  /** Calls `look` at `dueMs` or earlier; one timer, moved only when it would come too late. */
  arm(scheduler: Scheduler, wait: { nowMs: number; dueMs: number; look: () => void }): void {
    if (wait.dueMs >= this.#timerDueMs) return
    this.disarm()
    if (wait.dueMs === Number.POSITIVE_INFINITY) return
    this.#timerDueMs = wait.dueMs
    this.#timer = scheduler.after(Math.max(0, wait.dueMs - wait.nowMs), () => {
      this.#timer = null
      this.#timerDueMs = Number.POSITIVE_INFINITY
      wait.look()
    })
  }

  disarm(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#timerDueMs = Number.POSITIVE_INFINITY
  }
}

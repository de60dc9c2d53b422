/**
 * The consumer groups of one broker: it gives time and chance to their state machines, knows whose
 * request each answer belongs to, and forgets a group that has nobody left. Session state, all of it.
 */
import type { Timer, World } from '../../base/ports.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  type GroupEvent,
  type GroupReply,
  type GroupRules,
  type GroupState,
  type Identity,
  newGroup,
  type Token,
} from './group-state.ts'
import { checkCommit, nextDeadlineMs, stepGroup } from './group-step.ts'
import { type KafkaLimits, memberIdChars } from './limits.ts'

/** Takes the answer to one event. */
export type Reply = (reply: GroupReply) => void

interface Entry {
  readonly state: GroupState
  timer: Timer | null
  /** When the timer fires; not later than the group wants to be called. */
  timerMs: number
}

export class Groups {
  readonly #world: Pick<World, 'clock' | 'scheduler' | 'random'>
  readonly #limits: KafkaLimits
  readonly #rules: GroupRules
  readonly #entries = new Map<string, Entry>()
  readonly #waiting = new Map<Token, Reply>()
  #tokens = 0

  constructor(world: Pick<World, 'clock' | 'scheduler' | 'random'>, limits: KafkaLimits) {
    this.#world = world
    this.#limits = limits
    const { sessionMsMin, sessionMsMax, gatherMs, groupMembers: membersMax } = limits
    this.#rules = { sessionMsMin, sessionMsMax, gatherMs, membersMax }
  }

  /** The group if anybody is in it. */
  state(name: string): GroupState | null {
    return this.#entries.get(name)?.state ?? null
  }

  *states(): IterableIterator<GroupState> {
    for (const { state } of this.#entries.values()) yield state
  }

  /** An id that nobody has: random, behind what the client calls itself. */
  freshId(clientId: string): string {
    const words = Array.from({ length: 4 }, () => this.#world.random.u32())
    const hex = words.map((word) => word.toString(16).padStart(8, '0')).join('')
    return `${clientId.slice(0, memberIdChars)}-${hex}`
  }

  /**
   * Something happens to a group, which is made if need be. `reply` is called once, now or later, unless what
   * this answers was given to `drop`. Null: there are too many groups, and nothing happened.
   */
  send(name: string, event: (token: Token) => GroupEvent, reply: Reply): Token | null {
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      if (this.#entries.size >= this.#limits.groups) return null
      entry = { state: newGroup(name), timer: null, timerMs: 0 }
      this.#entries.set(name, entry)
    }
    const token = ++this.#tokens
    this.#waiting.set(token, reply)
    this.#step(entry, event(token))
    return token
  }

  /** Nobody waits for this answer any more. */
  drop(name: string, token: Token): void {
    if (!this.#waiting.delete(token)) return
    const entry = this.#entries.get(name)
    if (entry !== undefined) this.#step(entry, { kind: 'gone', token })
  }

  /** Whether offsets may be committed by who says so. */
  checkCommit(name: string, commit: Identity & { readonly generation: number }): ErrorName {
    const entry = this.#entries.get(name)
    if (entry === undefined) return commit.generation < 0 ? 'NONE' : 'ILLEGAL_GENERATION'
    return checkCommit(entry.state, commit, this.#world.clock.monotonicMs())
  }

  #step(entry: Entry, event: GroupEvent): void {
    const nowMs = this.#world.clock.monotonicMs()
    const replies = stepGroup(entry.state, event, { rules: this.#rules, nowMs })
    this.#arm(entry, nowMs)
    for (const reply of replies) {
      const take = this.#waiting.get(reply.token)
      this.#waiting.delete(reply.token)
      take?.(reply)
    }
  }

  #arm(entry: Entry, nowMs: number): void {
    const { state } = entry
    const dueMs = nextDeadlineMs(state)
    if (dueMs === Number.POSITIVE_INFINITY) {
      entry.timer?.cancel()
      entry.timer = null
      this.#entries.delete(state.name)
      return
    }
    // Deadlines mostly move on, with every sign of life: a timer that is too early only looks again.
    if (entry.timer !== null && entry.timerMs <= dueMs) return
    entry.timer?.cancel()
    entry.timerMs = dueMs
    entry.timer = this.#world.scheduler.after(Math.max(0, Math.ceil(dueMs - nowMs)), () => {
      entry.timer = null
      this.#step(entry, { kind: 'time' })
    })
  }
}

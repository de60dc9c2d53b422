/** One consumer group with a clock of its own and members that are told apart by name. For tests alone. */
import assert from 'node:assert/strict'
import {
  type GroupEvent,
  type GroupReply,
  type GroupRules,
  type GroupState,
  type JoinEvent,
  newGroup,
  type Protocol,
} from '../../src/gateway/kafka/group-state.ts'
import { nextDeadlineMs, stepGroup } from '../../src/gateway/kafka/group-step.ts'

const RULES: GroupRules = { sessionMsMin: 6_000, sessionMsMax: 60_000, gatherMs: 0, membersMax: 20 }

export class GroupWorld {
  readonly state: GroupState = newGroup('g')
  readonly rules: GroupRules
  nowMs = 1_000
  #tokens = 0
  #freshIds = 0
  readonly #waiting = new Set<number>()
  readonly #replies = new Map<number, GroupReply>()

  constructor(rules: Partial<GroupRules> = {}) {
    this.rules = { ...RULES, ...rules }
  }

  /** Answers the token under which the reply is found. */
  send(event: (token: number) => GroupEvent): number {
    const token = ++this.#tokens
    const made = event(token)
    this.#waiting.add(token)
    this.#take(stepGroup(this.state, made, this))
    return token
  }

  join(memberId: string, options: Partial<JoinEvent> = {}): number {
    return this.send((token) => ({
      kind: 'join',
      token,
      memberId,
      instanceId: null,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      protocolType: 'consumer',
      protocols: protocols('range'),
      freshId: `fresh-${++this.#freshIds}`,
      newcomers: 'taken',
      leaders: 'may-skip',
      ...options,
    }))
  }

  sync(
    memberId: string,
    assigned: Record<string, string> = {},
    instanceId: string | null = null,
  ): number {
    const { generation } = this.state
    const pairs = Object.entries(assigned).map(([id, text]) => [id, Buffer.from(text)] as const)
    const assignments = new Map<string, Uint8Array>(pairs)
    const known = { protocolType: 'consumer', protocol: this.state.protocol }
    return this.send((token) => ({
      kind: 'sync',
      token,
      memberId,
      instanceId,
      generation,
      assignments,
      ...known,
    }))
  }

  heartbeat(memberId: string, generation: number = this.state.generation): string {
    const token = this.send((each) => ({
      kind: 'heartbeat',
      token: each,
      memberId,
      instanceId: null,
      generation,
    }))
    return this.errorOf(token)
  }

  leave(memberId: string, instanceId: string | null = null): string {
    const members = [{ memberId, instanceId }]
    const reply = this.reply(this.send((token) => ({ kind: 'leave', token, members })))
    assert.ok(reply.kind === 'leave')
    return reply.members[0]?.error ?? ''
  }

  /** The client of a waiting request goes. */
  drop(token: number): void {
    this.#waiting.delete(token)
    this.#take(stepGroup(this.state, { kind: 'gone', token }, this))
  }

  /** Lets time pass, stopping wherever the group wants to be called. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    for (
      let next = nextDeadlineMs(this.state);
      next <= untilMs;
      next = nextDeadlineMs(this.state)
    ) {
      assert.ok(next >= this.nowMs || this.nowMs === untilMs, 'a deadline that was passed over')
      this.nowMs = Math.max(this.nowMs, next)
      this.#take(stepGroup(this.state, { kind: 'time' }, this))
      assert.ok(nextDeadlineMs(this.state) > this.nowMs, 'a deadline that stays')
    }
    this.nowMs = untilMs
  }

  isWaiting(token: number): boolean {
    return this.#waiting.has(token)
  }

  get waiting(): readonly number[] {
    return [...this.#waiting]
  }

  reply(token: number): GroupReply {
    const reply = this.#replies.get(token)
    assert.ok(reply !== undefined, `request ${token} has no reply`)
    return reply
  }

  errorOf(token: number): string {
    const reply = this.reply(token)
    return reply.kind === 'leave' ? 'NONE' : reply.error
  }

  /** Joins new members together and gives all an assignment; answers their ids, the leader first. */
  settle(count: number, options: Partial<JoinEvent> = {}): string[] {
    const ids = Array.from({ length: count }, () => this.errorlessJoin(options))
    for (const id of ids.slice(0, -1)) this.join(id, options)
    const leader = this.state.leader ?? ''
    const order = [leader, ...ids.filter((id) => id !== leader)]
    for (const id of order)
      this.sync(id, Object.fromEntries(order.map((each) => [each, `for ${each}`])))
    assert.equal(this.state.phase, 'stable')
    return order
  }

  /** A newcomer's id; it waits or has joined. */
  errorlessJoin(options: Partial<JoinEvent>): string {
    this.join('', options)
    return [...this.state.members.keys()].at(-1) ?? ''
  }

  #take(replies: readonly GroupReply[]): void {
    for (const reply of replies) {
      assert.ok(this.#waiting.delete(reply.token), `request ${reply.token} is answered twice`)
      this.#replies.set(reply.token, reply)
    }
  }
}

export function protocols(...names: string[]): Protocol[] {
  return names.map((name) => ({ name, metadata: Buffer.from(name) }))
}

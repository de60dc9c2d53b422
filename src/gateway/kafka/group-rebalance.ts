/**
 * How a group goes from one generation to the next: it waits until all members have joined, chooses
 * a protocol and a leader, and lets those go who did not come. Changes the state it is given and
 * says what to answer; it knows no clock.
 */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import type { GroupReply, GroupRules, GroupState, JoinReply, Member, Token } from './group-state.ts'

/** Generations are int32 on the wire and begin again behind the last. */
const GENERATION_LAST = 2 ** 31 - 1

export interface Step {
  readonly state: GroupState
  readonly rules: GroupRules
  readonly nowMs: number
  readonly replies: GroupReply[]
}

/** Everybody has to join anew. */
export function prepareRebalance(step: Step): void {
  const { state, nowMs, rules } = step
  if (state.phase === 'completing') failSyncs(step, 'REBALANCE_IN_PROGRESS')
  const wasEmpty = state.phase === 'empty'
  state.phase = 'preparing'
  state.joinDeadlineMs = nowMs + rebalanceTimeoutMs(state)
  state.gatherUntilMs = wasEmpty && rules.gatherMs > 0 ? nowMs + rules.gatherMs : -1
  state.gathered = false
  tryCompleteJoin(step)
}

/** Completes the join if nobody is missing any more. */
export function tryCompleteJoin(step: Step): void {
  const { state } = step
  if (state.phase !== 'preparing' || state.gatherUntilMs >= 0 || state.pending.size > 0) return
  for (const member of state.members.values()) if (member.joining === null) return
  completeJoin(step)
}

/** What time brings while the group prepares. */
export function passJoinTime(step: Step): void {
  const { state, rules, nowMs } = step
  if (state.phase !== 'preparing') return
  if (state.gatherUntilMs >= 0 && nowMs >= state.gatherUntilMs) {
    // Whoever starts many members at once starts them one after the other: wait while they come.
    const goesOn = state.gathered && nowMs < state.joinDeadlineMs
    state.gatherUntilMs = goesOn ? Math.min(nowMs + rules.gatherMs, state.joinDeadlineMs) : -1
    state.gathered = false
    if (!goesOn) tryCompleteJoin(step)
  }
  if (state.phase === 'preparing' && nowMs >= state.joinDeadlineMs) {
    state.gatherUntilMs = -1
    completeJoin(step)
  }
}

/** Whoever has not asked for an assignment in time goes. */
export function passSyncTime(step: Step): void {
  const { state, nowMs } = step
  if (state.phase !== 'completing' || nowMs < state.syncDeadlineMs) return
  for (const member of [...state.members.values()]) {
    if (member.syncing === null) dropMember(step, member)
  }
  prepareRebalance(step)
}

/** Takes a member out; its waiting requests are answered. The caller decides what follows. */
export function dropMember(step: Step, member: Member): void {
  const { state } = step
  state.members.delete(member.id)
  if (member.instanceId !== null) state.instances.delete(member.instanceId)
  if (state.leader === member.id) state.leader = state.members.keys().next().value ?? null
  failWaiting(step, member, 'UNKNOWN_MEMBER_ID')
}

/** Answers what a member waits for with an error. */
export function failWaiting(step: Step, member: Member, error: ErrorName): void {
  if (member.joining !== null) {
    step.replies.push(joinFailure(member.joining, error, member.id))
    member.joining = null
  }
  if (member.syncing !== null) {
    step.replies.push(syncFailure(member.syncing, error))
    member.syncing = null
  }
}

/** After somebody has gone: the others share anew, or need not wait for it any longer. */
export function afterLoss(step: Step): void {
  const { state } = step
  if (state.phase === 'stable' || state.phase === 'completing') prepareRebalance(step)
  else tryCompleteJoin(step)
}

export function joinFailure(token: Token, error: ErrorName, memberId: string): JoinReply {
  return {
    kind: 'join',
    token,
    error,
    memberId,
    generation: -1,
    protocolType: '',
    protocol: null,
    leader: '',
    skipAssignment: false,
    members: [],
  }
}

export function syncFailure(token: Token, error: ErrorName): GroupReply {
  return { kind: 'sync', token, error, protocolType: '', protocol: null, assignment: EMPTY }
}

/** The answer to a member that belongs to the present generation. */
export function joinReply(state: GroupState, member: Member, token: Token): JoinReply {
  const { protocol, leader } = state
  assert(protocol !== null && leader !== null, 'a generation without a protocol or a leader')
  const members = leader === member.id ? [...state.members.values()] : []
  return {
    kind: 'join',
    token,
    error: 'NONE',
    memberId: member.id,
    generation: state.generation,
    protocolType: state.protocolType,
    protocol,
    leader,
    skipAssignment: false,
    members: members.map((each) => ({
      id: each.id,
      instanceId: each.instanceId,
      metadata: metadataOf(each, protocol),
    })),
  }
}

export function metadataOf(member: Member, protocol: string): Uint8Array {
  return member.protocols.find(({ name }) => name === protocol)?.metadata ?? EMPTY
}

/** Protocols that every member but `except` speaks. */
export function commonProtocols(
  state: GroupState,
  except: string | null,
): ReadonlySet<string> | null {
  const others = [...state.members.values()].filter(({ id }) => id !== except)
  if (others.length === 0) return null
  const lists = others.map(({ protocols }) => protocols.map(({ name }) => name))
  return new Set(lists.reduce((common, names) => common.filter((name) => names.includes(name))))
}

function completeJoin(step: Step): void {
  const { state, nowMs } = step
  const missing = [...state.members.values()].filter(({ joining }) => joining === null)
  // A static member keeps its place until its session ends: it may be restarting.
  for (const member of missing) if (member.instanceId === null) dropMember(step, member)
  if (state.members.size > 0 && missing.length > 0 && nobodyJoined(state)) {
    state.joinDeadlineMs = nowMs + rebalanceTimeoutMs(state)
    return
  }
  state.generation = state.generation === GENERATION_LAST ? 1 : state.generation + 1
  if (state.members.size === 0) {
    state.phase = 'empty'
    state.protocol = null
    state.leader = null
    return
  }
  state.protocol = chooseProtocol(state)
  state.leader = chooseLeader(state)
  state.phase = 'completing'
  state.syncDeadlineMs = nowMs + rebalanceTimeoutMs(state)
  for (const member of state.members.values()) {
    member.assignment = EMPTY
    if (member.joining === null) continue
    step.replies.push(joinReply(state, member, member.joining))
    member.joining = null
    member.deadlineMs = nowMs + member.sessionTimeoutMs
  }
}

function nobodyJoined(state: GroupState): boolean {
  for (const { joining } of state.members.values()) if (joining !== null) return false
  return true
}

/** Each member votes for the first on its list that all speak; the order of joining breaks a tie. */
function chooseProtocol(state: GroupState): string {
  const common = commonProtocols(state, null)
  assert(common !== null && common.size > 0, 'members that share no protocol')
  const votes = new Map<string, number>()
  for (const { protocols } of state.members.values()) {
    const first = protocols.find(({ name }) => common.has(name))
    if (first !== undefined) votes.set(first.name, (votes.get(first.name) ?? 0) + 1)
  }
  return [...votes].reduce((best, each) => (each[1] > best[1] ? each : best))[0]
}

/** The leader stays if it has come; otherwise the first that has. */
function chooseLeader(state: GroupState): string {
  const present = [...state.members.values()].filter(({ joining }) => joining !== null)
  const leader = present.find(({ id }) => id === state.leader) ?? present[0]
  assert(leader !== undefined, 'a generation without a member')
  return leader.id
}

function rebalanceTimeoutMs(state: GroupState): number {
  let longestMs = 0
  for (const member of state.members.values()) {
    longestMs = Math.max(longestMs, member.rebalanceTimeoutMs)
  }
  return longestMs
}

function failSyncs(step: Step, error: ErrorName): void {
  for (const member of step.state.members.values()) {
    if (member.syncing === null) continue
    step.replies.push(syncFailure(member.syncing, error))
    member.syncing = null
    member.deadlineMs = step.nowMs + member.sessionTimeoutMs
  }
}

/**
 * The step of a classic consumer group: (state, event, now) to (state, replies). It changes the state
 * that it is given and nothing else; time and chance come with the call. The rules are Kafka's.
 */
import { unreachable } from '../../base/assert.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import { join } from './group-join.ts'
import {
  afterLoss,
  dropMember,
  passJoinTime,
  passSyncTime,
  type Step,
  syncFailure,
  tryCompleteJoin,
} from './group-rebalance.ts'
import type {
  GroupEvent,
  GroupReply,
  GroupRules,
  GroupState,
  HeartbeatEvent,
  Identity,
  LeaveEvent,
  Member,
  SyncEvent,
  Token,
} from './group-state.ts'

/** What happens to `state` at `nowMs`, and what is to be answered to whom. */
export function stepGroup(
  state: GroupState,
  event: GroupEvent,
  { rules, nowMs }: { readonly rules: GroupRules; readonly nowMs: number },
): GroupReply[] {
  const step: Step = { state, rules, nowMs, replies: [] }
  passTime(step)
  switch (event.kind) {
    case 'join':
      join(step, event)
      break
    case 'sync':
      sync(step, event)
      break
    case 'heartbeat':
      heartbeat(step, event)
      break
    case 'leave':
      leave(step, event)
      break
    case 'gone':
      forget(step, event.token)
      break
    case 'time':
      break
    default:
      unreachable(event)
  }
  return step.replies
}

/** When time alone changes something next; Infinity for never. */
export function nextDeadlineMs(state: GroupState): number {
  let nextMs = Number.POSITIVE_INFINITY
  if (state.phase === 'preparing') {
    nextMs = state.gatherUntilMs >= 0 ? state.gatherUntilMs : state.joinDeadlineMs
  } else if (state.phase === 'completing') nextMs = state.syncDeadlineMs
  for (const untilMs of state.pending.values()) nextMs = Math.min(nextMs, untilMs)
  for (const member of state.members.values()) {
    if (!isWaiting(member)) nextMs = Math.min(nextMs, member.deadlineMs)
  }
  return nextMs
}

/** Whether a member may commit offsets now; a commit is a sign of life. */
export function checkCommit(
  state: GroupState,
  commit: Identity & { readonly generation: number },
  nowMs: number,
): ErrorName {
  const { memberId, instanceId, generation } = commit
  if (generation < 0 && state.phase === 'empty') return 'NONE'
  if (generation < 0 && memberId === '' && instanceId === null) return 'UNKNOWN_MEMBER_ID'
  const member = findMember(state, commit)
  if (typeof member === 'string') return member
  if (generation !== state.generation) return 'ILLEGAL_GENERATION'
  if (state.phase === 'completing') return 'REBALANCE_IN_PROGRESS'
  member.deadlineMs = nowMs + member.sessionTimeoutMs
  return 'NONE'
}

function sync(step: Step, event: SyncEvent): void {
  const { state, replies } = step
  const member = findMember(state, event)
  const error = typeof member === 'string' ? member : refuseSync(state, event)
  if (typeof member === 'string' || error !== null) {
    replies.push(syncFailure(event.token, error ?? 'UNKNOWN_MEMBER_ID'))
    return
  }
  member.deadlineMs = step.nowMs + member.sessionTimeoutMs
  if (state.phase === 'stable') {
    replies.push(syncReply(state, member, event.token))
    return
  }
  if (member.syncing !== null) replies.push(syncFailure(member.syncing, 'UNKNOWN_MEMBER_ID'))
  member.syncing = event.token
  if (member.id !== state.leader) return
  state.phase = 'stable'
  for (const each of state.members.values()) {
    each.assignment = event.assignments.get(each.id) ?? each.assignment
    if (each.syncing === null) continue
    replies.push(syncReply(state, each, each.syncing))
    each.syncing = null
    each.deadlineMs = step.nowMs + each.sessionTimeoutMs
  }
}

function refuseSync(state: GroupState, event: SyncEvent): ErrorName | null {
  if (event.generation !== state.generation) return 'ILLEGAL_GENERATION'
  const isOther =
    (event.protocolType !== null && event.protocolType !== state.protocolType) ||
    (event.protocol !== null && event.protocol !== state.protocol)
  if (isOther) return 'INCONSISTENT_GROUP_PROTOCOL'
  return state.phase === 'preparing' ? 'REBALANCE_IN_PROGRESS' : null
}

function syncReply(state: GroupState, member: Member, token: Token): GroupReply {
  const { protocolType, protocol } = state
  const { assignment } = member
  return { kind: 'sync', token, error: 'NONE', protocolType, protocol, assignment }
}

function heartbeat({ state, nowMs, replies }: Step, event: HeartbeatEvent): void {
  const member = findMember(state, event)
  let error: ErrorName = 'NONE'
  if (typeof member === 'string') error = member
  else if (event.generation !== state.generation) error = 'ILLEGAL_GENERATION'
  else {
    member.deadlineMs = nowMs + member.sessionTimeoutMs
    if (state.phase === 'preparing') error = 'REBALANCE_IN_PROGRESS'
  }
  replies.push({ kind: 'heartbeat', token: event.token, error })
}

function leave(step: Step, event: LeaveEvent): void {
  const { state } = step
  let lost = 0
  const members = event.members.map((identity): Identity & { error: ErrorName } => {
    if (identity.instanceId === null && state.pending.delete(identity.memberId)) {
      return { ...identity, error: 'NONE' }
    }
    const member = findLeaving(state, identity)
    if (typeof member === 'string') return { ...identity, error: member }
    dropMember(step, member)
    lost++
    return { ...identity, error: 'NONE' }
  })
  step.replies.push({ kind: 'leave', token: event.token, members })
  if (lost > 0) afterLoss(step)
  else tryCompleteJoin(step)
}

/** Nobody reads the answer to this request; its member has its session's time to come back. */
function forget({ state, nowMs }: Step, token: Token): void {
  for (const member of state.members.values()) {
    if (member.joining !== token && member.syncing !== token) continue
    member.deadlineMs = nowMs + member.sessionTimeoutMs
    if (member.joining === token) member.joining = null
    if (member.syncing === token) member.syncing = null
  }
}

function passTime(step: Step): void {
  const { state, nowMs } = step
  for (const [id, untilMs] of state.pending) if (nowMs >= untilMs) state.pending.delete(id)
  let lost = 0
  for (const member of [...state.members.values()]) {
    if (isWaiting(member) || nowMs < member.deadlineMs) continue
    dropMember(step, member)
    lost++
  }
  if (lost > 0) afterLoss(step)
  else tryCompleteJoin(step)
  passSyncTime(step)
  passJoinTime(step)
}

function isWaiting({ joining, syncing }: Member): boolean {
  return joining !== null || syncing !== null
}

function findMember(state: GroupState, { memberId, instanceId }: Identity): Member | ErrorName {
  const holder = instanceId === null ? undefined : state.instances.get(instanceId)
  if (holder !== undefined && holder !== memberId) return 'FENCED_INSTANCE_ID'
  const member = state.members.get(memberId)
  if (member === undefined || (instanceId !== null && holder === undefined)) {
    return 'UNKNOWN_MEMBER_ID'
  }
  return member
}

/** An administrator names a static member without its id. */
function findLeaving(state: GroupState, identity: Identity): Member | ErrorName {
  const { memberId, instanceId } = identity
  if (memberId !== '' || instanceId === null) return findMember(state, identity)
  return state.members.get(state.instances.get(instanceId) ?? '') ?? 'UNKNOWN_MEMBER_ID'
}

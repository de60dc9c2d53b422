/** What a request to join does to a group: who is taken, who is sent back, and when all share anew. */
import { EMPTY } from '../../base/bytes.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  commonProtocols,
  failWaiting,
  joinFailure,
  joinReply,
  metadataOf,
  prepareRebalance,
  type Step,
  tryCompleteJoin,
} from './group-rebalance.ts'
import type { GroupState, JoinEvent, Member } from './group-state.ts'

export function join(step: Step, event: JoinEvent): void {
  const { state, rules, replies, nowMs } = step
  const error = refuseJoin(step, event)
  if (error !== null) {
    replies.push(joinFailure(event.token, error, event.memberId))
    return
  }
  const known = memberOf(state, event)
  if (known !== null) {
    if (known.id === event.memberId) rejoin(step, known, event)
    else replaceStatic(step, known, event)
    return
  }
  const isSentBack =
    event.memberId === '' && event.instanceId === null && event.newcomers === 'sent-back'
  // Those who were sent back count, or nobody could bound them.
  const places = state.members.size + (isSentBack ? state.pending.size : 0)
  if (places >= rules.membersMax) {
    replies.push(joinFailure(event.token, 'GROUP_MAX_SIZE_REACHED', event.memberId))
    return
  }
  if (isSentBack) {
    state.pending.set(event.freshId, nowMs + event.sessionTimeoutMs)
    replies.push(joinFailure(event.token, 'MEMBER_ID_REQUIRED', event.freshId))
    return
  }
  addMember(step, event, event.memberId === '' ? event.freshId : event.memberId)
  if (state.phase === 'preparing') {
    state.gathered = true
    tryCompleteJoin(step)
  } else prepareRebalance(step)
}

function refuseJoin({ state, rules }: Step, event: JoinEvent): ErrorName | null {
  const { memberId, instanceId, sessionTimeoutMs, protocols, protocolType } = event
  if (sessionTimeoutMs < rules.sessionMsMin || sessionTimeoutMs > rules.sessionMsMax) {
    return 'INVALID_SESSION_TIMEOUT'
  }
  const holder = instanceId === null ? undefined : state.instances.get(instanceId)
  if (memberId !== '' && instanceId !== null && holder !== memberId) {
    return holder === undefined ? 'UNKNOWN_MEMBER_ID' : 'FENCED_INSTANCE_ID'
  }
  if (memberId !== '' && !state.members.has(memberId) && !state.pending.has(memberId)) {
    return 'UNKNOWN_MEMBER_ID'
  }
  if (protocols.length === 0 || protocolType === '') return 'INCONSISTENT_GROUP_PROTOCOL'
  const common = commonProtocols(state, holder ?? memberId)
  if (common === null) return null
  if (state.protocolType !== protocolType) return 'INCONSISTENT_GROUP_PROTOCOL'
  return protocols.some(({ name }) => common.has(name)) ? null : 'INCONSISTENT_GROUP_PROTOCOL'
}

/** The member that a request comes from, by its id or by its own name. */
function memberOf(state: GroupState, { memberId, instanceId }: JoinEvent): Member | null {
  const id = memberId === '' && instanceId !== null ? state.instances.get(instanceId) : memberId
  return state.members.get(id ?? '') ?? null
}

function rejoin(step: Step, member: Member, event: JoinEvent): void {
  const { state, nowMs } = step
  const isUnchanged = sameProtocols(member, event)
  const isAnswered =
    isUnchanged &&
    (state.phase === 'completing' || (state.phase === 'stable' && state.leader !== member.id))
  // Sent twice: the older request is not waited for any more.
  if (member.joining !== null) failWaiting(step, member, 'UNKNOWN_MEMBER_ID')
  update(member, event, nowMs)
  if (isAnswered) {
    step.replies.push(joinReply(state, member, event.token))
    return
  }
  member.joining = event.token
  if (state.phase === 'preparing') tryCompleteJoin(step)
  else prepareRebalance(step)
}

/** A static member has come back without its id: it gets a new one, and whoever holds the old is fenced off. */
function replaceStatic(step: Step, old: Member, event: JoinEvent): void {
  const { state, nowMs } = step
  const leaderBefore = state.leader
  const protocolBefore = state.protocol
  failWaiting(step, old, 'FENCED_INSTANCE_ID')
  const member: Member = {
    ...old,
    id: event.freshId,
    clientId: event.clientId,
    clientHost: event.clientHost,
  }
  const isSame =
    protocolBefore !== null &&
    equal(
      metadataOf(old, protocolBefore),
      event.protocols.find(({ name }) => name === protocolBefore)?.metadata,
    )
  replaceInOrder(state, old, member)
  state.instances.set(event.instanceId ?? '', member.id)
  if (state.leader === old.id) state.leader = member.id
  update(member, event, nowMs)
  if (state.phase !== 'stable' || !isSame) {
    member.joining = event.token
    if (state.phase === 'preparing') tryCompleteJoin(step)
    else prepareRebalance(step)
    return
  }
  const reply = joinReply(state, member, event.token)
  const isLeader = state.leader === member.id
  // An older client that hears that it leads would assign anew: it is told of the leader that was.
  step.replies.push(
    event.leaders === 'may-skip'
      ? { ...reply, skipAssignment: isLeader }
      : { ...reply, leader: leaderBefore ?? '', members: [] },
  )
}

function addMember(step: Step, event: JoinEvent, id: string): void {
  const { state, nowMs } = step
  if (state.members.size === 0) state.protocolType = event.protocolType
  const { instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols } =
    event
  state.pending.delete(id)
  state.members.set(id, {
    id,
    instanceId,
    clientId,
    clientHost,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    protocols,
    assignment: EMPTY,
    deadlineMs: nowMs + sessionTimeoutMs,
    joining: event.token,
    syncing: null,
  })
  if (instanceId !== null) state.instances.set(instanceId, id)
}

function update(member: Member, event: JoinEvent, nowMs: number): void {
  member.protocols = event.protocols
  member.sessionTimeoutMs = event.sessionTimeoutMs
  member.rebalanceTimeoutMs = event.rebalanceTimeoutMs
  member.deadlineMs = nowMs + event.sessionTimeoutMs
}

/** Puts `next` where `old` was: who leads when the leader goes must not depend on a restart. */
function replaceInOrder(state: GroupState, old: Member, next: Member): void {
  const members = [...state.members.values()]
  state.members.clear()
  for (const each of members) {
    const member = each === old ? next : each
    state.members.set(member.id, member)
  }
}

function sameProtocols(member: Member, { protocols }: JoinEvent): boolean {
  if (member.protocols.length !== protocols.length) return false
  return member.protocols.every(({ name, metadata }, index) => {
    const other = protocols[index]
    return other?.name === name && equal(metadata, other.metadata)
  })
}

function equal(left: Uint8Array, right: Uint8Array | undefined): boolean {
  if (right === undefined || left.length !== right.length) return false
  return left.every((byte, index) => byte === right[index])
}

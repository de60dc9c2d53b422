/** The requests of consumer groups: from the wire to the group's state machine, and its answers back. */
import { assert } from '../../base/assert.ts'
import { EMPTY } from '../../base/bytes.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  type DescribedGroup,
  decodeDescribeGroupsRequest,
  encodeDescribeGroupsResponse,
} from '../../wire/kafka/messages/describe-groups.generated.ts'
import {
  decodeHeartbeatRequest,
  encodeHeartbeatResponse,
} from '../../wire/kafka/messages/heartbeat.generated.ts'
import {
  decodeJoinGroupRequest,
  encodeJoinGroupResponse,
  type JoinGroupRequest,
} from '../../wire/kafka/messages/join-group.generated.ts'
import {
  decodeLeaveGroupRequest,
  encodeLeaveGroupResponse,
} from '../../wire/kafka/messages/leave-group.generated.ts'
import {
  decodeListGroupsRequest,
  encodeListGroupsResponse,
} from '../../wire/kafka/messages/list-groups.generated.ts'
import {
  decodeSyncGroupRequest,
  encodeSyncGroupResponse,
} from '../../wire/kafka/messages/sync-group.generated.ts'
import type { WireReader } from '../../wire/kafka/reader.ts'
import type { Call } from './call.ts'
import type { Gateway } from './gateway.ts'
import { joinFailure, metadataOf, syncFailure } from './group-rebalance.ts'
import type { GroupEvent, GroupReply, GroupState, Phase, Token } from './group-state.ts'
import { groupNameChars, replyTextChars } from './limits.ts'
import { NO_OPERATIONS } from './metadata.ts'
import { codeOf } from './replies.ts'

/** From these versions on a newcomer is sent back with its id, and a leader may be told not to assign. */
const JOIN_SENT_BACK_MIN = 4
const JOIN_SKIP_MIN = 9
/** From here on several members leave at once. */
const LEAVE_MEMBERS_MIN = 3
/** Before it a member had one timeout for both. */
const REBALANCE_TIMEOUT_MIN = 1

/** From here on the protocol has to be named with an assignment. */
const SYNC_PROTOCOL_MIN = 5
/** From here on a group that never was is an error; before, it is dead. */
const DESCRIBE_UNKNOWN_MIN = 6

/** A join that ends sooner than a client can answer would never end well. */
const REBALANCE_MS_MIN = 1_000

const encoder = new TextEncoder()

const CLASSIC = 'classic'
const stateNames: Readonly<Record<Phase, string>> = {
  empty: 'Empty',
  preparing: 'PreparingRebalance',
  completing: 'CompletingRebalance',
  stable: 'Stable',
}

export function checkGroupId({ limits }: Gateway, name: string): ErrorName {
  const max = limits.groupIdBytes
  const fits = name !== '' && name.length <= max && encoder.encode(name).length <= max
  return fits ? 'NONE' : 'INVALID_GROUP_ID'
}

/** What a member brings along stays with its group, and is told to others in other versions. */
function checkJoin({ limits }: Gateway, request: JoinGroupRequest): ErrorName {
  const { protocolType, groupInstanceId, protocols } = request
  const names = [protocolType, groupInstanceId ?? '', ...protocols.map(({ name }) => name)]
  const sizes = protocols.map(({ name, metadata }) => name.length + metadata.length)
  const isShort = names.every((name) => name.length <= groupNameChars)
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0)
  return isShort && sizeBytes <= limits.memberBytes ? 'NONE' : 'INVALID_REQUEST'
}

export function answerJoinGroup(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const request = decodeJoinGroupRequest(r, version)
  const { groupId, memberId, sessionTimeoutMs, protocolType } = request
  const answer = (reply: GroupReply): void => {
    assert(reply.kind === 'join', 'the answer to another request')
    const response = {
      throttleTimeMs: 0,
      errorCode: codeOf(reply.error),
      generationId: reply.generation,
      protocolType: reply.protocolType,
      // Older versions have no null.
      protocolName: reply.protocol ?? '',
      leader: reply.leader,
      skipAssignment: reply.skipAssignment,
      memberId: reply.memberId,
      members: reply.members.map(({ id, instanceId: groupInstanceId, metadata }) => {
        return { memberId: id, groupInstanceId, metadata }
      }),
    }
    call.answer((w) => encodeJoinGroupResponse(w, version, response))
  }
  const named = checkGroupId(gateway, groupId)
  const error = named === 'NONE' ? checkJoin(gateway, request) : named
  if (error !== 'NONE') {
    answer(joinFailure(0, error, memberId))
    return
  }
  const asked = version >= REBALANCE_TIMEOUT_MIN ? request.rebalanceTimeoutMs : sessionTimeoutMs
  const event = (token: Token): GroupEvent => ({
    kind: 'join',
    token,
    memberId,
    instanceId: request.groupInstanceId,
    clientId: call.header.clientId,
    clientHost: hostOf(call.peer),
    sessionTimeoutMs,
    rebalanceTimeoutMs: Math.max(asked, REBALANCE_MS_MIN),
    protocolType,
    protocols: request.protocols.map(({ name, metadata }) => {
      return { name, metadata: new Uint8Array(metadata) }
    }),
    freshId: gateway.groups.freshId(call.header.clientId),
    newcomers: version >= JOIN_SENT_BACK_MIN ? 'sent-back' : 'taken',
    leaders: version >= JOIN_SKIP_MIN ? 'may-skip' : 'assign',
  })
  send(call, groupId, {
    event,
    answer,
    tooMany: joinFailure(0, 'COORDINATOR_NOT_AVAILABLE', memberId),
  })
}

export function answerSyncGroup(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const request = decodeSyncGroupRequest(r, version)
  const { groupId, memberId, groupInstanceId, generationId, protocolType, protocolName } = request
  const answer = (reply: GroupReply): void => {
    assert(reply.kind === 'sync', 'the answer to another request')
    const response = {
      throttleTimeMs: 0,
      errorCode: codeOf(reply.error),
      protocolType: reply.protocolType,
      protocolName: reply.protocol,
      assignment: reply.assignment,
    }
    call.answer((w) => encodeSyncGroupResponse(w, version, response))
  }
  const named = checkGroupId(gateway, groupId)
  const isSilent = protocolType === null || protocolName === null
  const error =
    named === 'NONE' && isSilent && version >= SYNC_PROTOCOL_MIN
      ? 'INCONSISTENT_GROUP_PROTOCOL'
      : named
  if (error !== 'NONE') {
    answer(syncFailure(0, error))
    return
  }
  if (gateway.groups.state(groupId) === null) {
    answer(syncFailure(0, 'UNKNOWN_MEMBER_ID'))
    return
  }
  const assignments = new Map(
    request.assignments.map((each) => [each.memberId, new Uint8Array(each.assignment)] as const),
  )
  const event = (token: Token): GroupEvent => ({
    kind: 'sync',
    token,
    memberId,
    instanceId: groupInstanceId,
    generation: generationId,
    protocolType,
    protocol: protocolName,
    assignments,
  })
  send(call, groupId, { event, answer, tooMany: syncFailure(0, 'COORDINATOR_NOT_AVAILABLE') })
}

export function answerHeartbeat(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const request = decodeHeartbeatRequest(r, version)
  const { groupId, memberId, groupInstanceId: instanceId, generationId: generation } = request
  const refuse = (error: ErrorName): void => {
    const response = { throttleTimeMs: 0, errorCode: codeOf(error) }
    call.answer((w) => encodeHeartbeatResponse(w, version, response))
  }
  const error = checkGroupId(gateway, groupId)
  if (error !== 'NONE') {
    refuse(error)
    return
  }
  if (gateway.groups.state(groupId) === null) {
    refuse('UNKNOWN_MEMBER_ID')
    return
  }
  const event = (token: Token): GroupEvent => {
    return { kind: 'heartbeat', token, memberId, instanceId, generation }
  }
  gateway.groups.send(groupId, event, (reply) => {
    assert(reply.kind === 'heartbeat', 'the answer to another request')
    refuse(reply.error)
  })
}

export function answerLeaveGroup(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const request = decodeLeaveGroupRequest(r, version)
  const { groupId } = request
  const members =
    version >= LEAVE_MEMBERS_MIN
      ? request.members.map(({ memberId, groupInstanceId: instanceId }) => ({
          memberId,
          instanceId,
        }))
      : [{ memberId: request.memberId, instanceId: null }]
  const answer = (top: ErrorName, errors: readonly ErrorName[]): void => {
    const response = {
      throttleTimeMs: 0,
      errorCode: codeOf(version >= LEAVE_MEMBERS_MIN ? top : (errors[0] ?? top)),
      members: errors.map((error, index) => ({
        memberId: members[index]!.memberId,
        groupInstanceId: members[index]!.instanceId,
        errorCode: codeOf(error),
      })),
    }
    call.answer((w) => encodeLeaveGroupResponse(w, version, response))
  }
  const error = checkGroupId(gateway, groupId)
  if (error !== 'NONE') {
    answer(error, [])
    return
  }
  if (gateway.groups.state(groupId) === null) {
    answer(
      'NONE',
      members.map(() => 'UNKNOWN_MEMBER_ID' as const),
    )
    return
  }
  gateway.groups.send(
    groupId,
    (token) => ({ kind: 'leave', token, members }),
    (reply) => {
      assert(reply.kind === 'leave', 'the answer to another request')
      answer(
        'NONE',
        reply.members.map((member) => member.error),
      )
    },
  )
}

export function answerDescribeGroups(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const { groups } = decodeDescribeGroupsRequest(r, version)
  const described = groups.map((groupId) => describe(gateway, groupId, version))
  const response = { throttleTimeMs: 0, groups: described }
  call.answer((w) => encodeDescribeGroupsResponse(w, version, response))
}

export function answerListGroups(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const { statesFilter, typesFilter } = decodeListGroupsRequest(r, version)
  const states = new Map([...gateway.groups.states()].map((state) => [state.name, state] as const))
  const names = new Set([...states.keys(), ...gateway.namespace.groups.keys()])
  const groups = [...names]
    .map((groupId) => ({
      groupId,
      protocolType: states.get(groupId)?.protocolType ?? '',
      groupState: stateNames[states.get(groupId)?.phase ?? 'empty'],
      groupType: CLASSIC,
    }))
    .filter(
      ({ groupState, groupType }) => has(statesFilter, groupState) && has(typesFilter, groupType),
    )
  const response = { throttleTimeMs: 0, errorCode: 0, groups }
  call.answer((w) => encodeListGroupsResponse(w, version, response))
}

/** An empty filter lets all through; letters of any case are the same. */
function has(filter: readonly string[], value: string): boolean {
  return filter.length === 0 || filter.some((each) => each.toLowerCase() === value.toLowerCase())
}

function describe(
  { groups, namespace }: Gateway,
  groupId: string,
  version: number,
): DescribedGroup {
  const state = groups.state(groupId)
  const group = {
    errorCode: 0,
    errorMessage: null,
    groupId,
    protocolType: state?.protocolType ?? '',
    protocolData: state?.phase === 'stable' ? (state.protocol ?? '') : '',
    members: state === null ? [] : membersOf(state),
    authorizedOperations: NO_OPERATIONS,
  }
  if (state !== null) return { ...group, groupState: stateNames[state.phase] }
  // Nobody is in it; whether it has committed offsets tells a quiet group from one that never was.
  if (namespace.groups.has(groupId)) return { ...group, groupState: stateNames.empty }
  const dead = { ...group, groupState: 'Dead' }
  if (version < DESCRIBE_UNKNOWN_MIN) return dead
  const errorMessage = `there is no group '${groupId.slice(0, replyTextChars)}'`
  return { ...dead, errorCode: codeOf('GROUP_ID_NOT_FOUND'), errorMessage }
}

function membersOf(state: GroupState): DescribedGroup['members'] {
  const isStable = state.phase === 'stable'
  return [...state.members.values()].map((member) => ({
    memberId: member.id,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    memberMetadata: isStable ? metadataOf(member, state.protocol ?? '') : EMPTY,
    memberAssignment: isStable ? member.assignment : EMPTY,
  }))
}

interface Sending {
  readonly event: (token: Token) => GroupEvent
  readonly answer: (reply: GroupReply) => void
  /** The answer where there is no place for another group. */
  readonly tooMany: GroupReply
}

/** Sends an event whose answer may take long; a connection that goes meanwhile takes it back. */
function send(call: Call, groupId: string, { event, answer, tooMany }: Sending): void {
  const { groups } = call.gateway
  const token = groups.send(groupId, event, answer)
  if (token === null) answer(tooMany)
  else if (!call.isAnswered) call.dropped = () => groups.drop(groupId, token)
}

/** As Kafka writes it: an address without its port, behind a slash. */
function hostOf(peer: string): string {
  return `/${peer.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')}`
}

/**
 * One member's place in the group of the world's Kafka clients: joining, leading, staying and leaving, as requests.
 * It reads no records.
 */
import { errorCodes } from '../../src/wire/kafka/error-codes.ts'
import {
  decodeHeartbeatResponse,
  encodeHeartbeatRequest,
  type HeartbeatRequest,
  type HeartbeatResponse,
} from '../../src/wire/kafka/messages/heartbeat.generated.ts'
import {
  decodeJoinGroupResponse,
  encodeJoinGroupRequest,
  type JoinGroupRequest,
  type JoinGroupResponse,
} from '../../src/wire/kafka/messages/join-group.generated.ts'
import {
  decodeLeaveGroupResponse,
  encodeLeaveGroupRequest,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
} from '../../src/wire/kafka/messages/leave-group.generated.ts'
import {
  decodeSyncGroupResponse,
  encodeSyncGroupRequest,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from '../../src/wire/kafka/messages/sync-group.generated.ts'
import type { Exchange, KafkaLine } from './kafka-line.ts'
import { GROUP, TOPIC_PARTITIONS } from './kafka-topic.ts'

const joinGroup: Exchange<JoinGroupRequest, JoinGroupResponse> = {
  ...{ api: 'JoinGroup', version: 5 },
  ...{ encode: encodeJoinGroupRequest, decode: decodeJoinGroupResponse },
}
const syncGroup: Exchange<SyncGroupRequest, SyncGroupResponse> = {
  ...{ api: 'SyncGroup', version: 3 },
  ...{ encode: encodeSyncGroupRequest, decode: decodeSyncGroupResponse },
}
const heartbeat: Exchange<HeartbeatRequest, HeartbeatResponse> = {
  ...{ api: 'Heartbeat', version: 3 },
  ...{ encode: encodeHeartbeatRequest, decode: decodeHeartbeatResponse },
}
const leaveGroup: Exchange<LeaveGroupRequest, LeaveGroupResponse> = {
  ...{ api: 'LeaveGroup', version: 2 },
  ...{ encode: encodeLeaveGroupRequest, decode: decodeLeaveGroupResponse },
}

/** A dead member's partitions go to another after so long: soon, so that it happens in most worlds. */
const SESSION_MS = 300
const REBALANCE_MS = 1_000 // the least that the gateway grants
const PROTOCOL = 'in-turns'

export class Membership {
  readonly #line: KafkaLine
  memberId = ''
  generation = -1
  partitions: readonly number[] = []

  constructor(line: KafkaLine) {
    this.#line = line
  }

  /** Joins and hears what is its; false when the group has to be asked again. */
  async join(): Promise<boolean> {
    const joined = await this.#ask()
    if (joined.errorCode === errorCodes.MEMBER_ID_REQUIRED) {
      this.memberId = joined.memberId
      return false
    }
    if (joined.errorCode !== errorCodes.NONE) {
      this.memberId = ''
      return false
    }
    this.memberId = joined.memberId
    this.generation = joined.generationId
    const isLeader = joined.leader === joined.memberId
    const members = joined.members.map(({ memberId }) => memberId)
    const { errorCode, assignment } = await this.#line.ask(syncGroup, {
      ...{ groupId: GROUP, generationId: this.generation, memberId: this.memberId },
      ...{ groupInstanceId: null, protocolType: null, protocolName: null },
      assignments: isLeader ? assign(members) : [],
    })
    if (errorCode !== errorCodes.NONE) return false
    this.partitions = [...assignment]
    return true
  }

  /** Whether it still belongs to its generation. */
  async stay(): Promise<boolean> {
    const { errorCode } = await this.#line.ask(heartbeat, {
      ...{ groupId: GROUP, generationId: this.generation, memberId: this.memberId },
      groupInstanceId: null,
    })
    return errorCode === errorCodes.NONE
  }

  async leave(): Promise<void> {
    await this.#line.ask(leaveGroup, { groupId: GROUP, memberId: this.memberId, members: [] })
  }

  #ask(): Promise<JoinGroupResponse> {
    return this.#line.ask(joinGroup, {
      ...{ groupId: GROUP, sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: REBALANCE_MS },
      ...{ memberId: this.memberId, groupInstanceId: null, protocolType: 'consumer' },
      ...{ protocols: [{ name: PROTOCOL, metadata: new Uint8Array(0) }], reason: null },
    })
  }
}

/** One byte a partition, the members in turns. */
function assign(members: readonly string[]): { memberId: string; assignment: Uint8Array }[] {
  return members.map((memberId, place) => {
    const all = Array.from({ length: TOPIC_PARTITIONS }, (_, partition) => partition)
    const own = all.filter((partition) => partition % members.length === place)
    return { memberId, assignment: Uint8Array.from(own) }
  })
}

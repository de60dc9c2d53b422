/**
 * The state of one classic consumer group and what may happen to it, as types. A group is session
 * state: it is gone after a restart, and its members join again. Its committed offsets are not here.
 */
import type { ErrorName } from '../../wire/kafka/error-codes.ts'

/** Names a request that waits for its answer; the gateway knows whose it is. */
export type Token = number

//                      a member joins                     all have joined, or time is up
//   empty ---------------------------------> preparing ------------------------------> completing
//     ^                                       ^  |  ^                                     |
//     |          the last member has gone     |  |  |     somebody joins, leaves, dies    |
//     '---------------------------------------|--'  '-------------------------------------|
//                                             |                                           | the leader
//                                             '------------------ stable <----------------' assigns
//
// While preparing, members join anew and wait; while completing, they wait for what the leader assigns.
export type Phase = 'empty' | 'preparing' | 'completing' | 'stable'

export interface Protocol {
  readonly name: string
  readonly metadata: Uint8Array
}

export interface Member {
  readonly id: string
  /** A static member's own name, under which it comes back after a restart; null for a dynamic one. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: readonly Protocol[]
  assignment: Uint8Array
  /** When it is taken for dead. Not looked at while one of its requests waits here. */
  deadlineMs: number
  /** Its request to join that waits for the others, or null. */
  joining: Token | null
  /** Its request for an assignment that waits for the leader, or null. */
  syncing: Token | null
}

export interface GroupState {
  readonly name: string
  phase: Phase
  /** Grows with each completed join; what an older generation says is refused. */
  generation: number
  protocolType: string
  /** Chosen when a join completes; null while the group is empty. */
  protocol: string | null
  /** The member that assigns; null while the group is empty. Invariant: otherwise in #members. */
  leader: string | null
  /** In the order of joining. */
  readonly members: Map<string, Member>
  /** Member ids by the names of static members. Invariant: each leads into members. */
  readonly instances: Map<string, string>
  /** Ids that were handed out and have not joined, with the time until when they may. */
  readonly pending: Map<string, number>
  /** While preparing: when the join is completed without those who are missing. */
  joinDeadlineMs: number
  /** While preparing from empty: when the wait for others who start too is over; else -1. */
  gatherUntilMs: number
  /** Somebody joined since gatherUntilMs was set. */
  gathered: boolean
  /** While completing: when those who have not asked for their assignment are dropped. */
  syncDeadlineMs: number
}

export interface GroupRules {
  readonly sessionMsMin: number
  readonly sessionMsMax: number
  readonly gatherMs: number
  readonly membersMax: number
}

export interface JoinEvent {
  readonly kind: 'join'
  readonly token: Token
  /** Empty for who has none yet. */
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly Protocol[]
  /** An id nobody has, should one be needed: chance comes from outside. */
  readonly freshId: string
  /** Whether a newcomer is sent back with its id first, so that a lost answer leaves no ghost behind. */
  readonly newcomers: 'sent-back' | 'taken'
  /** Whether the client understands that it leads and must not assign. */
  readonly leaders: 'may-skip' | 'assign'
}

export interface SyncEvent {
  readonly kind: 'sync'
  readonly token: Token
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
  /** null: the client's version does not say. */
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly assignments: ReadonlyMap<string, Uint8Array>
}

export interface HeartbeatEvent {
  readonly kind: 'heartbeat'
  readonly token: Token
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
}

export interface Identity {
  readonly memberId: string
  readonly instanceId: string | null
}

export interface LeaveEvent {
  readonly kind: 'leave'
  readonly token: Token
  readonly members: readonly Identity[]
}

/** The client of a waiting request is gone: nobody will read the answer. */
export interface GoneEvent {
  readonly kind: 'gone'
  readonly token: Token
}

/** Nothing happened but time. */
export interface TimeEvent {
  readonly kind: 'time'
}

export type GroupEvent = JoinEvent | SyncEvent | HeartbeatEvent | LeaveEvent | GoneEvent | TimeEvent

export interface JoinReply {
  readonly kind: 'join'
  readonly token: Token
  readonly error: ErrorName
  readonly memberId: string
  readonly generation: number
  readonly protocolType: string
  readonly protocol: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  /** For the leader alone; empty for all others. */
  readonly members: readonly {
    readonly id: string
    readonly instanceId: string | null
    readonly metadata: Uint8Array
  }[]
}

export interface SyncReply {
  readonly kind: 'sync'
  readonly token: Token
  readonly error: ErrorName
  readonly protocolType: string
  readonly protocol: string | null
  readonly assignment: Uint8Array
}

export interface HeartbeatReply {
  readonly kind: 'heartbeat'
  readonly token: Token
  readonly error: ErrorName
}

export interface LeaveReply {
  readonly kind: 'leave'
  readonly token: Token
  readonly members: readonly (Identity & { readonly error: ErrorName })[]
}

export type GroupReply = JoinReply | SyncReply | HeartbeatReply | LeaveReply

export function newGroup(name: string): GroupState {
  return {
    name,
    phase: 'empty',
    generation: 0,
    protocolType: '',
    protocol: null,
    leader: null,
    members: new Map(),
    instances: new Map(),
    pending: new Map(),
    joinDeadlineMs: 0,
    gatherUntilMs: -1,
    gathered: false,
    syncDeadlineMs: 0,
  }
}

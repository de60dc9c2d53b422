/**
 * What a coordinator and its members say to each other, as typed calls, and how the errors of barriers and their
 * siblings travel. Types and translations only.
 */
import {
  type Arrival,
  BarrierBroken,
  BarrierMisuse,
  type BrokenReason,
} from '../barrier-contract.ts'
import { RemoteError, RpcError } from '../rpc-errors.ts'
import { SyncClosed, SyncMisuse, SyncTimeout } from '../sync-errors.ts'

/** A party of a barrier, as the coordinator counts them: one for each join. */
export type Seat = number
/** Something lent to a member: permits, a lock, a leadership. */
export type Loan = number

/** What a party that comes when every place is taken gets: told so, or a place that is added. */
export type LatePolicy = 'refuse' | 'grow'

/** What the coordinator answers. */
export interface CoordinatorCalls {
  join(args: {
    readonly name: string
    /** `null`: as many as have joined. */
    readonly parties: number | null
    readonly late: LatePolicy
    readonly acts: boolean
  }): Promise<Seat>
  wait(args: { readonly seat: Seat; readonly timeoutMs: number | null }): Promise<Arrival>
  arrive(args: { readonly seat: Seat }): Promise<Arrival>
  register(args: { readonly seat: Seat; readonly count: number }): Promise<void>
  deregister(args: { readonly seat: Seat }): Promise<void>
  abort(args: { readonly seat: Seat; readonly reason: string }): Promise<void>
  reset(args: { readonly seat: Seat }): Promise<void>
  close(args: { readonly seat: Seat }): Promise<void>
  state(args: { readonly seat: Seat }): Promise<RemoteState>
  leave(args: { readonly seat: Seat }): Promise<void>
  acquire(args: {
    readonly name: string
    /** How many there are; all who use the name must agree. */
    readonly total: number
    readonly permits: number
    readonly timeoutMs: number | null
  }): Promise<Loan>
  campaign(args: {
    readonly name: string
    readonly candidate: string
    readonly timeoutMs: number | null
  }): Promise<{ readonly loan: Loan; readonly term: number }>
  leader(args: { readonly name: string }): Promise<LeaderState | null>
  giveBack(args: { readonly loan: Loan }): Promise<void>
}

/** What a member answers. */
export interface MemberCalls {
  /** Runs the action that it brought for this seat. */
  act(args: { readonly seat: Seat; readonly generation: number }): Promise<void>
}

export interface LeaderState {
  readonly candidate: string
  readonly term: number
}

export interface RemoteState {
  readonly parties: number
  readonly arrived: number
  readonly generation: number
  readonly broken: BrokenState | null
}

export interface BrokenState {
  readonly reason: BrokenReason
  readonly generation: number
  /** What it broke of, for people; empty if nothing is known. */
  readonly why: string
}

/** How a broken barrier travels: with what its class would not take along. */
export class BrokenFault extends Error {
  override readonly name = 'BarrierBroken'
  readonly code = 'BARRIER_BROKEN'
  readonly details: BrokenState

  constructor(broken: BarrierBroken) {
    super(broken.message)
    this.details = brokenState(broken)
  }
}

export function brokenState({ reason, generation, cause }: BarrierBroken): BrokenState {
  const why = cause instanceof Error ? cause.message : String(cause ?? '')
  return { reason, generation, why }
}

export function brokenOf({ reason, generation, why }: BrokenState): BarrierBroken {
  return new BarrierBroken(reason, generation, why === '' ? {} : { cause: new Error(why) })
}

/** Whether the connection is gone, and with it whatever was asked. */
export function isLoss(error: unknown): error is RpcError {
  return error instanceof RpcError && error.code === 'RPC_CLOSED'
}

/** What a member's program gets for what the coordinator threw. */
export function errorOf(error: unknown, timeoutMs: number): unknown {
  if (!(error instanceof RemoteError)) return error
  switch (error.code) {
    case 'BARRIER_BROKEN':
      return brokenOf(error.details as BrokenState)
    case 'BARRIER_MISUSE':
      return new BarrierMisuse(error.message)
    case 'SYNC_MISUSE':
      return new SyncMisuse(error.message)
    case 'SYNC_CLOSED':
      return new SyncClosed(error.message)
    case 'SYNC_TIMEOUT':
      return new SyncTimeout(timeoutMs)
    default:
      return error
  }
}

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
/** Something lent to a member: permits, a lock, a leadership, a turn at what happens once. */
export type Loan = number
/** A latch, as the coordinator counts them. */
export type LatchId = number
/** A once, likewise. */
export type OnceId = number

/** What a party that comes when every place is taken gets: told so, or a place that is added. */
export type LatePolicy = 'refuse' | 'grow'

/** What the coordinator answers. */
export type CoordinatorCalls = BarrierCalls & LoanCalls & LatchCalls

export interface BarrierCalls {
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
}

export interface LoanCalls {
  acquire(
    args: Borrowing & {
      readonly name: string
      /** How many there are; all who use the name must agree. */
      readonly total: number
      readonly permits: number
    },
  ): Promise<Lending>
  enter(args: Borrowing & { readonly name: string; readonly side: LockSide }): Promise<Lending>
  campaign(
    args: Borrowing & { readonly name: string; readonly candidate: string },
  ): Promise<Lending & { readonly term: number }>
  leader(args: { readonly name: string }): Promise<LeaderState | null>
  giveBack(args: { readonly loan: Loan }): Promise<void>
  /** The same for one whose answer nobody heard; there may be no such loan. */
  abandon(args: { readonly loan: Loan }): Promise<void>
  once(args: { readonly name: string }): Promise<OnceId>
  /** A turn to run it, or the news that it has been run; in that case nothing is lent. */
  claim(args: Borrowing & { readonly once: OnceId }): Promise<Lending & { readonly done: boolean }>
  /** It has been run by the holder of this loan, which is given back. */
  finish(args: { readonly once: OnceId; readonly loan: Loan }): Promise<void>
  closeOnce(args: { readonly once: OnceId }): Promise<void>
}

export interface LatchCalls {
  /** All who use the name must say the same count. */
  latch(args: { readonly name: string; readonly count: number }): Promise<LatchId>
  countDown(args: { readonly latch: LatchId; readonly by: number }): Promise<void>
  pass(args: { readonly latch: LatchId; readonly timeoutMs: number | null }): Promise<void>
  countOf(args: { readonly latch: LatchId }): Promise<number>
  closeLatch(args: { readonly latch: LatchId }): Promise<void>
}

/**
 * What is asked for whatever is lent. Members number their loans themselves: one that gives up while the answer is
 * under way can then give back what it was lent.
 */
export interface Borrowing {
  readonly loan: Loan
  readonly timeoutMs: number | null
}

export interface Lending {
  /** Somebody died holding it since anybody was told: what it protects may be half done. */
  readonly afterDeath: boolean
}

export type LockSide = 'read' | 'write'

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

/** Asks the coordinator: its errors as those of this process, and a loss as `SyncClosed`. */
export async function ask<R>(call: () => Promise<R>, timeoutMs = 0): Promise<R> {
  try {
    return await call()
  } catch (error) {
    if (isLoss(error)) throw new SyncClosed('the coordinator is gone', { cause: error })
    throw errorOf(error, timeoutMs)
  }
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

/** The errors of RPC: what the peers themselves say (RpcError), and what a handler threw (RemoteError). */
import type { Fault } from './wire.ts'

/**
 *   RPC_MISSING    nobody serves that name
 *   RPC_BUSY       more calls under way than the caller or the callee allows
 *   RPC_DEADLINE   no answer in time; the call may have had its effect
 *   RPC_CANCELLED  what a handler's signal says when its caller gave up
 *   RPC_CLOSED     the connection ended; what was under way may have had its effect
 *   RPC_MISUSE     called for one result where the handler streams, or the other way round
 *   RPC_BROKEN     the other side sent what is no frame
 */
export type RpcErrorCode =
  | 'RPC_MISSING'
  | 'RPC_BUSY'
  | 'RPC_DEADLINE'
  | 'RPC_CANCELLED'
  | 'RPC_CLOSED'
  | 'RPC_MISUSE'
  | 'RPC_BROKEN'

const rpcErrorCodes: ReadonlySet<string> = new Set<RpcErrorCode>([
  'RPC_MISSING',
  'RPC_BUSY',
  'RPC_DEADLINE',
  'RPC_CANCELLED',
  'RPC_CLOSED',
  'RPC_MISUSE',
  'RPC_BROKEN',
])

export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: RpcErrorCode
  constructor(code: RpcErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * What the handler threw, on the caller's side. Its class is not here, but its name, code and message are.
 * A program that wants classes of its own derives them from this one and names them by code
 * (`RpcOptions.errors`).
 */
export class RemoteError extends Error {
  override readonly name: string = 'RemoteError'
  /** The name of the error's class over there. */
  readonly type: string
  /** Stable; empty where the error had none. */
  readonly code: string
  /** What the error carried as `details`; else `null`. */
  readonly details: unknown
  constructor(fault: Fault) {
    super(fault.message)
    this.type = fault.type
    this.code = fault.code
    this.details = fault.details
  }
}

/** Which class stands for which code. */
export type RemoteErrors = Readonly<Record<string, new (fault: Fault) => RemoteError>>

export function toRemoteError(fault: Fault, errors: RemoteErrors): RemoteError {
  const Known = Object.hasOwn(errors, fault.code) ? errors[fault.code] : undefined
  return Known === undefined ? new RemoteError(fault) : new Known(fault)
}

/** What of a thrown thing travels. The stack stays at home. */
export function toFault(thrown: unknown): Fault {
  if (!(thrown instanceof Error)) {
    return { type: typeof thrown, code: '', message: String(thrown), details: null }
  }
  // What came from a third peer keeps the name that it had there.
  const type = thrown instanceof RemoteError ? thrown.type : thrown.name
  const code = 'code' in thrown ? String(thrown.code) : ''
  const details = 'details' in thrown ? thrown.details : null
  return { type, code, message: thrown.message, details }
}

/** A refusal as it came; a code that we do not know (a newer peer's) is kept in the message. */
export function toRpcError(code: string, message: string): RpcError {
  if (isRpcErrorCode(code)) return new RpcError(code, message)
  return new RpcError('RPC_BROKEN', `${code}: ${message}`)
}

function isRpcErrorCode(code: string): code is RpcErrorCode {
  return rpcErrorCodes.has(code)
}

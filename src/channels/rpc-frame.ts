/** Judges what came over a wire: the other side may be another program, or another version of this one. */
import { RpcError } from './rpc-errors.ts'
import { rpcLimits } from './rpc-limits.ts'
import { type Fault, type Frame, frameKind } from './wire.ts'

/** The frame as it came, or `RPC_BROKEN`. */
export function checkFrame(frame: Frame): Frame {
  if (Array.isArray(frame) && Number.isSafeInteger(frame[1]) && isWellFormed(frame)) return frame
  throw new RpcError('RPC_BROKEN', 'the other side sent what is no frame')
}

/** The types say what a frame is; this says whether they are right. */
function isWellFormed(frame: Frame): boolean {
  switch (frame[0]) {
    case frameKind.result:
    case frameKind.item:
    case frameKind.cancel:
    case frameKind.done:
      return true
    case frameKind.call:
      return typeof frame[2] === 'string' && isDeadline(frame[4]) && isCredit(frame[5])
    case frameKind.credit:
      return isCredit(frame[2])
    case frameKind.fault:
      return isFault(frame[2])
    case frameKind.refusal:
      return typeof frame[2] === 'string' && typeof frame[3] === 'string'
    default:
      return false
  }
}

function isDeadline(deadlineMs: unknown): boolean {
  return deadlineMs === null || (typeof deadlineMs === 'number' && deadlineMs >= 0)
}

function isCredit(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0 && count <= rpcLimits.creditItemsMax
}

function isFault(fault: Fault | null): boolean {
  if (typeof fault !== 'object' || fault === null) return false
  return [fault.type, fault.code, fault.message].every((text) => typeof text === 'string')
}

/**
 * What RPC runs over: a wire is a channel out and a channel in, whatever they cross. The frames that
 * travel on it are plain arrays of values that any channel can carry. Types only.
 */
import type { Receiver, Sender } from './contract.ts'

/**
 * One side of a connection between two RPC peers. The peer that gets it owns it: closing the peer closes
 * `outgoing`, and `incoming` ending means that the other side has gone.
 */
export interface Wire {
  readonly outgoing: Sender<Frame>
  readonly incoming: Receiver<Frame>
}

/** Names a call among those that its caller has under way: a number from 0 that one wire never uses twice. */
export type CallId = number

/** An error as it travels. */
export interface Fault {
  /** The name of the error's class. */
  readonly type: string
  /** Stable; what programs decide by. Empty where the error had none. */
  readonly code: string
  readonly message: string
  /** What else the error wanted to say; `null` if nothing. */
  readonly details: unknown
}

/** What kind of frame it is: the first member of each. */
export const frameKind = {
  call: 1,
  cancel: 2,
  result: 3,
  fault: 4,
  item: 5,
  done: 6,
  credit: 7,
  refusal: 8,
} as const

export type CallFrame = readonly [
  kind: 1,
  id: CallId,
  name: string,
  args: unknown,
  deadlineMs: number | null,
  credit: number,
]

// caller -> callee
//   call    id name args deadline credit   deadline: milliseconds left, or null; credit: how many items of a
//                                          streamed answer may come unasked; 0 asks for a single result
//   cancel  id                             the caller wants nothing more; no answer follows
//   credit  id count                       so many more items may come
// callee -> caller
//   result  id value                       ends the call
//   fault   id fault                       ends the call
//   item    id value                       one of a streamed answer
//   done    id                             ends a streamed answer
//   refusal id code message                ends the call: it is not the handler that says so, but the peer
// Frames of unknown calls are ignored: an answer and a cancel may cross.
export type Frame =
  | CallFrame
  | readonly [kind: 2, id: CallId]
  | readonly [kind: 3, id: CallId, value: unknown]
  | readonly [kind: 4, id: CallId, fault: Fault]
  | readonly [kind: 5, id: CallId, value: unknown]
  | readonly [kind: 6, id: CallId]
  | readonly [kind: 7, id: CallId, count: number]
  | readonly [kind: 8, id: CallId, code: string, message: string]

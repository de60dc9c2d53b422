/**
 * What the machine puts into the journal: the kinds of entries, and the shape in which it reads them back.
 * An entry records a decision (targets, sequence numbers, ids), so that applying it decides nothing.
 *
 *   kind              log        number        body                                  keeps its body
 *   message           queue      sequence      see message.ts                        while a target refers to it
 *   batch             partition  first offset  see batch.ts                          until retention passes it
 *   settled           queue      0             range*       these messages are gone
 *   returned          queue      0             range*       given back: redelivered, one more delivery
 *   mark              queue      sequence      -            up to here all may have been delivered
 *   restarted         0          0             -            what was marked may have been delivered
 *   stopped           0          0             -            nobody holds anything: the marks are void
 *   offsets           group      0             offset*      see group.ts
 *   cut               partition  first offset  -            what lies before is gone
 *   changed           0          0             see change.ts: something was declared, bound, deleted
 *   fragment          0          first ticket  see large-body.ts                     while its message is kept
 *   large             queue      sequence      a message, see large-body.ts          as a message
 *   expired           queue      journal time  range*       their time was over: they are gone
 *
 *   range = from:u48 count:u32      all integers little-endian; times are milliseconds since 1970
 */

export const KIND_MESSAGE = 1
export const KIND_BATCH = 2
export const KIND_SETTLED = 3
export const KIND_RETURNED = 4
export const KIND_MARK = 5
export const KIND_RESTARTED = 6
export const KIND_STOPPED = 7
export const KIND_OFFSETS = 8
export const KIND_CUT = 9
export const KIND_CHANGED = 10
export const KIND_FRAGMENT = 11
export const KIND_LARGE = 12
export const KIND_EXPIRED = 13

export const RANGE_SIZE = 10

/** What the machine sees of a journal entry; the journal's own view fits it. */
export interface EntryView {
  readonly ticket: number
  readonly kind: number
  readonly log: number
  readonly number: number
  readonly bytes: Uint8Array
  readonly bodyAt: number
  readonly bodySize: number
}

/** The bodies that entries keep, as the machine counts them; the journal's store fits it. */
export interface Bodies {
  /** A body is born with one reference, a fragment of a large one with none. */
  retain(ticket: number, count: number): void
  release(ticket: number, count: number): void
}

/** The ranges of a settled, returned or expired entry, in order. */
export function eachRange(entry: EntryView, visit: (from: number, count: number) => void): void {
  const end = entry.bodyAt + entry.bodySize
  for (let at = entry.bodyAt; at < end; at += RANGE_SIZE) {
    visit(u48At(entry.bytes, at), u32At(entry.bytes, at + 6))
  }
}

const WORD = 2 ** 32

export function u48At(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at) + (bytes[at + 4]! + bytes[at + 5]! * 256) * WORD
}

export function u32At(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) + bytes[at + 3]! * 0x1_00_00_00
  )
}

export function setU48At(bytes: Uint8Array, at: number, value: number): void {
  setU32At(bytes, at, value % WORD)
  const high = Math.floor(value / WORD)
  bytes[at + 4] = high
  bytes[at + 5] = high >>> 8
}

export function setU32At(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

/** Entries without a body that is kept: decisions, written by whoever made them, in groups of their own. */
import type { Log } from '../journal/engine.ts'
import { type Change, encodeChange } from '../machine/change.ts'
import type { EntryDurability } from '../machine/durability.ts'
import {
  KIND_CHANGED,
  type KIND_EXPIRED,
  KIND_MARK,
  type KIND_RESTARTED,
  type KIND_RETURNED,
  type KIND_SETTLED,
  type KIND_STOPPED,
  RANGE_SIZE,
  setU32At,
  setU48At,
} from '../machine/entry.ts'
import type { Queue } from '../machine/queue.ts'
import type { Ranges } from './ranges.ts'

const head = { kind: 0, flags: 0, log: 0, number: 0 }

function claim(
  log: Log,
  kind: number,
  place: { readonly log: number; readonly number: number; readonly durability: EntryDurability },
  size: number,
): number {
  head.kind = kind
  head.log = place.log
  head.number = place.number
  return log.claim(head, size, place.durability)
}

/** Of the broker itself, as safe as its own durability says. */
const NOWHERE = { log: 0, number: 0, durability: undefined }

/** Writes the first `count` ranges, as safe as the place says; answers the ticket, or 0 when there is no room now. */
export function writeRanges(
  log: Log,
  kind: typeof KIND_SETTLED | typeof KIND_RETURNED | typeof KIND_EXPIRED,
  place: { readonly log: number; readonly number: number; readonly durability: EntryDurability },
  ranges: Ranges,
  count: number,
): number {
  const size = count * RANGE_SIZE
  if (log.reserve(1, size, 'relief') !== 'ok') return 0
  const ticket = claim(log, kind, place, size)
  const { bytes, at } = log.slot
  for (let index = 0; index < count; index++) {
    setU48At(bytes, at + index * RANGE_SIZE, ranges.from(index))
    setU32At(bytes, at + index * RANGE_SIZE + 6, ranges.count(index))
  }
  return ticket
}

/** Answers the ticket, or 0 when there is no room now. */
export function writeMark(log: Log, queue: Queue, sequence: number): number {
  if (log.reserve(1, 0, 'relief') !== 'ok') return 0
  const { id, entryDurability: durability } = queue
  return claim(log, KIND_MARK, { log: id, number: sequence, durability }, 0)
}

/** Answers the ticket, or 0 when there is no room now. */
export function writeRun(log: Log, kind: typeof KIND_RESTARTED | typeof KIND_STOPPED): number {
  if (log.reserve(1, 0, 'relief') !== 'ok') return 0
  return claim(log, kind, NOWHERE, 0)
}

/** Writes the changes as one atomic group; answers the last ticket, or why not. */
export function writeChanges(
  log: Log,
  changes: readonly Change[],
  purpose: 'publish' | 'relief',
): number | 'wait' | 'full' | 'too-large' | 'stopped' {
  const bodies = changes.map(encodeChange)
  const bytes = bodies.reduce((sum, { length }) => sum + length, 0)
  const answer = log.reserve(bodies.length, bytes, purpose)
  if (answer !== 'ok') return answer
  let ticket = 0
  for (const body of bodies) {
    ticket = claim(log, KIND_CHANGED, NOWHERE, body.length)
    log.slot.bytes.set(body, log.slot.at)
  }
  return ticket
}

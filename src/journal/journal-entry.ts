/**
 * The journal's own entries: which files left the table and which one took the place of others.
 * Decisions, so that replay decides nothing.
 */
import { assert } from '../base/assert.ts'
import { setU48, u48, viewOf } from './format.ts'

// retired = type:u8=1 pad:u8 count:u16 generation:u32*                 nothing in these files lives
// cleaned = type:u8=2 level:u8 count:u16 generation:u32* target        the target took their place
// epoch   = type:u8=3 pad:u8 count:u16=0 epoch:u32                    a new run of the journal began
// target  = slot:u16 pad:u16 generation:u32 fileBytes:u48 firstTicket:u48 endTicket:u48
//           lastCommit:u48 dataEnd:u48 bodies:u32 bodyBytes:u48 pad:u16

export type CleanedTarget = {
  readonly slot: number
  readonly generation: number
  readonly fileBytes: number
  readonly level: number
  readonly firstTicket: number
  readonly endTicket: number
  readonly lastCommit: number
  readonly dataEnd: number
  readonly bodies: number
  readonly bodyBytes: number
}

export type JournalEntry =
  | { readonly kind: 'retired'; readonly generations: readonly number[] }
  | {
      readonly kind: 'cleaned'
      readonly generations: readonly number[]
      readonly target: CleanedTarget
    }
  | { readonly kind: 'epoch'; readonly epoch: number }

const RETIRED = 1
const CLEANED = 2
const EPOCH = 3
const EPOCH_SIZE = 8
const TARGET_SIZE = 50

export function encodeJournalEntry(entry: JournalEntry): Uint8Array {
  if (entry.kind === 'epoch') {
    const bytes = new Uint8Array(EPOCH_SIZE)
    const view = viewOf(bytes)
    view.setUint8(0, EPOCH)
    view.setUint32(4, entry.epoch, true)
    return bytes
  }
  const list = 4 + entry.generations.length * 4
  const bytes = new Uint8Array(list + (entry.kind === 'cleaned' ? TARGET_SIZE : 0))
  const view = viewOf(bytes)
  view.setUint8(0, entry.kind === 'retired' ? RETIRED : CLEANED)
  view.setUint16(2, entry.generations.length, true)
  entry.generations.forEach((generation, index) => {
    view.setUint32(4 + index * 4, generation, true)
  })
  if (entry.kind === 'cleaned') {
    view.setUint8(1, entry.target.level)
    encodeTarget(view, list, entry.target)
  }
  return bytes
}

function encodeTarget(view: DataView, at: number, target: CleanedTarget): void {
  view.setUint16(at, target.slot, true)
  view.setUint32(at + 4, target.generation, true)
  setU48(view, at + 8, target.fileBytes)
  setU48(view, at + 14, target.firstTicket)
  setU48(view, at + 20, target.endTicket)
  setU48(view, at + 26, target.lastCommit)
  setU48(view, at + 32, target.dataEnd)
  view.setUint32(at + 38, target.bodies, true)
  setU48(view, at + 42, target.bodyBytes)
}

export function decodeJournalEntry(bytes: Uint8Array): JournalEntry {
  const view = viewOf(bytes)
  const type = view.getUint8(0)
  if (type === EPOCH) return { kind: 'epoch', epoch: view.getUint32(4, true) }
  assert(type === RETIRED || type === CLEANED, 'a journal entry of unknown type', type)
  const generations: number[] = []
  const count = view.getUint16(2, true)
  for (let index = 0; index < count; index++) generations.push(view.getUint32(4 + index * 4, true))
  if (type === RETIRED) return { kind: 'retired', generations }
  const at = 4 + count * 4
  const target = {
    slot: view.getUint16(at, true),
    level: view.getUint8(1),
    generation: view.getUint32(at + 4, true),
    fileBytes: u48(view, at + 8),
    firstTicket: u48(view, at + 14),
    endTicket: u48(view, at + 20),
    lastCommit: u48(view, at + 26),
    dataEnd: u48(view, at + 32),
    bodies: view.getUint32(at + 38, true),
    bodyBytes: u48(view, at + 42),
  }
  return { kind: 'cleaned', generations, target }
}

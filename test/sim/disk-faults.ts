/**
 * Which calls of a simulated disk fail, and how. A test plans the failures before or during a run; the
 * disk asks once per call. Never touches bytes or names.
 */
import type { DiskErrorCode } from '../../src/base/ports.ts'

/** What a call does. Every one of them is numbered, may fail, and is a moment at which the power may go. */
export type CallKind =
  | 'open'
  | 'create'
  | 'size'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'close'
  | 'rename'
  | 'remove'
  | 'list'
  | 'make-directory'
  | 'sync-directory'
  | 'lock'
  | 'unlock'
  | 'free-bytes'

/** One call of the disk. A `commit` is a `write` and, if asked for, a `sync`. */
export interface Call {
  /** From 1, in the order in which the calls were issued. */
  readonly number: number
  readonly kind: CallKind
  readonly path: string
  /** Where it reads or writes; the new size for `truncate`; 0 for the others. */
  readonly position: number
  /** How much it reads or writes; 0 for the others. */
  readonly sizeBytes: number
}

export interface Fault {
  /** The first call that it may meet. */
  readonly call: number
  /** `short`: a write takes only `writtenBytes` and says so; whoever wrote has to write the rest. */
  readonly code: DiskErrorCode | 'short'
  /** `once`: this call or none. `until-healed`: from this call on every one that can fail so. */
  readonly lasts: 'once' | 'until-healed'
  /** What a failing write leaves in the file nevertheless. */
  readonly writtenBytes: number
}

const WRITING: readonly CallKind[] = ['write', 'create', 'make-directory', 'lock', 'truncate']
const NAMING: readonly CallKind[] = ['open', 'create', 'list', 'lock']

/** Whether a real disk could answer a call of this kind with this code. */
export function canFailWith(kind: CallKind, code: Fault['code']): boolean {
  switch (code) {
    case 'io':
      return kind !== 'unlock' && kind !== 'close' && kind !== 'free-bytes'
    case 'full':
      return WRITING.includes(kind) || kind === 'rename'
    case 'handles':
      return NAMING.includes(kind) || kind === 'sync-directory'
    case 'short':
      return kind === 'write'
    case 'denied':
      return NAMING.includes(kind) || kind === 'rename' || kind === 'remove'
    default:
      return false
  }
}

export class FaultPlan {
  #faults: Fault[] = []
  /** How many calls met a fault. */
  met = 0

  plan(fault: Fault): void {
    this.#faults.push(fault)
  }

  heal(): void {
    this.#faults = []
  }

  /** The fault that this call meets, if any. */
  take(number: number, kind: CallKind): Fault | null {
    if (this.#faults.length === 0) return null
    for (const fault of this.#faults) {
      const isDue = fault.lasts === 'once' ? number === fault.call : number >= fault.call
      if (!isDue || !canFailWith(kind, fault.code)) continue
      this.met++
      return fault
    }
    return null
  }
}

/**
 * The rule that makes an acknowledgement worth something, asked of system calls: between the write that holds a
 * ticket and the write that acknowledges it, a sync of that file began after the one and ended before the other; and
 * by then the directory was synced since the file was made. The directory has to be new.
 */

import { seedOf } from '../../src/journal/checksum.ts'
import type { Identity } from '../../src/journal/file-header.ts'
import { viewOf } from '../../src/journal/format.ts'
import { FrameHeader, readFrame } from '../../src/journal/frame.ts'
import type { TracedCall, TracedEvent } from './strace-log.ts'

export type AuditSubject = {
  /** The journal's directory, as strace prints it. */
  readonly directory: string
  readonly identity: Identity
}

type Write = {
  readonly path: string
  readonly firstTicket: number
  readonly endTicket: number
  state: 'written' | 'synced'
}

export type AuditReport = {
  readonly acks: number
  readonly acknowledged: number
  readonly writes: number
  readonly syncs: number
  readonly violations: readonly string[]
}

const OWN = /^(journal-\d{5}|snapshot-(\d{16}|spare(-2)?)|format(-new)?|tail-copy(-new)?|lock)$/
const SYNCS = ['fdatasync', 'fsync']
const VIOLATIONS_MAX = 20 // one is enough to fail; a few more show the pattern

export class AckAudit {
  readonly #subject: AuditSubject
  readonly #writes: Write[] = []
  /** Writes that each sync under way covers, by thread. */
  readonly #syncing = new Map<string, Write[]>()
  /** Files of which something was written, and whether the directory was synced since: else the name may vanish. */
  readonly #names = new Map<string, 'new' | 'synced'>()
  /** New names that each sync of the directory under way covers, by thread. */
  readonly #naming = new Map<string, string[]>()
  readonly #violations: string[] = []
  #acks = 0
  #acknowledged = 0
  #syncs = 0
  /** Every ticket below is in a write that is synced. */
  #durableEnd = 1
  #firstOpen = 0

  constructor(subject: AuditSubject) {
    this.#subject = subject
  }

  get report(): AuditReport {
    return {
      acks: this.#acks,
      acknowledged: this.#acknowledged,
      writes: this.#writes.length,
      syncs: this.#syncs,
      violations: this.#violations,
    }
  }

  take(event: TracedEvent): void {
    const { call } = event
    if (SYNCS.includes(call.name)) this.#sync(event)
    else if (event.kind === 'begun') this.#begin(call)
    else if (event.result < 0) this.#violate(`${call.name} of ${call.path} failed`)
    else this.#write(call)
  }

  /** An acknowledgement counts from its beginning: the reader may have it before the call returns. */
  #begin(call: TracedCall): void {
    if (call.fd !== 1) return
    for (const [, ticket] of Buffer.from(call.bytes)
      .toString('latin1')
      .matchAll(/settled (\d+)\n/g)) {
      this.#acks++
      this.#acknowledged = Math.max(this.#acknowledged, Number(ticket))
      this.#advance()
      if (Number(ticket) < this.#durableEnd) continue
      this.#violate(
        `ticket ${ticket} is acknowledged, and synced is what is below ${this.#durableEnd}`,
      )
    }
  }

  /** A journal's write counts from its end: only then is the file sure to have it. */
  #write(call: TracedCall): void {
    const { directory, identity } = this.#subject
    if (!call.path.startsWith(`${directory}/`)) return
    const name = call.path.slice(directory.length + 1)
    if (!OWN.test(name)) this.#violate(`a write to ${call.path}, which is no file of the journal`)
    if (!name.startsWith('journal-')) return
    if (!this.#names.has(call.path)) this.#names.set(call.path, 'new')
    const { bytes } = call
    const target = { bytes, view: viewOf(bytes), seed: seedOf(identity) }
    const header = new FrameHeader()
    for (let at = 0; at + 40 <= bytes.length; ) {
      const generation = target.view.getUint32(at + 8, true)
      const size = readFrame(target, { at, end: bytes.length, generation }, header)
      if (size === 0) break
      const { ticket, count } = header
      if (count > 0) {
        const range = { firstTicket: ticket, endTicket: ticket + count }
        this.#writes.push({ path: call.path, ...range, state: 'written' })
      }
      at += size
    }
  }

  #sync(event: TracedEvent): void {
    const { thread, call } = event
    if (event.kind === 'begun') {
      const covered = this.#writes
        .slice(this.#firstOpen)
        .filter(({ path, state }) => path === call.path && state === 'written')
      this.#syncing.set(thread, covered)
      const isDirectory = call.path === this.#subject.directory
      this.#naming.set(thread, isDirectory ? [...this.#names.keys()] : [])
      return
    }
    const covered = this.#syncing.get(thread) ?? []
    const named = this.#naming.get(thread) ?? []
    this.#syncing.delete(thread)
    this.#naming.delete(thread)
    if (event.result !== 0) {
      this.#violate(`a sync of ${call.path} failed`)
      return
    }
    this.#syncs++
    for (const write of covered) write.state = 'synced'
    for (const path of named) this.#names.set(path, 'synced')
  }

  #advance(): void {
    for (; this.#firstOpen < this.#writes.length; this.#firstOpen++) {
      const write = this.#writes[this.#firstOpen]
      if (write === undefined || write.state !== 'synced') return
      if (this.#names.get(write.path) !== 'synced') return
      if (write.firstTicket > this.#durableEnd) return
      this.#durableEnd = Math.max(this.#durableEnd, write.endTicket)
    }
  }

  #violate(what: string): void {
    if (this.#violations.length < VIOLATIONS_MAX) this.#violations.push(what)
  }
}

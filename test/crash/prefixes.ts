/**
 * Proves that a sequence does, until its last operation begins, what the sequence without that one does until its
 * end, call for call and byte for byte. So who crashes every sequence at its own calls crashes all of them everywhere.
 */
import assert from 'node:assert/strict'
import { CrashDisk } from '../sim/crash-disk.ts'
import { settled } from '../sim/turn.ts'
import { type Base, journalSpec, type SpecOptions } from './journal-spec.ts'
import { Ledger } from './ledger.ts'

export class Prefixes {
  readonly #base: Base
  /** The digest of each run at its end. */
  readonly #ends = new Map<string, string>()

  constructor(base: Base) {
    this.#base = base
  }

  /** To be asked by the run of this sequence; throws there if it begins otherwise. */
  async expecting(names: readonly string[]): Promise<SpecOptions['digested']> {
    const shorter = names.slice(0, -1)
    const end = shorter.length === 0 ? null : await this.#endOf(shorter)
    return (moment, digest) => {
      if (moment === 'over') this.#ends.set(idOf(names), digest)
      else assert.equal(digest, end, `${idOf(names)} does not begin as ${idOf(shorter)} ends`)
    }
  }

  async #endOf(names: readonly string[]): Promise<string> {
    const id = idOf(names)
    if (!this.#ends.has(id)) {
      const digested = await this.expecting(names)
      const spec = journalSpec(this.#base, names, { digested })
      const disk = spec.disk?.() ?? new CrashDisk()
      await settled(spec.workload(disk, new Ledger()), `the workload ${spec.id}`)
    }
    const end = this.#ends.get(id)
    assert(end !== undefined, `${id} never ended`)
    return end
  }
}

function idOf(names: readonly string[]): string {
  return names.join(', ')
}

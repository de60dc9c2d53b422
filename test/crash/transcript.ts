/**
 * All that a run did to its disk and noted in its ledger, as one digest: two runs with equal digests had the same
 * crash points with the same ledgers. Only listens.
 */
import { createHash } from 'node:crypto'
import type { DiskObserver } from '../sim/disk-engine.ts'
import type { Call } from '../sim/disk-faults.ts'
import type { Ledger } from './ledger.ts'

export class Transcript<Entry> implements DiskObserver {
  readonly #ledger: Ledger<Entry>
  readonly #hash = createHash('sha256')
  /** What was not hashed yet. */
  #lines = ''

  constructor(ledger: Ledger<Entry>) {
    this.#ledger = ledger
  }

  issued({ number, kind, path, position, sizeBytes }: Call): void {
    const { length } = this.#ledger
    this.#lines += `${number} ${kind} ${path} ${position} ${sizeBytes} ${length}\n`
  }

  written(path: string, position: number, bytes: Uint8Array): void {
    this.#lines += `written ${path} ${position}\n`
    this.#hash.update(this.#lines).update(bytes)
    this.#lines = ''
  }

  synced(path: string): void {
    this.#lines += `synced ${path}\n`
  }

  failed({ number }: Call): void {
    this.#lines += `failed ${number}\n`
  }

  /** Of everything until now. */
  digest(): string {
    const ledger = JSON.stringify(this.#ledger.until(this.#ledger.length))
    return this.#hash.copy().update(this.#lines).update(ledger).digest('hex')
  }
}

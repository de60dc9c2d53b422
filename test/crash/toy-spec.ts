/**
 * What the toy store promises, as a crash specification: the workload, the recovery and the check that the
 * drivers' own tests run. Small, so that a reader sees how the real stores' specifications are written.
 */
import assert from 'node:assert/strict'
import { type Disk, DiskError } from '../../src/base/ports.ts'
import type { CrashSpec } from './enumerate.ts'
import type { Ledger } from './ledger.ts'
import { type ToyFlaw, type ToyState, ToyStore, toyBody } from './toy-store.ts'

export interface ToyEntry {
  readonly kind: 'append' | 'configure'
  readonly phase: 'tried' | 'acked'
  readonly value: string
}

/** Larger than a page and no multiple of a sector, so that a write can lose its middle. */
const LONG_SIZE = 9_001

export function toySpec(flaw: ToyFlaw): CrashSpec<ToyState, ToyEntry> {
  return {
    id: `toy/${flaw}`,
    workload: (disk, ledger) => runToy(disk, ledger, flaw),
    async recover(disk) {
      const store = await ToyStore.open(disk, flaw)
      const { log, setting } = store.state
      await store.close()
      assert.deepEqual(disk.openPaths, [])
      return { log: log.map(brief), setting: brief(setting) }
    },
    check: checkToy,
    compare: (first, second) => assert.deepEqual(second, first),
  }
}

/** A failure of the disk ends it: nothing is tried after it. */
async function runToy(disk: Disk, ledger: Ledger<ToyEntry>, flaw: ToyFlaw): Promise<void> {
  try {
    const store = await ToyStore.open(disk, flaw)
    try {
      await takeSteps(store, ledger)
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
  }
}

async function takeSteps(store: ToyStore, ledger: Ledger<ToyEntry>): Promise<void> {
  const steps: readonly (readonly ['append' | 'configure', string])[] = [
    ['append', toyBody('a', 100)],
    ['configure', toyBody('x', 5_000)],
    ['append', toyBody('b', LONG_SIZE)],
    ['configure', toyBody('y', 4_500)],
    ['append', toyBody('c', 600)],
  ]
  for (const [kind, value] of steps) {
    ledger.note({ kind, phase: 'tried', value })
    if (kind === 'append') await store.append(value)
    else await store.configure(value)
    ledger.note({ kind, phase: 'acked', value })
  }
}

function checkToy(state: ToyState, entries: readonly ToyEntry[]): void {
  const tried = valuesOf(entries, 'append', 'tried')
  const acked = valuesOf(entries, 'append', 'acked')
  assert.ok(state.log.length >= acked.length, `${acked.length - state.log.length} acked lost`)
  assert.deepEqual(state.log, tried.slice(0, state.log.length), 'invented or reordered')
  const settings = [brief(''), ...valuesOf(entries, 'configure', 'tried')]
  const lastAcked = valuesOf(entries, 'configure', 'acked').length
  const possible = settings.slice(lastAcked)
  assert.ok(possible.includes(state.setting), 'the setting is neither the old nor the new one')
}

function valuesOf(
  entries: readonly ToyEntry[],
  kind: ToyEntry['kind'],
  phase: ToyEntry['phase'],
): readonly string[] {
  return entries
    .filter((entry) => entry.kind === kind && entry.phase === phase)
    .map(({ value }) => brief(value))
}

/** `a x 100` instead of a hundred letters; anything else but one repeated letter stands out. */
function brief(body: string): string {
  const letter = body.slice(0, 1)
  const isWhole = body === letter.repeat(body.length)
  return isWhole ? `${letter} x ${body.length}` : `mixed x ${body.length}`
}

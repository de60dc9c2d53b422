/**
 * What the toy store promises, as a crash specification: the workload, the recovery and the check that the
 * drivers' own tests run. Small, so that a reader sees how the real stores' specifications are written.
 */
import assert from 'node:assert/strict'
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
    async workload(disk, ledger) {
      const store = await ToyStore.open(disk, flaw)
      await runToy(store, ledger)
      await store.close()
    },
    async recover(disk) {
      const store = await ToyStore.open(disk, flaw)
      const { state } = store
      await store.close()
      assert.deepEqual(disk.openPaths, [])
      return state
    },
    check: checkToy,
    compare: (first, second) => assert.deepEqual(second, first),
  }
}

export async function runToy(store: ToyStore, ledger: Ledger<ToyEntry>): Promise<void> {
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

export function checkToy(state: ToyState, entries: readonly ToyEntry[]): void {
  const tried = valuesOf(entries, 'append', 'tried')
  const acked = valuesOf(entries, 'append', 'acked')
  assert.ok(state.log.length >= acked.length, `${acked.length - state.log.length} acked lost`)
  assert.deepEqual(state.log, tried.slice(0, state.log.length), 'invented or reordered')
  const settings = ['', ...valuesOf(entries, 'configure', 'tried')]
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
    .map(({ value }) => value)
}

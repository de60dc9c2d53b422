/**
 * A flaw: something wrong on purpose in the real broker, for as long as its test runs. Some seed of the world has to
 * notice it, and to say what is wrong.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withStrays } from './strays.ts'
import type { WorldReport } from './world.ts'

const SEEDS_MAX = 40 // every flaw is found within a few

/** Replaces a method; answers what puts it back. */
export function replace<T, K extends keyof T>(
  prototype: T,
  name: K,
  change: (real: T[K]) => T[K],
): () => void {
  const real = prototype[name]
  prototype[name] = change(real)
  return () => {
    prototype[name] = real
  }
}

export type Flaw = {
  readonly what: string
  readonly plant: () => () => void
  readonly noticedAs: RegExp
}

type Play = (seed: number) => Promise<WorldReport>

/** Before the first test: from there on node:test follows every promise, and a seed takes three times as long. */
export async function flawTests(flaws: readonly Flaw[], play: Play): Promise<void> {
  const findings = new Map<Flaw, string | null>()
  for (const flaw of flaws) findings.set(flaw, await noticed(flaw, play))
  for (const flaw of flaws) {
    test(`a broker that ${flaw.what} is found out`, () => {
      const finding = findings.get(flaw)
      assert(typeof finding === 'string', 'no seed noticed')
      assert.match(finding, flaw.noticedAs)
    })
  }
}

/** What the first seed that fails says; null when none does. */
async function noticed({ plant }: Flaw, play: Play): Promise<string | null> {
  const heal = plant()
  try {
    for (let seed = 0; seed < SEEDS_MAX; seed++) {
      const [outcome] = await Promise.allSettled([withStrays(() => play(seed))])
      if (outcome.status === 'rejected') return String(outcome.reason)
    }
    return null
  } finally {
    heal()
  }
}

/**
 * Chance from a seed, and what is drawn from any chance. The generator is Chris Doty-Humphrey's
 * sfc32: 128 bits of state, a period of 2^32 at the very least. For simulations and for shaking
 * the dice of tests; never for secrets (the real port in src/node/ draws from the system).
 */
import { assert } from './assert.ts'
import type { Random } from './ports.ts'

const WORD = 2 ** 32

/** The same seed is the same sequence, on every machine and for ever. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter: number

  /** Any safe integer that is not negative; all its bits count. */
  constructor(seed: number) {
    assert(Number.isSafeInteger(seed) && seed >= 0, 'a seed is a non-negative safe integer')
    this.#a = seed | 0
    this.#b = Math.floor(seed / WORD) | 0
    this.#c = 0
    this.#counter = 1
    // Neighbouring seeds begin alike; twelve rounds part them (as PractRand's own seeding does).
    for (let round = 0; round < 12; round++) this.u32()
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11) | 0) + sum) | 0
    return sum >>> 0
  }
}

/** A uniform integer in [0, count): draws again where a remainder would favour the small ones. */
export function below(random: Random, count: number): number {
  assert(Number.isSafeInteger(count) && count > 0 && count <= WORD, 'count is 1 to 2^32')
  // The largest multiple of `count` that fits; at worst half of all draws fall above it.
  const fair = WORD - (WORD % count)
  let drawn = random.u32()
  while (drawn >= fair) drawn = random.u32()
  return drawn % count
}

/** One item, each as likely as another. */
export function pick<T>(random: Random, items: readonly T[]): T {
  assert(items.length > 0, 'nothing to pick from')
  return items[below(random, items.length)] as T
}

/** Puts the items in a random order, in place; every order is equally likely. */
export function shuffle<T>(random: Random, items: T[]): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = below(random, last + 1)
    const held = items[last] as T
    items[last] = items[other] as T
    items[other] = held
  }
}

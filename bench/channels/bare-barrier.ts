/**
 * The least that a barrier between threads can be: two words, one sleep and one wake-up. Nobody can leave it, and it
 * sees no death. What the real one is compared with.
 */

/** How many have come, and the round, each in a cache line of its own. */
const ARRIVED = 0
const ROUND = 16
const BYTES = 128

export function allocateBare(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(BYTES))
}

export function bareRound(words: Int32Array): number {
  return Atomics.load(words, ROUND)
}

/** Meets the others for ever. */
export function meetBare(words: Int32Array, parties: number): never {
  for (;;) {
    const round = Atomics.load(words, ROUND)
    if (Atomics.add(words, ARRIVED, 1) + 1 === parties) {
      Atomics.store(words, ARRIVED, 0)
      Atomics.store(words, ROUND, round + 1)
      Atomics.notify(words, ROUND)
    } else {
      while (Atomics.load(words, ROUND) === round) Atomics.wait(words, ROUND, round)
    }
  }
}

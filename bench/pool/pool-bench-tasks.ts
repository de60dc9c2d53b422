/** What the workers of the pool benchmarks do: next to nothing, or a fixed amount of arithmetic. */

export function increment(value: number): number {
  return value + 1
}

/** Some 0.2 milliseconds of arithmetic that touches no memory. */
export function compute(seed: number): number {
  let state = seed | 1
  for (let step = 0; step < 100_000; step += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
  }
  return state
}

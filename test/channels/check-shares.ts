/** The law of shares: who asks again and again gets at least half and at most twice what is fair. */
import assert from 'node:assert/strict'

/** Whether each of them got at least half and at most twice what an equal division gives it. */
export function isFair(shares: readonly number[], count: number): boolean {
  const fair = count / shares.length
  return Math.min(...shares) >= fair / 2 && Math.max(...shares) <= fair * 2
}

/** Throws unless it is fair, and all of it. */
export function checkShares(shares: readonly number[], count: number): void {
  assert.equal(
    shares.reduce((sum, share) => sum + share, 0),
    count,
  )
  assert.ok(
    isFair(shares, count),
    `somebody got too little or too much, of ${count}: ${shares.join(' ')}`,
  )
}

/** The law of shares: who asks again and again gets at least half and at most twice what is fair. */
import assert from 'node:assert/strict'

/** Each consumer got at least half and at most twice what an equal division gives it. */
export function checkShares(shares: readonly number[], count: number): void {
  assert.equal(
    shares.reduce((sum, share) => sum + share, 0),
    count,
  )
  const fair = count / shares.length
  const text = `of ${count}: ${shares.join(' ')}`
  assert.ok(Math.min(...shares) >= fair / 2, `somebody got too little, ${text}`)
  assert.ok(Math.max(...shares) <= fair * 2, `somebody got too much, ${text}`)
}

/** A process that is killed takes nothing with it that it had acknowledged, and leaves nothing it had not said. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { KillLedger } from './kill-ledger.ts'
import type { KillScale } from './kill-limits.ts'
import { runKillRounds } from './kill-rounds.ts'

async function killing(scale: KillScale, rounds: number): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'naru-kill-'))
  try {
    const directory = join(parent, 'data')
    const report = await runKillRounds({ directory, scale, seed: 1, rounds, told: () => undefined })
    assert.equal(report.rounds, rounds)
    assert(report.acknowledged > 0, 'nothing was ever acknowledged, so nothing was shown')
  } finally {
    await rm(parent, { recursive: true })
  }
}

const isPosix = process.platform !== 'win32'

test('five kills of a journal of tiny files', { skip: !isPosix && 'no signals' }, () =>
  killing('tiny', 5),
)

test('five kills of a journal as it is used', { skip: !isPosix && 'no signals' }, () =>
  killing('default', 5),
)

test('the ledger knows what lives at any ticket', () => {
  const ledger = new KillLedger()
  for (const line of ['open', 'ready 1', 'put 2 0 7', 'put 3 1 8', 'settled 3', 'drop 4 2']) {
    ledger.take(line)
  }
  assert.equal(ledger.acknowledged, 3)
  assert.deepEqual(ledger.living(3), [
    { ticket: 2, log: 0, number: 7 },
    { ticket: 3, log: 1, number: 8 },
  ])
  assert.deepEqual(ledger.living(4), [{ ticket: 3, log: 1, number: 8 }])
  ledger.endAt(3)
  assert.equal(ledger.living(9).length, 2)
})

/** The audit on a real process and the real disk: a short one, and both canaries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasStrace, runAudit } from './run-audit.ts'

const skip = hasStrace() ? false : 'strace is not installed'
const ENTRIES = 400

test('the real disk syncs commits and names before they are acknowledged', { skip }, async () => {
  const { acknowledged, acks, violations } = await runAudit(ENTRIES, 'honest')
  assert.deepEqual(violations, [])
  assert.ok(acknowledged >= ENTRIES && acks > 0)
})

for (const conduct of ['early', 'unsynced'] as const) {
  test(`a process that acknowledges what is ${conduct} is found out`, { skip }, async () => {
    const { violations } = await runAudit(ENTRIES, conduct)
    assert.match(violations.join('\n'), /ticket \d+ is acknowledged, and synced is what is below/)
  })
}

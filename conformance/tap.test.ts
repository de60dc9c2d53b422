/** What the runner prints is read as it is meant: tests by their path, suites not at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTap } from './tap.ts'

test('tests are told apart by the suites that they are in', () => {
  const text = `TAP version 13
# Subtest: bindings
    # Subtest: bind queue
    ok 1 - bind queue
      ---
      duration_ms: 1
      ...
    # Subtest: bind exchange
    not ok 2 - bind exchange
    1..2
not ok 1 - bindings
# Subtest: alone
ok 2 - alone # SKIP not today
# Subtest: bind queue
ok 3 - bind queue
`
  assert.deepEqual(readTap(text), [
    { name: 'bindings > bind queue', kind: 'passed' },
    { name: 'bindings > bind exchange', kind: 'failed' },
    { name: 'alone', kind: 'skipped' },
    { name: 'bind queue', kind: 'passed' },
  ])
})

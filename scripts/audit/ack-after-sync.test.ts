/** The audit on calls that were recorded, as they were and with faults planted among them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AckAudit, type AuditReport } from './ack-after-sync.ts'
import { StraceLog } from './strace-log.ts'

// A journal with one commit of three entries and a mark; `fixtures/calls.txt` is what strace said of it.
const subject = { directory: '/data', identity: { low: 3_879_743_979, high: 3_053_836_023 } }
const folder = join(import.meta.dirname, '..', '..', '..', 'scripts', 'audit', 'fixtures')
const recorded = readFileSync(join(folder, 'calls.txt'), 'latin1').trimEnd().split('\n')

const commitAt = recorded.findIndex((line) => line.endsWith(', 296, 8192) = 296'))
const syncAt = commitAt + 1
const ackAt = commitAt + 2

function audited(lines: readonly string[]): AuditReport {
  const audit = new AckAudit(subject)
  const log = new StraceLog()
  for (const line of lines) for (const event of log.read(line)) audit.take(event)
  return audit.report
}

test('what was recorded keeps the rule', () => {
  assert.deepEqual(audited(recorded), {
    acks: 1,
    acknowledged: 3,
    writes: 1,
    syncs: 6,
    violations: [],
  })
})

test('an acknowledgement before the sync is found', () => {
  const early = recorded.toSpliced(ackAt, 2)
  early.splice(syncAt, 0, ...recorded.slice(ackAt, ackAt + 2))
  assert.deepEqual(audited(early).violations, [
    'ticket 3 is acknowledged, and synced is what is below 1',
  ])
})

test('an acknowledgement while the sync is under way is found', () => {
  const sync = recorded[syncAt]!
  const [thread] = sync.split(' ')
  const cut = [
    sync.replace(/\)\s+= 0$/, ' <unfinished ...>'),
    `${thread} <... fdatasync resumed>) = 0`,
  ]
  const slow = [...recorded]
  slow.splice(syncAt, 1, cut[0]!)
  slow.splice(ackAt + 2, 0, cut[1]!)
  assert.equal(audited(slow).violations.length, 1)
})

test('a sync that began before the write is no sync of it', () => {
  const sync = recorded[syncAt]!
  const thread = '9'
  const begun = sync.replace(/^\d+/, thread).replace(/\)\s+= 0$/, ' <unfinished ...>')
  const old = recorded.toSpliced(syncAt, 1, `${thread} <... fdatasync resumed>) = 0`)
  old.splice(commitAt, 0, begun)
  assert.equal(audited(old).violations.length, 1)
})

test('the sync of another file, a sync that fails, and none at all are found', () => {
  const hex = (text: string): string =>
    text.replace(/./g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
  const sync = recorded[syncAt]!
  const other = sync.replace(hex('journal-00000'), hex('journal-00001'))
  assert.notEqual(other, sync)
  for (const planted of [[other], [sync.replace(/= 0$/, '= -1 EIO (Input/output error)')], []]) {
    assert.notEqual(audited(recorded.toSpliced(syncAt, 1, ...planted)).violations.length, 0)
  }
})

test('a write to a file that is none of the journal is found', () => {
  const line = '7 pwrite64(19</data/scratch>, "\\x00", 1, 0) = 1'
  const { violations } = audited([...recorded, line])
  assert.deepEqual(violations, ['a write to /data/scratch, which is no file of the journal'])
})

test('an acknowledgement of what lies in a file whose name may vanish is found', () => {
  const hex = (text: string): string =>
    text.replace(/./g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
  const isOfDirectory = (line: string): boolean =>
    line.includes('sync(') && line.includes(`<${hex('/data')}>`)
  const nameless = recorded.filter((line) => !isOfDirectory(line))
  assert.notEqual(nameless.length, recorded.length)
  assert.deepEqual(audited(nameless).violations, [
    'ticket 3 is acknowledged, and synced is what is below 1',
  ])
})

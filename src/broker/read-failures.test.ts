/** Trying again what could not be read: when, for whom, and how often the operator hears of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { DiskError } from '../base/ports.ts'
import { ReadFailures } from './read-failures.ts'

const failure = new DiskError(
  'io',
  'data/journal-00001',
  "EIO: i/o error, read 'data/journal-00001'",
)

function open(): { clockwork: Clockwork; lines: string[]; failures: ReadFailures } {
  const clockwork = new Clockwork()
  const lines: string[] = []
  const log = { info: assert.fail, warn: (text: string) => lines.push(text), error: assert.fail }
  return { clockwork, lines, failures: new ReadFailures({ ...clockwork, log }) }
}

test('all who could not read try again after a second, each once', async () => {
  const { clockwork, failures } = open()
  const tried: string[] = []
  assert(failures.retry(failure, () => tried.push('a')))
  await clockwork.advance(500)
  assert(failures.retry(failure, () => tried.push('b')))
  await clockwork.advance(499)
  assert.deepEqual(tried, [])
  await clockwork.advance(1)
  assert.deepEqual(tried, ['a', 'b'])
  await clockwork.advance(60_000)
  assert.deepEqual(tried, ['a', 'b'])
  assert.equal(clockwork.timers, 0)
})

test('what is no failure of the disk is not tried again', () => {
  const { clockwork, lines, failures } = open()
  assert.equal(failures.retry(new Error('damaged'), assert.fail), false)
  assert.equal(clockwork.timers, 0)
  assert.deepEqual(lines, [])
})

test('the operator hears of it at once, and then once a minute however often it happens', async () => {
  const { clockwork, lines, failures } = open()
  for (let second = 0; second <= 120; second++) {
    failures.retry(failure, () => {})
    await clockwork.advance(1_000)
  }
  assert.equal(lines.length, 3)
  assert.match(lines[0]!, /EIO.*journal-00001.*tried again.*check the disk/)
  const handles = new DiskError('handles', 'data', 'EMFILE: too many open files')
  await clockwork.advance(60_000)
  failures.tell(handles, 'and so on')
  assert.match(lines.at(-1)!, /and so on; allow more open files/)
})

test('a broker that is over tries nothing again, and says nothing', async () => {
  const { clockwork, lines, failures } = open()
  failures.retry(failure, assert.fail)
  failures.stop()
  failures.stop()
  assert.equal(clockwork.timers, 0)
  assert(failures.retry(failure, assert.fail))
  await clockwork.advance(60_000)
  assert.equal(lines.length, 1)
})

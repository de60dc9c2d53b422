/** The examples of the broker print what they promise, line by line. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { partitionOfKey } from '../../src/api/partitioner.ts'

const run = promisify(execFile)

/** Far longer than an example takes, and far shorter than a hang. */
const limitMs = 60_000

async function linesOf(example: string): Promise<string[]> {
  const path = fileURLToPath(new URL(`../../examples/${example}.js`, import.meta.url))
  const { stdout, stderr } = await run(process.execPath, [path], { timeout: limitMs })
  assert.equal(stderr, '')
  return stdout.trimEnd().split('\n')
}

test('messages of a queue go once, and records of a stream to every reader', async () => {
  const partition = partitionOfKey(new TextEncoder().encode('alice'), 4)
  assert.deepEqual(await linesOf('broker'), [
    'work on 17',
    'work on 18',
    `billing reads paid 12 at ${partition}:0`,
    `audit reads paid 12 at ${partition}:0`,
  ])
})

test('an audit goes on at the event where it failed, and comes to what an undisturbed one does', async () => {
  assert.deepEqual(await linesOf('audit-replay'), [
    'inspector begins at event 0, 0 are counted',
    'inspector fails at event 7: while counting',
    'inspector begins at event 7, 7 are counted',
    'inspector fails at event 13: before the commit',
    'inspector begins at event 13, 14 are counted',
    'colleague begins at event 0, 0 are counted',
    'inspector {"ara":27,"bora":18,"chan":35}',
    'colleague {"ara":27,"bora":18,"chan":35}',
  ])
})

test('a channel over a queue goes on where a program that failed left it', async () => {
  assert.deepEqual(await linesOf('queue-channel'), [
    'made tea',
    'fails while making rice',
    'made rice after all',
    'made salt after all',
  ])
})

test('calls over a broker reach whoever answers to the name', async () => {
  assert.deepEqual(await linesOf('queue-rpc'), [
    'tea costs 30',
    'it has cost 21',
    'it has cost 24',
    'it has cost 27',
    'callers of the two: 1',
  ])
})

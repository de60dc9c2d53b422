/** The examples of the broker print what they promise, line by line. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { partitionOfKey } from '../../src/api/partitioner.ts'

const run = promisify(execFile)

test('messages of a queue go once, and records of a stream to every reader', async () => {
  const path = fileURLToPath(new URL('../../examples/broker.js', import.meta.url))
  const { stdout, stderr } = await run(process.execPath, [path], { timeout: 30_000 })
  const partition = partitionOfKey(new TextEncoder().encode('alice'), 4)
  assert.equal(stderr, '')
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'work on 17',
    'work on 18',
    `billing reads paid 12 at ${partition}:0`,
    `audit reads paid 12 at ${partition}:0`,
  ])
})

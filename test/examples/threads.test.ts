/** The examples of threads print what they promise, line by line. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Far longer than an example takes, and far shorter than a hang. */
const limitMs = 60_000

async function linesOf(example: string): Promise<string[]> {
  const path = fileURLToPath(new URL(`../../examples/${example}.js`, import.meta.url))
  const { stdout, stderr } = await run(process.execPath, [path], { timeout: limitMs })
  assert.equal(stderr, '')
  return stdout.trimEnd().split('\n')
}

test('when one of two threads dies the other does all that is left', async () => {
  assert.deepEqual(await linesOf('threads'), [
    'one thread has died, and the other goes on',
    'the other is done',
    '9592 primes below 100000',
  ])
})

test('a thread answers calls, and the call that it takes along fails at once', async () => {
  assert.deepEqual(await linesOf('thread-rpc'), [
    '7919 is prime: true',
    'factor 2',
    'factor 2',
    'factor 2',
    'factor 3',
    'factor 3',
    'factor 5',
    'factor 7',
    'the call that was under way: RPC_CLOSED',
  ])
})

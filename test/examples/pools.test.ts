/** The examples of pools and processes print what they promise, line by line. */
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

test('a pool of two processes counts what took five processes before', async () => {
  assert.deepEqual(await linesOf('process-per-file'), [
    '5 processes counted 3, 4, 0, 4, 2 words',
    '2 processes counted 3, 4, 0, 4, 2 words',
  ])
})

test('threads wait side by side, compute side by side, and give errors back', async () => {
  assert.deepEqual(await linesOf('thread-pool'), [
    ...Array.from({ length: 8 }, (_, index) => `page ${index + 1} downloaded`),
    'fibonacci(24) is 46368',
    'refused: fibonacci(100) would take all day',
  ])
})

test('a server answers what is light while its workers do what is heavy, and refuses what is too much', async () => {
  assert.deepEqual(await linesOf('web-server'), [
    '/fibonacci?n=20: 200 6765',
    '/fibonacci?n=100: 400 RangeError: fibonacci(100) would take all day',
    '/fibonacci?n=12: 503 too busy, come back later',
    '/health: 200 well',
    '/fibonacci?n=45: 504 that took too long',
    '/fibonacci?n=10: 200 55',
    '/fibonacci?n=11: 200 89',
  ])
})

test('a pool works a channel off, and what cannot be done is put aside', async () => {
  assert.deepEqual(await linesOf('worker-queue'), [
    '18 done, their sum is 17320',
    'put aside: 70, 140',
  ])
})

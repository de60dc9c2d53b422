/** The examples of sockets and processes print what they promise, line by line. */
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

test('a server queues what plain clients send, whatever their packets look like', async () => {
  assert.deepEqual(await linesOf('socket-queue-server'), [
    'message: hello, no line end',
    'message: 안녕하세요',
    'message: one',
    'message: two',
    'message: three',
    'message: four',
    'message: five',
    'message: fine so far',
    'message: that is all',
    '9 messages; one client was told ERR not UTF-8',
  ])
})

test('lines of several programs are collected without losing one', async () => {
  assert.deepEqual(await linesOf('log-sockets'), [
    'bank: 1000 lines',
    'mail: 500 lines',
    'shop: 2000 lines',
    '3500 lines, and far fewer writes: true',
  ])
})

test('processes count words in two stages with a barrier between them', async () => {
  assert.deepEqual(await linesOf('word-count'), [
    'the: 6',
    'ferry: 5',
    'is: 3',
    'river: 3',
    '17 words',
  ])
})

/** The examples of message passing print what they promise, line by line. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Far longer than an example takes, and far shorter than a hang. */
const limitMs = 30_000

async function linesOf(example: string): Promise<string[]> {
  const path = fileURLToPath(new URL(`../../examples/${example}.js`, import.meta.url))
  const { stdout, stderr } = await run(process.execPath, [path], { timeout: limitMs })
  assert.equal(stderr, '')
  return stdout.trimEnd().split('\n')
}

test('a fast producer is held up by a slow consumer once three messages wait', async () => {
  assert.deepEqual(await linesOf('producer-consumer'), [
    'put  message 1',
    'put  message 2',
    'put  message 3',
    'put  message 4',
    'done message 1',
    'put  message 5',
    'done message 2',
    'put  message 6',
    'done message 3',
    'done message 4',
    'done message 5',
    'done message 6',
    'all done',
  ])
})

test('everybody in a chat room reads the same words, and who does not read holds nobody up', async () => {
  assert.deepEqual(await linesOf('chat'), [
    'mina reads  room: mina is here',
    'mina reads  room: joon is here',
    'mina reads  mina: hello',
    'mina reads  mina: anybody here?',
    'joon missed 1',
    'joon reads  mina: hello',
    'joon reads  mina: anybody here?',
    'joon reads  room: mina has left',
  ])
})

test('an order reaches payment, stock and notification', async () => {
  assert.deepEqual(await linesOf('order-fan-out'), [
    'mail: order 1, your book is on its way',
    'mail: order 2, your pen is on its way',
    'mail: order 3, your book is on its way',
    'charged 43',
    'left: 0 book, 0 pen',
  ])
})

test('the monitor sees the two unusual readings and no other', async () => {
  assert.deepEqual(await linesOf('sensor-monitor'), [
    'kiln is at 700: unusual',
    'pump is at 9.9: unusual',
    '2 sensors watched',
  ])
})

test('nobody plays a round ahead, and each round has its winner', async () => {
  assert.deepEqual(await linesOf('game-rounds'), [
    'ara plays 3',
    'bora plays 7',
    'chan plays 5',
    'round 1 goes to bora',
    'ara plays 9',
    'bora plays 2',
    'chan plays 6',
    'round 2 goes to ara',
    'ara plays 4',
    'bora plays 8',
    'chan plays 1',
    'round 3 goes to bora',
  ])
})

test('log lines are stored in batches, and a flood is dropped and counted', async () => {
  assert.deepEqual(await linesOf('log-collection'), [
    'write 3: order 1, refused, order 2',
    'write 3: order 3, retry 1, retry 2',
    'write 2: retry 3, retry 4',
    'dropped 6 of 15',
  ])
})

test('the pipeline stores every good row while the store sets the pace', async () => {
  assert.deepEqual(await linesOf('pipeline'), [
    'stored 1 2 3 4 6 7',
    'stored 8 9 11 12 13 14',
    'stored 16 17 18 19',
    '16 rows; never more than 4 waited',
  ])
})

test('calls get answers, errors keep their code, deadlines hold, and answers stream', async () => {
  assert.deepEqual(await linesOf('rpc'), [
    'prices 20 and 3',
    'refused: NO_SUCH_ITEM, no car',
    'given up: RPC_DEADLINE',
    'countdown 3',
    'countdown 2',
    'countdown 1',
  ])
})

/** A broker that is killed under load loses nothing that it confirmed, and says again of what it delivers again. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type KilledProtocol, runBrokerKills } from './broker-rounds.ts'
import { ClientBooks } from './client-lines.ts'

async function killing(protocol: KilledProtocol): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'naru-kill-'))
  try {
    const directory = join(parent, 'data')
    const told = (): void => undefined
    const report = await runBrokerKills({ protocol, directory, seed: 1, rounds: 5, told })
    assert(report.acked > 0)
  } finally {
    await rm(parent, { recursive: true })
  }
}

const skip = process.platform === 'win32' && 'no signals'

test(
  'five kills under an AMQP client: all that was confirmed comes, once or flagged',
  { skip },
  () => killing('amqp'),
)

test('five kills under a Kafka client: all that was confirmed is where it was', { skip }, () =>
  killing('kafka'),
)

function judged(...lines: readonly string[]): readonly string[] {
  const books = new ClientBooks()
  for (const line of lines) books.take(line)
  return [...books.judge().violations.keys()]
}

test('the books know what was lost, invented, doubled and moved', () => {
  const sent = ['try p 0 q', 'ok p 0 q', 'try p 1 q']
  const got = ['got p 0 q new c', 'settling p 0 q']
  assert.deepEqual(judged(...sent, ...got), [])
  assert.deepEqual(judged(...sent), ['lost'])
  assert.deepEqual(judged(...sent, ...got, 'got p 2 q new c'), ['unexpected'])
  assert.deepEqual(judged(...sent, ...got, 'got p 0 q new c'), ['duplicated'])
  assert.deepEqual(judged(...sent, ...got, 'got p 0 q again c'), [])
  assert.deepEqual(judged(...sent, ...got, 'left q 1'), ['left'])
  const placed = ['try p 0 t/0', 'ok p 0 t/0 0', 'try p 1 t/0']
  assert.deepEqual(judged(...placed, 'at p 0 t/0 0', 'at p 0 t/0 0', 'at p 1 t/0 1'), [])
  assert.throws(() => judged(...placed, 'at p 1 t/0 0'), /t\/0 0: p 0, then p 1/)
  assert.throws(() => judged('committed t/0 5', 'resumed t/0 4'), /committed 5, goes on at 4/)
  assert.throws(() => judged('nonsense'), /not a line/)
})

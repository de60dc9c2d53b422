/** Consumers in real threads that ask again and again share what comes, whatever its pace. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { threadLimits } from '../../src/channels/threads/limits.ts'
import { checkShares, isFair } from '../channels/check-shares.ts'
import { type AskWay, runShares, type ShareOptions } from './share.ts'

const count = 100_000

const crowds: readonly (readonly AskWay[])[] = [
  ['sync', 'sync'],
  ['async', 'async', 'async'],
  ['loop', 'loop'],
  ['sync', 'sync', 'sync', 'sync'],
]

/**
 * A busy machine keeps a thread from its core for longer than a rest, and it gets nothing meanwhile. That is made good
 * by nothing but time, so that a run which is not fair is followed by longer ones: who is starved by the channel has no
 * more of these.
 */
const lengths = [1, 2, 4]

async function judge(context: TestContext, options: ShareOptions): Promise<void> {
  for (const length of lengths) {
    const messages = count * length
    const { got, coreWaitMs } = await runShares({ ...options, count: messages })
    const sum = got.reduce((left, right) => left + right, 0)
    assert.equal(sum, messages)
    if (isFair(got, messages)) return
    if (length < lengths.at(-1)!) continue
    // Only a thread that takes no part says for certain that there was no core; those that do may lack one unseen.
    if (coreWaitMs <= threadLimits.restMs) checkShares(got, messages)
    context.skip('not judged: this machine is too busy for so many threads')
  }
}

for (const consumers of crowds) {
  for (const producers of [1, 3]) {
    const who = `${consumers.length} threads that ask (${consumers[0]}) of ${producers} that put`
    test(`of ${count} messages each of ${who} gets its share`, async (context) => {
      const ringBytes = producers === 1 ? 4_096 : 262_144
      await judge(context, { producers, consumers, count, ringBytes, paceUs: 0 })
    })
  }
}

test('the same when messages come one by one and most of the time somebody sleeps', async (context) => {
  const consumers: readonly AskWay[] = ['sync', 'sync', 'sync']
  await judge(context, { producers: 1, consumers, count, ringBytes: 4_096, paceUs: 10 })
})

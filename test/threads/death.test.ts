/** Every way in which a thread can end is noticed by those who wait for it, however they wait. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import { type Deed, Party, type Way } from './party.ts'

const traces = new SharedArrayBuffer(64)
const ways: readonly Way[] = ['sync', 'async']

/** Somebody waits for a message that only the victim could send; what is it told? */
async function toldAbout(
  victimDeed: (channel: ThreadChannel<string>) => Deed,
  way: Way,
): Promise<unknown> {
  const channel = ThreadChannel.create<string>()
  const victim = new Party(victimDeed(channel), { way: 'sync', traces })
  await victim.begun
  const waiting = new Party({ kind: 'get', channel: channel.handle }, { way, traces })
  const answer = await waiting.answer()
  await Promise.all([victim.end(), waiting.end()])
  return answer
}

for (const way of ways) {
  test(`a thread that ends with an error code is missed by one that waits (${way})`, async () => {
    const deed = (channel: ThreadChannel<string>): Deed => ({
      kind: 'exit',
      channel: channel.handle,
      code: 3,
    })
    assert.equal(await toldAbout(deed, way), 'CHANNEL_PEER_LOST')
  })

  test(`a thread that runs out of memory is missed by one that waits (${way})`, async () => {
    const deed = (channel: ThreadChannel<string>): Deed => ({
      kind: 'eat-memory',
      channel: channel.handle,
    })
    assert.equal(await toldAbout(deed, way), 'CHANNEL_PEER_LOST')
  })
}

for (const way of ways) {
  for (const code of [0, 3]) {
    test(`who joins is told that a thread ended (${code}) with its work undone (${way})`, async () => {
      const channel = ThreadChannel.create<string>({ name: 'jobs' })
      const joining = new Party({ kind: 'join', channel: channel.handle }, { way, traces })
      await joining.begun
      await channel.put('first')
      await channel.put('second')
      // A join that begins while nothing was put is over; so it has looked before, or is told.
      const late = new Party({ kind: 'join', channel: channel.handle }, { way, traces })
      await late.begun
      const doomed = new Party({ kind: 'keep', channel: channel.handle, code }, { way, traces })
      assert.equal(await late.answer(), 'CHANNEL_PEER_LOST')
      const why = code === 0 ? /who had received has left/ : /thread \d+ has ended/
      await assert.rejects(channel.join(), why)
      assert.match(String(await joining.answer()), /^(undefined|CHANNEL_PEER_LOST)$/)
      await Promise.all([joining, late, doomed].map((party) => party.end()))
    })
  }
}

test('a thread that blocks is told of the death of the child it waits for', async () => {
  const parent = new Party({ kind: 'wait-for-child' }, { way: 'sync', traces })
  assert.equal(await parent.answer(), 'CHANNEL_PEER_LOST')
  await parent.end()
})

for (const way of ways) {
  test(`a thread that was ended by one that knows nothing of the channel is missed (${way})`, async () => {
    const waiting = new Party({ kind: 'make-and-get' }, { way, traces })
    const channel = await waiting.begun
    assert.ok(channel !== null)
    const victim = new Party({ kind: 'send-nothing', channel }, { way: 'async', traces })
    await victim.begun
    await victim.end()
    assert.equal(await waiting.answer(), 'CHANNEL_PEER_LOST')
    await waiting.end()
  })
}

test('the main thread is told as well, and why', async () => {
  const channel = ThreadChannel.create<string>({ name: 'news' })
  const victim = new Party({ kind: 'eat-memory', channel: channel.handle }, { way: 'sync', traces })
  await assert.rejects(channel.get({ timeoutMs: 60_000 }), (error: Error & { code: string }) => {
    assert.equal(error.code, 'CHANNEL_PEER_LOST')
    assert.match(error.message, /news has no sender left: thread \d+ has ended: .*memory/)
    assert.ok(error.cause instanceof Error)
    return true
  })
  await victim.end()
})

test('a thread that ends well is not missed', async () => {
  const channel = ThreadChannel.create<string>()
  const deed: Deed = { kind: 'exit', channel: channel.handle, code: 0 }
  const party = new Party(deed, { way: 'sync', traces })
  assert.equal(await party.answer(), 'EXIT')
  await assert.rejects(channel.get({ timeoutMs: 5 }), { code: 'CHANNEL_TIMEOUT' })
})

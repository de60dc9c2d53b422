/** What a party of a thread channel does with values for which there is no room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChannelEvent } from '../channel-options.ts'
import type { Sendable } from '../contract.ts'
import { ThreadChannel } from './thread-channel.ts'

type Value = number | Uint8Array

function pair(): [sender: ThreadChannel<Value>, receiver: ThreadChannel<Value>, events: string[]] {
  const events: string[] = []
  const trace = ({ kind }: ChannelEvent<Sendable>): void => {
    events.push(kind)
  }
  const receiver = ThreadChannel.create<Value>({ ringBytes: 1024 })
  const options = { whenFull: 'drop-oldest', role: 'sender', trace } as const
  return [ThreadChannel.attach<Value>(receiver.handle, options), receiver, events]
}

test('a large value takes the place of several small ones, and what stays is the newest', async () => {
  const [sender, receiver, events] = pair()
  let count = 0
  while (sender.offer(count) === 'taken') count++
  const { dropped } = sender.stats()
  assert.equal(dropped, 1)
  const before = receiver.size
  assert.equal(sender.offer(new Uint8Array(400)), 'replaced')
  const gone = sender.stats().dropped - dropped
  assert.ok(gone > 5)
  assert.equal(receiver.size, before - gone + 1)
  assert.equal(receiver.tryGet(), 1 + gone)
  for (let left = receiver.size; left > 1; left--) assert.equal(typeof receiver.tryGet(), 'number')
  assert.deepEqual(receiver.tryGet(), new Uint8Array(400))
  assert.equal(events.filter((kind) => kind === 'drop').length, sender.stats().dropped)
})

test('what was thrown away to make room is not waited for', async () => {
  const [sender, receiver] = pair()
  for (let count = 0; count < 1_000; count++) await sender.put(count)
  let last: Value | undefined
  for (let value = receiver.tryGet(); value !== undefined; value = receiver.tryGet()) {
    last = value
    receiver.taskDone()
  }
  assert.equal(last, 999)
  await sender.join()
  assert.ok(sender.stats().dropped > 900)
})

test("a message in parts is its reader's, and cannot be replaced", async () => {
  const [sender, receiver] = pair()
  const other = ThreadChannel.attach<Value>(receiver.handle, { role: 'sender' })
  const large = new Uint8Array(10_000).fill(1)
  const put = other.put(large)
  assert.equal(sender.offer(1), 'dropped')
  assert.deepEqual(await receiver.get(), large)
  await put
  assert.equal(sender.offer(2), 'taken')
  assert.equal(await receiver.get(), 2)
})

test('a value that only a put that waits could send is refused', async () => {
  const [sender, receiver] = pair()
  const large = new Uint8Array(10_000)
  assert.throws(() => sender.offer(large), { code: 'CHANNEL_MISUSE' })
  await assert.rejects(sender.put(large), { code: 'CHANNEL_MISUSE' })
  assert.equal(receiver.size, 0)
})

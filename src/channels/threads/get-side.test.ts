/** Messages in parts between parties of one thread that give up, on either side, before the last part is in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { ChannelClosed } from '../contract.ts'
import { threadLimits } from './limits.ts'
import { ThreadChannel } from './thread-channel.ts'

/** Turns of the event loop for a message of some ten parts; far fewer than fit into a look-up's second. */
const turnsMax = 1_000

type Value = string | Uint8Array

interface Parties {
  readonly here: ThreadChannel<Value>
  readonly one: ThreadChannel<Value>
  readonly two: ThreadChannel<Value>
}

function parties(): Parties {
  const here = ThreadChannel.create<Value>({ ringBytes: 1024 })
  const [one, two] = [
    ThreadChannel.attach<Value>(here.handle),
    ThreadChannel.attach<Value>(here.handle),
  ]
  return { here, one, two }
}

function large(fill: number): Uint8Array {
  return new Uint8Array(10_000).fill(fill)
}

/** The value, if it comes before any look-up could have helped. */
async function soon<T>(promise: Promise<T>): Promise<T | 'never'> {
  let answer: T | 'never' = 'never'
  const got = promise.then((value) => {
    answer = value
  })
  for (let turn = 0; turn < turnsMax && answer === 'never'; turn++) await macrotask()
  if (answer !== 'never') await got
  return answer
}

/** One party puts a large message, the other begins it, and the first gives up. */
async function giveUp(here: ThreadChannel<Value>, one: ThreadChannel<Value>): Promise<void> {
  const controller = new AbortController()
  const put = here.put(large(0), { signal: controller.signal })
  assert.equal(one.tryGet(), undefined)
  controller.abort(new Error('enough'))
  await assert.rejects(put, { message: 'enough' })
}

test('a get that gives up in the middle of a message lets the others go on', async () => {
  const { here, one, two } = parties()
  const controller = new AbortController()
  const given = one.get({ signal: controller.signal })
  const put = here.put(large(1)).then(() => 'in')
  const unwatch = one.onReadable(() => undefined) // those who wait are served: it is begun
  controller.abort(new Error('enough'))
  unwatch()
  await assert.rejects(given, { message: 'enough' })
  assert.equal(await soon(put), 'in')
  assert.ok(here.tryPut('next'))
  assert.equal(await soon(two.get()), 'next')
  assert.deepEqual(one.tryGet(), large(1))
})

test('a watch that ends in the middle of a message lets the others go on', async () => {
  const { here, one, two } = parties()
  const put = here.put(large(1)).then(() => 'in')
  one.onReadable(() => undefined)()
  assert.equal(await soon(put), 'in')
  assert.ok(here.tryPut('next'))
  assert.equal(await soon(two.get()), 'next')
  assert.deepEqual(one.tryGet(), large(1))
})

test('a loop that is left in the middle of a message lets the others go on', async () => {
  const { here, one, two } = parties()
  const loop = one[Symbol.asyncIterator]()
  const next = loop.next()
  const put = here.put(large(1)).then(() => 'in')
  const unwatch = one.onReadable(() => undefined)
  await loop.return?.()
  unwatch()
  assert.deepEqual(await next, { value: undefined, done: true })
  assert.equal(await soon(put), 'in')
  assert.ok(here.tryPut('next'))
  assert.equal(await soon(two.get()), 'next')
  assert.deepEqual(one.tryGet(), large(1))
})

test('who had begun a message that was given up is not its reader for ever', async () => {
  const { here, one, two } = parties()
  await giveUp(here, one)
  assert.ok(here.tryPut('next'))
  assert.equal(one.tryGet(), 'next')
  const got = two.get()
  await here.put(large(1))
  assert.deepEqual(await soon(got), large(1))
})

test('what comes after a message that was given up is for who asks for it', async () => {
  const { here, one, two } = parties()
  await giveUp(here, one)
  const got = two.get()
  assert.ok(here.tryPut('next'))
  assert.equal(await soon(got), 'next')
  await giveUp(here, one)
  const put = here.put(large(2))
  assert.deepEqual(await soon(two.get()), large(2))
  await put
  assert.equal(one.tryGet(), undefined)
})

test('who is far ahead of one that waits still gets what is there when it has no time to rest', async () => {
  const { here, one: fast, two: slow } = parties()
  const waiting = slow.get()
  for (let count = 0; count < 2 * threadLimits.aheadMax; count++) {
    assert.ok(here.tryPut('x'))
    assert.equal(fast.tryGet(), 'x')
  }
  assert.ok(here.tryPut('y'))
  assert.equal(await fast.get({ timeoutMs: 0 }), 'y')
  here.close()
  await assert.rejects(waiting, ChannelClosed)
})

/** A wait that can be ended, and leaves nothing behind. */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { unlessAborted, untilAborted } from './abort.ts'
import { deferred } from './deferred.ts'

/** A wait whose ends the test holds, and which counts how often it was given up. */
function held(): {
  resolve: (value: string) => void
  reject: (reason: unknown) => void
  givenUp: number
  start: (resolve: (value: string) => void, reject: (reason: unknown) => void) => () => void
} {
  const self = {
    resolve: (_: string): void => assert.fail('not started'),
    reject: (_: unknown): void => assert.fail('not started'),
    givenUp: 0,
    start: (resolve: (value: string) => void, reject: (reason: unknown) => void) => {
      self.resolve = resolve
      self.reject = reject
      return () => {
        self.givenUp++
      }
    },
  }
  return self
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}

test('a wait that resolves or rejects leaves no listener on its signal', async () => {
  const { signal } = new AbortController()
  const [good, bad] = [held(), held()]
  const resolved = untilAborted(signal, good.start)
  const rejected = untilAborted(signal, bad.start)
  assert.equal(listenersOf(signal), 2)
  good.resolve('done')
  bad.reject(new Error('no'))
  assert.equal(await resolved, 'done')
  await assert.rejects(rejected, { message: 'no' })
  assert.equal(listenersOf(signal), 0)
  assert.deepEqual([good.givenUp, bad.givenUp], [0, 0])
})

test('an aborted wait is given up once and rejects with the reason of the signal', async () => {
  const controller = new AbortController()
  const wait = held()
  const promise = untilAborted(controller.signal, wait.start)
  controller.abort(new Error('enough'))
  wait.resolve('too late')
  wait.reject(new Error('too late'))
  await assert.rejects(promise, { message: 'enough' })
  assert.equal(wait.givenUp, 1)
  assert.equal(listenersOf(controller.signal), 0)
})

test('a signal that has fired already starts nothing', async () => {
  const promise = untilAborted(AbortSignal.abort(new Error('before')), () => assert.fail('started'))
  await assert.rejects(promise, { message: 'before' })
})

test('a signal that fires while the wait is being started gives it up all the same', async () => {
  const controller = new AbortController()
  let givenUp = 0
  const promise = untilAborted(controller.signal, () => {
    controller.abort(new Error('at once'))
    return () => {
      givenUp++
    }
  })
  await assert.rejects(promise, { message: 'at once' })
  assert.equal(givenUp, 1)
})

test('a wait that cannot even start rejects, with or without a signal', async () => {
  const { signal } = new AbortController()
  const start = (): never => {
    throw new Error('broken')
  }
  await assert.rejects(untilAborted(undefined, start), { message: 'broken' })
  await assert.rejects(untilAborted(signal, start), { message: 'broken' })
  assert.equal(listenersOf(signal), 0)
})

test('without a signal a wait is a plain promise', async () => {
  const wait = held()
  const promise = untilAborted(undefined, wait.start)
  wait.resolve('plain')
  assert.equal(await promise, 'plain')
})

test('what is started is waited for unless the signal fires, and nobody hears then how it ends', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const [good, bad, late] = [deferred<string>(), deferred<string>(), deferred<string>()]
  const calls = [good, bad, late].map(({ promise }) => unlessAborted(signal, () => promise))
  assert.equal(listenersOf(signal), 3)
  good.resolve('done')
  bad.reject(new Error('no'))
  assert.equal(await calls[0], 'done')
  await assert.rejects(calls[1]!, { message: 'no' })
  controller.abort(new Error('enough'))
  late.reject(new Error('never heard'))
  await assert.rejects(calls[2]!, { message: 'enough' })
  assert.equal(listenersOf(signal), 0)
  const start = (): never => assert.fail('started')
  await assert.rejects(unlessAborted(signal, start), { message: 'enough' })
  assert.equal(await unlessAborted(undefined, () => Promise.resolve('plain')), 'plain')
})

test('a deferred promise is settled from outside', async () => {
  const good = deferred<number>()
  good.resolve(1)
  assert.equal(await good.promise, 1)
  const bad = deferred<number>()
  bad.reject(new Error('no'))
  await assert.rejects(bad.promise, { message: 'no' })
})

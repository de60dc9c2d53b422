/** A queue of the broker feeds a pool: done is gone, lost comes back, and what kills workers is put aside. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { Broker } from '../../src/api/broker.ts'
import { type Delivery, queueSource } from '../../src/pool/mod.ts'
import { withPool } from './real-pool.ts'

type Deed = 'pass' | 'throw' | 'exit'

const never = new AbortController().signal

function given<T>(delivery: Delivery<T> | null): Delivery<T> {
  assert.ok(delivery !== null)
  return delivery
}

test('what is acknowledged is gone, and what is taken back comes again', async () => {
  await using broker = await Broker.open()
  const queue = await broker.queue<number>('tasks', {})
  await queue.sendMany([1, 2])
  await using messages = queue.consume()
  const source = queueSource(messages)
  const [one, two] = [given(await source.next(never)), given(await source.next(never))]
  await one.ack()
  await two.requeue(null)
  const again = given(await source.next(never))
  assert.deepEqual([one.value, two.value, again.value], [1, 2, 2])
  await again.ack()
  while (queue.heldCount > 0) await macrotask() // the broker settles a turn later
  assert.equal(queue.readyCount, 0)
})

test('a message whose workers die is put aside after so many attempts, and others are not', async () => {
  await using broker = await Broker.open()
  const queue = await broker.queue<string>('tasks', {})
  await queue.send('deadly')
  await using messages = queue.consume()
  const aside: unknown[] = []
  const onRejected = (value: string, error: unknown) => void aside.push([value, String(error)])
  const source = queueSource(messages, { attempts: 2, onRejected })
  await given(await source.next(never)).requeue('lost once')
  assert.deepEqual(aside, [])
  await given(await source.next(never)).requeue('lost twice')
  assert.deepEqual(aside, [['deadly', 'lost twice']])
  while (queue.heldCount > 0) await macrotask() // the broker settles a turn later
  assert.equal(queue.readyCount, 0)
})

test('a message that cannot be put aside goes back to the queue', async () => {
  await using broker = await Broker.open()
  const queue = await broker.queue<string>('tasks', {})
  await queue.send('bad')
  await using messages = queue.consume()
  const onRejected = () => Promise.reject(new Error('no room aside'))
  const source = queueSource(messages, { onRejected })
  const rejected = given(await source.next(never)).reject(new Error('cannot be done'))
  await assert.rejects(async () => rejected, { message: 'no room aside' })
  assert.equal(given(await source.next(never)).value, 'bad')
})

test('who gives up waiting takes no message along, and a closed consumption ends the source', async () => {
  await using broker = await Broker.open()
  const queue = await broker.queue<string>('tasks', {})
  const messages = queue.consume()
  const source = queueSource(messages)
  const giveUp = new AbortController()
  const waiting = source.next(giveUp.signal)
  giveUp.abort(new Error('enough'))
  await assert.rejects(waiting, { message: 'enough' })
  await queue.send('for the next')
  const delivery = given(await source.next(never))
  assert.equal(delivery.value, 'for the next')
  await delivery.ack()
  const last = source.next(never)
  await messages.close()
  assert.equal(await last, null)
})

test('those who ask at the same time get a message each, whether it is there or still to come', async () => {
  await using broker = await Broker.open()
  const queue = await broker.queue<number>('tasks', {})
  await queue.sendMany([1, 2])
  await using messages = queue.consume()
  const source = queueSource(messages)
  const giveUp = new AbortController()
  const asked = [1, 2, 3, 4, 5].map((n) => source.next(n === 3 ? giveUp.signal : never))
  const givenUp = assert.rejects(asked[2]!, { message: 'enough' })
  await macrotask()
  giveUp.abort(new Error('enough'))
  await givenUp
  await queue.sendMany([3, 4, 5])
  const last = source.next(never) // gets what the one who gave up had asked for
  const deliveries = await Promise.all([asked[0]!, asked[1]!, last, asked[3]!, asked[4]!])
  assert.deepEqual(
    deliveries.map((delivery) => given(delivery).value),
    [1, 2, 3, 4, 5],
  )
})

test('threads work a queue off: done is gone, and what kills or throws is put aside and no other', async () => {
  await using broker = await Broker.open()
  const queue = await broker.queue<{ readonly n: number; readonly deed: Deed }>('tasks', {})
  const deeds: Readonly<Record<number, Deed>> = { 7: 'exit', 13: 'throw' }
  const count = 30
  for (let n = 0; n < count; n++) await queue.send({ n, deed: deeds[n] ?? 'pass' })
  await using messages = queue.consume({ prefetch: 8 })
  const aside: number[] = []
  const source = queueSource(messages, { attempts: 2, onRejected: ({ n }) => void aside.push(n) })
  await withPool('threads', {}, async (pool) => {
    const done: number[] = []
    const onResult = (n: number): void => void done.push(n)
    const working = pool.consume(source, 'mark', { onResult })
    while (done.length + aside.length < count) await macrotask()
    await working.close()
    const { acked, requeued, rejected } = working
    assert.deepEqual([acked, requeued, rejected], [28, 2, 1])
    assert.equal(new Set(done).size, 28)
    assert.deepEqual(
      aside.sort((left, right) => left - right),
      [7, 13],
    )
  })
  while (queue.heldCount > 0) await macrotask() // the broker settles a turn later
  assert.equal(queue.readyCount, 0)
})

/** A queue of the broker feeds a pool: done is gone, lost comes back, and what kills workers is put aside. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { Broker } from '../../src/api/broker.ts'
import { type Delivery, queueSource } from '../../src/pool/mod.ts'

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

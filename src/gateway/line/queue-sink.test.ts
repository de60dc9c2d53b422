/** What a line socket promises its clients once a queue stands behind it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Deferred, deferred } from '../../base/deferred.ts'
import { QueueSink } from './queue-sink.ts'

/** A queue that keeps what it is sent, and says that it is safe when it is told to. */
class SlowQueue {
  readonly bodies: (string | Uint8Array)[] = []
  readonly answers: Deferred<void>[] = []
  /** Thrown by the next send. */
  refusal: Error | null = null

  send(body: string | Uint8Array): Promise<void> {
    if (this.refusal !== null) throw this.refusal
    this.bodies.push(body)
    const answer = deferred<void>()
    this.answers.push(answer)
    return answer.promise
  }
}

const message = (body: string) => ({ from: 'a client', body })
const never = new AbortController().signal

function full(queue: SlowQueue): QueueSink {
  const sink = new QueueSink(queue, 'durable')
  while (sink.offer(message('early')) !== 'full');
  return sink
}

test('a message is acknowledged when the queue says that it is safe, and not before', async () => {
  const queue = new SlowQueue()
  const sink = new QueueSink(queue, 'durable')
  assert.deepEqual([sink.offer(message('one')), sink.offer(message('two'))], [0, 1])
  const acked: number[] = []
  const first = sink.acked(0).then(() => acked.push(0))
  const second = sink.acked(1).then(() => acked.push(1))
  queue.answers[0]?.resolve()
  await first
  assert.deepEqual(acked, [0])
  queue.answers[1]?.resolve()
  await second
  await sink.acked(0)
  assert.deepEqual(queue.bodies, ['one', 'two'])
})

test('a slow disk slows the clients down: who waits gets the room in the order of asking', async () => {
  const queue = new SlowQueue()
  const sink = full(queue)
  const most = queue.bodies.length
  const second = new AbortController()
  const waiting = [
    sink.put(message('first'), never),
    sink.put(message('second'), second.signal),
    sink.put(message('third'), never),
  ]
  second.abort(new Error('gone'))
  await assert.rejects(waiting[1]!, { message: 'gone' })
  assert.equal(queue.bodies.length, most)
  queue.answers[0]?.resolve()
  assert.equal(await waiting[0], most)
  assert.equal(sink.offer(message('late')), 'full')
  queue.answers[1]?.resolve()
  assert.equal(await waiting[2], most + 1)
  assert.deepEqual(queue.bodies.slice(most), ['first', 'third'])
})

test('when the disk has failed nobody is told OK, and nobody waits for ever', async () => {
  const queue = new SlowQueue()
  const sink = full(queue)
  const waiting = sink.put(message('late'), never)
  const unsafe = sink.acked(1)
  for (const answer of queue.answers) answer.reject(new Error('the disk is gone'))
  await assert.rejects(unsafe, { message: 'the disk is gone' })
  await assert.rejects(waiting, { message: 'the disk is gone' })
  await assert.rejects(sink.acked(0), { message: 'the disk is gone' })
  assert.equal(sink.offer(message('later')), 'closed')
})

test('a message that the queue refuses concerns its sender alone', async () => {
  const queue = new SlowQueue()
  const sink = new QueueSink(queue, 'durable')
  queue.refusal = new Error('too large')
  assert.equal(sink.offer(message('large')), 'closed')
  await assert.rejects(sink.put(message('large'), never), { message: 'too large' })
  queue.refusal = null
  assert.equal(sink.offer(message('small')), 0)
})

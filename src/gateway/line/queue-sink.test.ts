/** What a line socket promises its clients once a queue stands behind it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectMark } from '../../base/mark.ts'
import { type MessageQueue, QueueSink } from './queue-sink.ts'

interface Asker {
  readonly through: number
  resolve(): void
  reject(error: Error): void
}

/** A queue with room for so many messages, and a disk that is moved by hand. */
class SlowQueue implements MessageQueue {
  readonly acknowledges = 'durable'
  readonly bodies: (string | Uint8Array)[] = []
  room: number
  /** Thrown by the next publish. */
  refusal: Error | null = null
  #durable = 0
  #askers: Asker[] = []
  #callbacks: (() => void)[] = []

  constructor(room: number) {
    this.room = room
  }

  publish(body: string | Uint8Array): number | 'full' {
    if (this.refusal !== null) throw this.refusal
    if (this.room === 0) return 'full'
    this.room--
    return this.bodies.push(body)
  }

  whenRoom(callback: () => void): void {
    this.#callbacks.push(callback)
  }

  safe(): Promise<void> {
    const through = this.bodies.length
    if (through <= this.#durable) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#askers.push({ through, resolve, reject })
    })
  }

  /** The first so many are safe. */
  commit(count: number): void {
    this.#durable = count
    for (const { through, resolve } of this.#askers) if (through <= count) resolve()
  }

  fail(error: Error): void {
    for (const { reject } of this.#askers) reject(error)
    this.refusal = error
    this.makeRoom(0)
  }

  makeRoom(count: number): void {
    this.room += count
    for (const callback of this.#callbacks.splice(0)) callback()
  }
}

const never = new AbortController().signal

test('a message is acknowledged when the queue says that it is safe, and not before', async () => {
  const queue = new SlowQueue(10)
  const sink = new QueueSink(queue)
  const acked: number[] = []
  const note = (position: number) => () => void acked.push(position)
  assert.equal(sink.offer('one'), 1)
  const first = sink.acked(1).then(note(1))
  assert.equal(sink.offer('two'), 2)
  const second = sink.acked(2).then(note(2))
  queue.commit(1)
  await first
  assert.deepEqual(acked, [1])
  queue.commit(2)
  await second
  assert.deepEqual(queue.bodies, ['one', 'two'])
})

test('who waits gets the room in the order of asking, and nobody overtakes', async () => {
  const queue = new SlowQueue(1)
  const sink = new QueueSink(queue)
  assert.equal(sink.offer('early'), 1)
  assert.equal(sink.offer('late'), 'full')
  const second = new AbortController()
  const waiting = await expectMark('line/waits-for-room', () => [
    sink.put('first', never),
    sink.put('second', second.signal),
    sink.put('third', never),
  ])
  second.abort(new Error('gone'))
  await assert.rejects(waiting[1]!, { message: 'gone' })
  queue.makeRoom(1)
  assert.equal(await waiting[0], 2)
  queue.room = 1 // and nobody has been told
  assert.equal(sink.offer('late'), 'full')
  queue.makeRoom(0)
  assert.equal(await waiting[2], 3)
  assert.deepEqual(queue.bodies, ['early', 'first', 'third'])
})

test('when the disk has failed nobody is told OK, and nobody waits for ever', async () => {
  const queue = new SlowQueue(1)
  const sink = new QueueSink(queue)
  assert.equal(sink.offer('early'), 1)
  const unsafe = sink.acked(1)
  const waiting = sink.put('late', never)
  queue.fail(new Error('the disk is gone'))
  await assert.rejects(unsafe, { message: 'the disk is gone' })
  await assert.rejects(waiting, { message: 'the disk is gone' })
  assert.equal(sink.offer('later'), 'closed')
})

test('a message that the queue refuses concerns its sender alone', async () => {
  const queue = new SlowQueue(10)
  const sink = new QueueSink(queue)
  queue.refusal = new Error('too large')
  assert.equal(sink.offer('large'), 'closed')
  await assert.rejects(sink.put('large', never), { message: 'too large' })
  queue.refusal = null
  assert.equal(sink.offer('small'), 1)
})

/** How messages are printed, and how a slow reader holds the clients back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Deferred, deferred } from '../../base/deferred.ts'
import { messageLine } from './message.ts'
import { PrintSink } from './print.ts'

const { signal } = new AbortController()

/** Takes `room` lines, then says that it is enough until it is emptied. */
class Paper {
  text = ''
  #room: number
  #drained: Deferred<void> = deferred()

  constructor(room: number) {
    this.#room = room
  }

  write(text: string): boolean {
    this.text += text
    this.#room--
    return this.#room > 0
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  empty(room: number): void {
    this.#room = room
    const { resolve } = this.#drained
    this.#drained = deferred()
    resolve()
  }
}

test('a message is printed as one line, as text or as base64', () => {
  const text = messageLine({ from: '127.0.0.1:4711', body: 'two\nlines "and" 한' })
  assert.equal(text, 'message {"from":"127.0.0.1:4711","body":"two\\nlines \\"and\\" 한"}')
  const bytes = messageLine({ from: '/tmp/s', body: Uint8Array.of(0xff, 0) })
  assert.equal(bytes, 'message {"from":"/tmp/s","base64":"/wA="}')
})

test('nothing is printed before the beginning, and then in the order of asking', async () => {
  const paper = new Paper(100)
  const sink = new PrintSink(paper)
  assert.equal(sink.offer({ from: 'a', body: '0' }), 'full')
  const first = sink.put({ from: 'a', body: '1' }, signal)
  const second = sink.put({ from: 'b', body: '2' }, signal)
  assert.equal(paper.text, '')
  sink.begin()
  assert.deepEqual(await Promise.all([first, second]), [0, 1])
  assert.equal(sink.offer({ from: 'a', body: '3' }), 2)
  assert.deepEqual(paper.text.match(/"body":"."/g), ['"body":"1"', '"body":"2"', '"body":"3"'])
})

test('a slow reader of the lines makes the clients wait', async () => {
  const paper = new Paper(2)
  const sink = new PrintSink(paper)
  sink.begin()
  assert.equal(sink.offer({ from: 'a', body: '1' }), 0)
  assert.equal(sink.offer({ from: 'a', body: '2' }), 1)
  assert.equal(sink.offer({ from: 'a', body: '3' }), 'full')
  const third = sink.put({ from: 'a', body: '3' }, signal)
  const controller = new AbortController()
  const given = sink.put({ from: 'b', body: 'never' }, controller.signal)
  controller.abort(new Error('gone'))
  await assert.rejects(given, /gone/)
  paper.empty(2)
  assert.equal(await third, 2)
  assert.ok(!paper.text.includes('never'))
})

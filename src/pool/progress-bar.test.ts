/** The bar, drawn on an output and by a clock that the test holds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SimClock } from '../../test/sim/sim-clock.ts'
import { progressBar } from './progress-bar.ts'

class Output {
  text = ''
  readonly isTTY: boolean
  readonly columns: number
  constructor(kind: 'terminal' | 'file', columns = 80) {
    this.isTTY = kind === 'terminal'
    this.columns = columns
  }
  write(text: string): void {
    this.text += text
  }
}

test('on a terminal the bar draws over itself and ends its line', () => {
  const output = new Output('terminal', 60)
  const clock = new SimClock()
  const bar = progressBar({ output, clock, title: 'resize' })
  clock.moveTo(1_000)
  bar.update({ done: 10, failed: 0, total: 40 })
  clock.moveTo(2_000)
  bar.update({ done: 40, failed: 1, total: 40 })
  bar.close()
  bar.close()
  const [, first, second] = output.text.split('\r\u001b[K')
  assert.equal(first, '[#######....................] resize 10/40 10/s 25% 3s left')
  assert.match(second ?? '', /^\[#+\] resize 40\/40 1 failed 20\/s 100%\n$/)
  for (const line of output.text.split('\r\u001b[K')) assert.ok(line.trimEnd().length < 60)
})

test('it is not drawn more often than one can see, but the last state always is', () => {
  const output = new Output('terminal')
  const clock = new SimClock()
  const bar = progressBar({ output, clock })
  for (let done = 1; done <= 1_000; done += 1) {
    clock.moveTo(done)
    bar.update({ done, failed: 0, total: 1_000 })
  }
  bar.close()
  const draws = output.text.split('\r').length - 1
  assert.ok(draws >= 9 && draws <= 12, `${draws} draws in a second`)
  assert.match(output.text, /1000\/1000 1000\/s 100%\n$/)
})

test('elsewhere it writes a plain line now and then', () => {
  const output = new Output('file')
  const clock = new SimClock()
  const bar = progressBar({ output, clock })
  for (let done = 1; done <= 12; done += 1) {
    clock.moveTo(done * 1_000)
    bar.update({ done, failed: 0, total: null })
  }
  bar.close()
  assert.equal(output.text, '1 1.0/s\n6 1.0/s\n11 1.0/s\n12 1.0/s\n')
})

test('a narrow terminal gets no bar but never a second line', () => {
  const output = new Output('terminal', 20)
  const clock = new SimClock()
  const bar = progressBar({ output, clock, title: 'a long title for a task' })
  clock.moveTo(1_000)
  bar.update({ done: 1, failed: 0, total: 2 })
  assert.equal(output.text, '\r\u001b[Ka long title for a ')
})

test('what was never told anything writes nothing', () => {
  const output = new Output('terminal')
  progressBar({ output, clock: new SimClock() }).close()
  assert.equal(output.text, '')
})

/** What a child says is checked before anyone believes it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BadAnswer, parseAnswer } from './protocol.ts'
import { sampleLoaded, sampleReport } from './samples.ts'

/** What arrives is what was sent, through the channel's own encoding. */
const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('the answer of a child', () => {
  it('comes through unchanged when it is whole', () => {
    const bare = { latency: null, figures: { writeAmplification: 1.25 } }
    for (const report of [sampleReport(5), sampleReport(5, bare), sampleLoaded(9, 0.5, 0.95)]) {
      const answer = { kind: 'report', report }
      assert.deepEqual(parseAnswer(overTheWire(answer)), answer)
    }
    const failed = { kind: 'failed', message: 'no disk' }
    assert.deepEqual(parseAnswer(overTheWire(failed)), failed)
  })

  const good = sampleReport(5)
  const broken: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', null, /answer is null/],
    ['a text', 'done', /answer is "done"/],
    ['another kind', { kind: 'progress' }, /kind is "progress"/],
    ['no report', { kind: 'report' }, /report is undefined/],
    ['a text for a number', { kind: 'report', report: { ...good, operations: '5' } }, /operations/],
    ['not a number', { kind: 'report', report: { ...good, operations: Number.NaN } }, /operations/],
    [
      'a negative count',
      { kind: 'report', report: { ...good, operations: -1 } },
      /operations is -1/,
    ],
    ['no time at all', { kind: 'report', report: { ...good, seconds: 0 } }, /seconds is 0/],
    ['half a latency', { kind: 'report', report: { ...good, latency: { count: 1 } } }, /p50Ms/],
    ['a list of figures', { kind: 'report', report: { ...good, figures: [1] } }, /figures is/],
    [
      'a figure that is none',
      { kind: 'report', report: { ...good, figures: { x: null } } },
      /x is/,
    ],
  ]
  for (const [name, value, message] of broken) {
    it(`is refused when it is ${name}`, () => {
      assert.throws(
        () => parseAnswer(overTheWire(value)),
        (error) => error instanceof BadAnswer && message.test(error.message),
      )
    })
  }
})

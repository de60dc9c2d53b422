/** What the command line accepts and refuses. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HELP, parseOptions, UsageError } from './options.ts'

describe('the command line', () => {
  it('runs everything five times after one A/A pair unless told otherwise', () => {
    const { task, areas, filter, rounds, pairs, effort } = parseOptions([])
    assert.deepEqual({ task, areas, filter }, { task: 'run', areas: [], filter: '' })
    assert.deepEqual({ rounds, pairs, effort }, { rounds: 5, pairs: 1, effort: 'full' })
  })

  it('takes areas, a filter and a count of rounds', () => {
    const args = ['--area', 'journal', '--area', 'self', '--filter', 'KiB', '--rounds', '7']
    const { areas, filter, rounds } = parseOptions(args)
    const expected = { areas: ['journal', 'self'], filter: 'KiB', rounds: 7 }
    assert.deepEqual({ areas, filter, rounds }, expected)
  })

  it('runs one round without A/A when it shall be quick', () => {
    const { rounds, pairs, effort } = parseOptions(['--quick'])
    assert.deepEqual({ rounds, pairs, effort }, { rounds: 1, pairs: 0, effort: 'quick' })
  })

  it('measures nothing when only documents are asked for', () => {
    assert.equal(parseOptions(['--docs', '--charts']).task, 'publish')
    assert.equal(parseOptions(['--docs', '--save-baseline']).task, 'run')
    assert.equal(parseOptions(['--list']).task, 'list')
    assert.equal(parseOptions(['--help']).task, 'help')
  })

  for (const [args, message] of [
    [['--rounds', 'many'], /--rounds takes a whole number/],
    [['--rounds', '0'], /--rounds takes a whole number/],
    [['--pairs', '-1'], /pairs/],
    [['--fast'], /--fast/],
    [['journal'], /journal/],
    [['--quick', '--compare'], /quick numbers mean nothing/],
    [['--quick', '--save-baseline'], /quick numbers mean nothing/],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(
        () => parseOptions(args),
        (error) => error instanceof UsageError && message.test(error.message),
      )
    })
  }

  it('explains every option it takes', () => {
    for (const name of ['list', 'area', 'filter', 'rounds', 'pairs', 'quick', 'dir', 'compare']) {
      assert.ok(HELP.includes(`--${name}`), name)
    }
  })
})

/** The order of the runs, with runs that answer at once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AttemptError } from './attempt.ts'
import { runRounds } from './rounds.ts'
import { sampleReport, sampleWorkload } from './samples.ts'
import type { Runs } from './summary.ts'
import type { Finding } from './workload.ts'

const found: Finding = { kind: 'found', version: '1.2' }
const everybody: ReadonlyMap<string, Finding> = new Map([
  ['ours', found],
  ['loop', found],
  ['rival', found],
])

interface Played {
  readonly order: readonly string[]
  readonly runs: Runs
}

async function play(
  findings: ReadonlyMap<string, Finding>,
  fails: (variant: string, run: number) => AttemptError | null,
): Promise<Played> {
  const order: string[] = []
  const runs = await runRounds(sampleWorkload(), {
    findings,
    rounds: 2,
    pairs: 1,
    say: () => {},
    attempt: async ({ name }) => {
      order.push(name)
      const error = fails(name, order.filter((one) => one === name).length)
      if (error !== null) throw error
      return sampleReport(order.length)
    },
  })
  return { order, runs }
}

describe('the rounds', () => {
  it('run the subject against itself first and then everyone in turn', async () => {
    const { order, runs } = await play(everybody, () => null)
    assert.equal(order.join(' '), 'ours ours ours loop rival ours loop rival')
    assert.deepEqual(
      runs.pairs.map(([one, other]) => [one.operations, other.operations]),
      [[1, 2]],
    )
    const ours = runs.outcomes.get('ours')
    assert.ok(ours?.kind === 'measured')
    assert.deepEqual(
      ours.reports.map((report) => report.operations),
      [3, 6],
    )
  })

  it('leave out who is absent and say why', async () => {
    const absent: Finding = { kind: 'absent', why: 'not installed' }
    const { order, runs } = await play(new Map([...everybody, ['rival', absent]]), () => null)
    assert.equal(order.includes('rival'), false)
    assert.deepEqual(runs.outcomes.get('rival'), { kind: 'not-run', why: 'not installed' })
  })

  it('end a variant with its first failure and let the others go on', async () => {
    const { order, runs } = await play(everybody, (variant, run) =>
      variant === 'loop' && run === 1 ? new AttemptError('hung', 'no answer') : null,
    )
    assert.equal(order.join(' '), 'ours ours ours loop rival ours rival')
    assert.deepEqual(runs.outcomes.get('loop'), { kind: 'failed', why: 'hung: no answer' })
    assert.equal(runs.outcomes.get('rival')?.kind, 'measured')
  })

  it('end altogether when the bench is aborted', async () => {
    await assert.rejects(
      play(everybody, () => new AttemptError('aborted', 'the run was ended')),
      { code: 'aborted' },
    )
  })
})

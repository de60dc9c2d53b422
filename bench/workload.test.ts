/** What a workload's description must say, and that every workload in the tree says it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { discover } from './discover.ts'
import { sampleWorkload } from './samples.ts'
import { anyOf, atLeastPerSecond, atMostTimes, ownAtMost, ratioTo } from './target.ts'

describe('a workload', () => {
  it('gives its own durability to every variant that claims no other', () => {
    const run = async (): Promise<void> => {}
    const workload = sampleWorkload({
      variants: [
        { name: 'ours', role: 'ours', run },
        { name: 'rival', role: 'rival', durability: 'os', run },
      ],
    })
    assert.deepEqual(
      workload.variants.map((variant) => variant.durability),
      ['fsync', 'os'],
    )
  })

  it('must begin with ours and name each variant once', () => {
    const run = async (): Promise<void> => {}
    assert.throws(
      () => sampleWorkload({ variants: [{ name: 'loop', role: 'yardstick', run }] }),
      /must be ours/,
    )
    const twice = { name: 'ours', role: 'ours', run } as const
    assert.throws(() => sampleWorkload({ variants: [twice, twice] }), /two variants of one name/)
  })

  it('may not promise anything about what it does not have', () => {
    const nobody = ratioTo('nobody').atLeast(2)
    assert.throws(() => sampleWorkload({ targets: [nobody] }), /no variant 'nobody'/)
    const nested = anyOf(atLeastPerSecond(1), nobody)
    assert.throws(() => sampleWorkload({ targets: [nested] }), /no variant 'nobody'/)
    const bound = atMostTimes('p99Ms', { factor: 2, of: 'nobody' })
    assert.throws(() => sampleWorkload({ targets: [bound] }), /no variant 'nobody'/)
    const figure = ownAtMost('writeAmplification', 2)
    assert.throws(() => sampleWorkload({ targets: [figure] }), /no figure 'writeAmplification'/)
    const figures = [{ name: 'writeAmplification', better: 'lower' }] as const
    assert.equal(sampleWorkload({ targets: [figure], figures }).targets.length, 1)
  })

  it('of every bench file loads and lies in the folder of its area', async () => {
    const found = await discover()
    assert.ok(found.some(({ workload }) => workload.area === 'self'))
  })
})

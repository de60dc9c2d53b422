/** What a run counts, whose cost it counts, and what it refuses to report. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Effort, Report } from './protocol.ts'
import { sampleWorkload } from './samples.ts'
import { type Section, type Side, Stage } from './stage.ts'
import type { Probe } from './usage.ts'
import type { WorkloadOptions } from './workload.ts'

const length = { kind: 'operations', warmUp: 100, measured: 1_000 } as const

function stageOf(options: Partial<WorkloadOptions> = {}, effort: Effort = 'full'): Stage {
  const workload = sampleWorkload({ length, ...options })
  const [variant] = workload.variants
  assert.ok(variant !== undefined)
  return new Stage(workload, variant, { effort, directory: '/nowhere' })
}

async function count(section: Section): Promise<void> {
  while (!section.over(section.acknowledged)) section.acknowledged++
}

function probeOf(cpuSeconds: number, peakRssBytes: number): Probe {
  return {
    begin: async () => {},
    end: async () => ({ cpuSeconds, peakRssBytes, loop: { p99Ms: 1, maxMs: 2 } }),
  }
}

async function watched(
  probes: readonly (readonly [Probe, Side])[],
): Promise<Pick<Report, 'subject' | 'load'>> {
  const stage = stageOf()
  for (const [probe, side] of probes) stage.watch(probe, side)
  await stage.measure(count)
  return stage.report()
}

describe('a stage', () => {
  it('warms up uncounted and measures counted, each for its own length', async () => {
    const stage = stageOf()
    const lengths: number[] = []
    await stage.drive(async (section) => {
      lengths.push(section.operations)
      await count(section)
    })
    assert.deepEqual(lengths, [100, 1_000])
    const { operations, seconds, latency, load, othersCores } = stage.report()
    assert.equal(operations, 1_000)
    assert.ok(seconds > 0)
    assert.deepEqual([latency, load], [null, null])
    assert.ok(othersCores !== null && othersCores >= 0)
  })

  it('does a hundredth of the operations when it shall be quick', async () => {
    const stage = stageOf({}, 'quick')
    await stage.drive(count)
    assert.equal(stage.report().operations, 10)
  })

  it('ends a timed section by the clock', async () => {
    const timed = { kind: 'seconds', warmUp: 0, measured: 0.02 } as const
    const stage = stageOf({ length: timed })
    await stage.drive(count)
    assert.ok(stage.report().seconds >= 0.02)
  })

  it('reports the latencies of the measured section alone', async () => {
    const stage = stageOf()
    await stage.drive(async (section) => {
      section.latency.record(section.operations === 100 ? 1e3 : 1)
      await count(section)
    })
    assert.deepEqual(stage.report().latency, {
      count: 1,
      p50Ms: 1,
      p90Ms: 1,
      p99Ms: 1,
      p999Ms: 1,
      maxMs: 1,
    })
  })

  it('refuses to report nothing measured, nothing acknowledged, or an undeclared figure', async () => {
    assert.throws(() => stageOf().report(), /measured nothing/)
    const idle = stageOf()
    await idle.measure(async () => {})
    assert.throws(() => idle.report(), /no operation was acknowledged/)
    assert.throws(() => stageOf().figure('speed', 1), /declares no figure 'speed'/)
    const twice = stageOf()
    await twice.measure(count)
    await assert.rejects(twice.measure(count), /measures once/)
  })

  it('takes an idle workload that acknowledges nothing', async () => {
    const stage = stageOf({ unit: 'idle' })
    await stage.measure(async () => {})
    const { operations, subject } = stage.report()
    assert.equal(operations, 0)
    assert.equal(subject.loop, null)
  })

  it('counts this process as the subject, with its parts', async () => {
    const { subject, load } = await watched([[probeOf(100, 1e12), 'part']])
    assert.ok((subject.cpuSeconds ?? 0) >= 100)
    assert.ok((subject.peakRssBytes ?? 0) > 1e12)
    assert.equal(load, null)
  })

  it('counts this process as the load client once a server is watched', async () => {
    const { subject, load } = await watched([
      [probeOf(3, 300), 'server'],
      [probeOf(4, 400), 'server'],
      [probeOf(1e6, 500), 'load'],
    ])
    assert.deepEqual(subject, { cpuSeconds: 7, peakRssBytes: 700, loop: { p99Ms: 1, maxMs: 2 } })
    assert.ok((load?.cpuSeconds ?? 0) >= 1e6)
    // The busiest load process, over the seconds measured.
    assert.ok((load?.coreShareMax ?? 0) > 1)
  })

  it('believes another program what it measured itself', async () => {
    const stage = stageOf()
    const claim = { operations: 5, seconds: 2, cpuSeconds: 1, peakRssBytes: null, loop: null }
    await stage.measure(async (section) => section.claim(claim))
    const { operations, seconds, subject } = stage.report()
    assert.deepEqual([operations, seconds], [5, 2])
    assert.deepEqual(subject, { cpuSeconds: 1, peakRssBytes: null, loop: null })
  })
})

/** What a reader of the printed table, of the published table and of the charts must find there. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { drawArea } from './chart.ts'
import { cells } from './costs.ts'
import { discover } from './discover.ts'
import { published, renderAreas, replaceBetween } from './publish.ts'
import { loadBaselines } from './results.ts'
import { sampleLoaded, sampleReport, sampleResults, sampleRuns, sampleWorkload } from './samples.ts'
import { alignColumns, printHeader, printResult } from './table.ts'
import { ratioTo } from './target.ts'

const pairs = [[sampleReport(1_000), sampleReport(1_050)]] as const
const workload = sampleWorkload({ targets: [ratioTo('rival').atLeast(2)] })
const rates = (...values: readonly number[]): ReturnType<typeof sampleReport>[] =>
  values.map((value) => sampleReport(value))
const results = sampleResults([
  sampleRuns(workload, { ours: rates(900, 1_000, 1_200), rival: rates(300, 400, 500) }, pairs),
])

function printed(area: typeof results): string {
  return area.results.flatMap(printResult).join('\n')
}

describe('the printed table', () => {
  it('says what was measured, how noisy, against whom and whether it is enough', () => {
    const text = printed(results)
    assert.match(
      text,
      /sample \/ append {2}\[fsync, 100 B, 16 in flight, msgs\] {2}A\/A noise 10.0%/,
    )
    assert.match(text, /ours +1000 \(900–1200\)/)
    assert.match(text, /rival +400 .* 2.50x \(2.40x–3.00x\)/)
    assert.match(text, /loop: not run: loop is not installed/)
    assert.match(text, /rival: rival 1.2 \(2022\); quorum queue/)
    assert.match(text, /target {2}ratio to rival at least 2.00x: 2.50x .* met \(A\/A 10.0%\)/)
  })

  it('says when the load client was the limit', () => {
    const limited = sampleRuns(sampleWorkload(), {
      ours: [sampleLoaded(1_000, 0.2, 0.97)],
      rival: [sampleLoaded(1_000, 0.8, 0.5)],
    })
    const text = printed(sampleResults([limited]))
    assert.match(text, /ours: the load client used 97.0% of a core: CPU s\/M is compared instead/)
    assert.match(text, /4.00x by CPU/)
  })

  it('says when somebody else was busy meanwhile', () => {
    const disturbed = [sampleReport(1_000, { othersCores: 1.25 })]
    const text = printed(sampleResults([sampleRuns(sampleWorkload(), { ours: disturbed })]))
    assert.match(text, /A\/A noise unmeasured, others used 1.3 cores/)
    assert.doesNotMatch(printed(results), /others used/)
  })

  it('names each version once in the header', () => {
    const { machine } = results
    const header = printHeader(machine, ['rival 1.2', 'rival 1.2']).join('\n')
    assert.match(header, /Sample CPU, 2 cores.*linux/)
    assert.match(header, /ext4.*fdatasync of 4 KiB p50 0.500 ms, p99 2.00 ms/)
    assert.match(header, /Node v20.20.2, commit 0123456789, load/)
    assert.match(header, /compared with: rival 1.2$/)
  })

  it('lines columns up', () => {
    assert.deepEqual(
      alignColumns([
        ['a', 'long'],
        ['name', '1'],
      ]),
      ['a     long', 'name     1'],
    )
  })
})

describe('the published table', () => {
  it('replaces what stands between the markers and nothing else', () => {
    const page = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n'
    const replaced = replaceBetween(page, 'bench', 'new')
    assert.equal(replaced, 'before\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nafter\n')
    assert.equal(replaceBetween(replaced, 'bench', 'new'), replaced)
    assert.throws(() => replaceBetween('no markers', 'bench', 'new'), /lacks/)
  })

  it('has a heading, a row a variant and the verdicts, and no bar inside a cell', () => {
    const named = sampleWorkload({ name: 'a|b' })
    const text = renderAreas([sampleResults([sampleRuns(named, { ours: rates(1) })])])
    assert.match(text, /### sample/)
    assert.match(
      text,
      /\| \*\*a\\\|b\*\* \(fsync, 100 B, 16 in flight, msgs, A\/A noise unmeasured\) \|/,
    )
    const rows = renderAreas([results])
      .split('\n')
      .filter((line) => line.startsWith('|'))
    assert.equal(rows.length, 2 + 2) // headings, alignment, ours, rival
    assert.equal(new Set(rows.map((row) => row.split('|').length)).size, 1)
    assert.match(renderAreas([results]), /target ratio to rival .* \*\*met \(A\/A 10.0%\)\*\*/)
  })

  it('in the tree is what the committed baselines say', async () => {
    const root = new URL('../../', import.meta.url)
    const areas = await loadBaselines(fileURLToPath(new URL('bench/baselines', root)))
    for (const { page, marker, render } of published) {
      const text = await readFile(new URL(`docs/${page}`, root), 'utf8')
      assert.equal(replaceBetween(text, marker, render(areas)), text, page)
    }
  })

  it('of costs names workloads and variants that there are', async () => {
    const found = await discover()
    for (const { area, workload, variant } of cells) {
      const named = found.find((one) => one.workload.name === workload)?.workload
      assert.equal(named?.area, area, workload)
      assert(
        named?.variants.some(({ name }) => name === variant),
        `${workload}: ${variant}`,
      )
    }
  })
})

describe('a chart', () => {
  const svg = drawArea(results)
  const rectangles = [
    ...svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g),
  ]
  const bars = rectangles.filter(([text]) => !text.includes('card') && !text.includes('width="10"'))

  it('says the durability mode in its title and in every panel', () => {
    assert.match(svg, /<title>sample: .*\(durability: fsync\)<\/title>/)
    assert.match(svg, />append \[fsync, 100 B, 16 in flight, msgs\]</)
  })

  it('draws a bar a measured variant, in proportion to the medians', () => {
    assert.deepEqual(
      bars.map(([, kind]) => kind),
      ['ours', 'rival'],
    )
    const [ours, rival] = bars.map(([, , , width]) => Number(width))
    assert.ok(Math.abs((rival ?? 0) / (ours ?? 1) - 400 / 1_000) < 0.01)
  })

  it('draws whiskers from the slowest to the fastest round', () => {
    const [whisker] = [...svg.matchAll(/class="whisker" d="M([\d.]+) [\d.]+H([\d.]+)/g)]
    const left = Number(bars[0]?.[2])
    const width = Number(bars[0]?.[3])
    const [from, to] = [Number(whisker?.[1]) - left, Number(whisker?.[2]) - left]
    assert.ok(Math.abs(from / width - 900 / 1_000) < 0.01)
    assert.ok(Math.abs(to / width - 1_200 / 1_000) < 0.01)
  })

  it('names the rivals with their versions', () => {
    assert.match(svg, /compared with rival 1.2 \(2022\)</)
  })

  it('is well-formed, whatever a workload is called', () => {
    const odd = sampleWorkload({ name: 'a < b & "c"' })
    const text = drawArea(sampleResults([sampleRuns(odd, { ours: rates(1) })]))
    assert.match(text, /a &lt; b &amp; &quot;c&quot;/)
    const stack: string[] = []
    for (const [, close, name, rest] of text.matchAll(/<(\/?)(\w+)([^<>]*)>/g)) {
      if (close === '/') assert.equal(stack.pop(), name)
      else if (!rest?.endsWith('/')) stack.push(name ?? '')
    }
    assert.deepEqual(stack, [])
    assert.doesNotMatch(text, /<script|NaN|undefined|href/)
  })

  it('reads on light and on dark', () => {
    assert.match(svg, /prefers-color-scheme: dark/)
  })
})

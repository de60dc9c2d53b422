/** Who crashes every sequence only from the moment on at which its last operation begins leaves no crash out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../sim/crash-disk.ts'
import type { CrashPoint } from '../sim/crash-point.ts'
import { settled } from '../sim/turn.ts'
import { agedBase, type Base, fresh, journalSpec, operations } from './journal-spec.ts'
import { Ledger } from './ledger.ts'
import { Prefixes } from './prefixes.ts'

type Run = { readonly points: readonly CrashPoint[]; readonly ownFrom: number }

async function runOf(base: Base, names: readonly string[]): Promise<Run> {
  const spec = journalSpec(base, names)
  const disk = spec.disk?.() ?? new CrashDisk()
  const ledger = new Ledger<never>()
  disk.record(() => ledger.length)
  await settled(spec.workload(disk, ledger as never), spec.id)
  return { points: [...disk.points, disk.point()], ownFrom: ledger.ownFrom }
}

/** Each image with what was known when it was left. */
function crashesOf(points: readonly CrashPoint[]): Set<string> {
  const found = new Set<string>()
  for (const point of points) {
    for (const { identity } of point.images()) found.add(`${point.moment.mark} ${identity}`)
  }
  return found
}

for (const base of [fresh, await agedBase()]) {
  test(`a sequence on a ${base.name} journal crashes as its beginnings do, and as it does by itself`, async () => {
    const names = Object.keys(operations)
    for (const [index, last] of names.entries()) {
      const sequence = [
        names[(index * 5 + 3) % names.length]!,
        names[(index * 8 + 1) % names.length]!,
      ]
      const whole = crashesOf((await runOf(base, [...sequence, last])).points)
      const left = new Set(whole)
      for (const size of [1, 2, 3]) {
        const { points, ownFrom } = await runOf(base, [...sequence, last].slice(0, size))
        const own = points.filter(({ moment }) => moment.call > ownFrom)
        for (const crash of crashesOf(own)) left.delete(crash)
      }
      assert.ok(whole.size > 0)
      assert.deepEqual([...left], [], `left out of ${sequence.join(', ')}, ${last}`)
    }
  })
}

test('a sequence that begins otherwise than the shorter one ends is refused', async () => {
  const prefixes = new Prefixes(fresh)
  const digested = await prefixes.expecting(['small', 'fill', 'drain'])
  assert.throws(() => digested?.('before the last', 'another digest'), /does not begin as/)
  const spec = journalSpec(fresh, ['small', 'fill', 'drain'], { digested })
  await assert.doesNotReject(settled(spec.workload(new CrashDisk(), new Ledger()), spec.id))
})

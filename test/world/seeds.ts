/** A range of seeds as one test: none may fail, and together they have to come past every mark. */
import assert from 'node:assert/strict'
import { longTest } from '../crash/long-test.ts'
import { runRange, type SeedRange, type WorldRun } from './seed-range.ts'
import { runWorld } from './world.ts'

/** Odd places of the broker, each of which some seed of every range comes past. */
export const MARKS = [
  'arrivals/waits',
  'declarations/wait-for-room',
  'dispatch/body-loaded',
  'dispatch/entries-wait-for-room',
  'dispatch/mark-raised',
  'dispatch/mark-waits-for-room',
  'dispatch/transient-behind-undurable',
  'dispatch/transient-lost',
  'expiry/dropped-before-it-is-handed-over',
  'expiry/dropped-by-the-timer',
  'expiry/handed-over-as-promised',
  'expiry/promised',
  'expiry/rest-in-another-turn',
  'housekeeper/wants-a-second-snapshot',
  'partitions/not-all-visible',
  'queue/copied-on-write',
  'queue/mark-beyond-the-end',
  'recovery/older-snapshot',
  'recovery/space-given-up',
  'room/disk-full',
  'room/disk-slow',
  'room/memory-full',
  'room/scratch-waits',
  'runtime/failed',
  'runtime/held-at-the-end',
  'runtime/waits-for-room-to-begin',
  'scratch/block-lost',
  'scratch/body-moved',
  'scratch/file-removed',
  'scratch/full',
  'scratch/leftovers-erased',
  'scratch/read',
  'scratch/write-failed',
  'scratch/written',
  'snapshot/postponed',
  'snapshot/taken',
  'snapshot/without-room',
  'spares/given-up-for-a-snapshot',
  'time/jumped',
  'world/full-disk-drained',
  'world/room-made-to-start',
] as const

export function seedsTest(title: string, range: SeedRange): Promise<void> {
  const world = { play: runWorld, command: 'npm run sim -- --seed' }
  return rangeTest(title, range, { ...world, marks: MARKS })
}

export function rangeTest(
  title: string,
  range: SeedRange,
  world: WorldRun & { readonly marks: readonly string[] },
): Promise<void> {
  return longTest(title, async () => {
    const { seeds, sums, seedsByMark, again, failures } = await runRange(range, world)
    assert.deepEqual(failures, [], failures.join('\n'))
    const line =
      `${seeds} seeds, ${again} of them twice, with nothing lost, duplicated, reordered or invented: ` +
      `${describe(sums)}; seeds that came past each mark: ${describe(seedsByMark)}`
    const missed = world.marks.filter((name) => (seedsByMark[name] ?? 0) === 0)
    assert.deepEqual(missed, [], `no seed came past these; ${line}`)
    return line
  })
}

function describe(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).sort(([left], [right]) => (left < right ? -1 : 1))
  return entries.map(([name, count]) => `${name} ${count}`).join(', ')
}

/**
 * A sync fails and the process dies in the same moment: the next one sees bytes that the disk may not have, and
 * its own sync says that all is well. It makes them durable before it builds on them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../sim/crash-disk.ts'
import type { Call } from '../sim/disk-faults.ts'
import { drained } from '../sim/turn.ts'
import { bodyOfSize, JournalWorld } from './journal-world.ts'

/** Fails the `nth` call that is meant, and takes the process along: answers the disk as the next one finds it. */
function killAtFailure(
  disk: CrashDisk,
  { nth = 1, is }: { readonly nth?: number; is(call: Call): boolean },
): { next: CrashDisk | null } {
  const left: { next: CrashDisk | null } = { next: null }
  let count = 0
  disk.observe({
    issued(call) {
      if (!is(call) || ++count !== nth) return
      disk.faults.plan({ call: call.number, code: 'io', lasts: 'once', writtenBytes: 0 })
    },
    failed() {
      left.next ??= disk.killProcess()
    },
  })
  return left
}

function syncOf(name: string): (call: Call) => boolean {
  return ({ kind, path }) => kind === 'sync' && path.endsWith(name)
}

/** The next process goes on; whatever it saw is there after any power cut, at any of its calls from then on. */
async function assertBuiltOnRock(
  next: CrashDisk | null,
  room: 'some' | 'none' = 'some',
): Promise<readonly string[]> {
  assert(next !== null, 'no sync failed')
  if (room === 'none') next.capacityBytes = next.usedBytes
  const world = await JournalWorld.open(next)
  next.capacityBytes = Number.POSITIVE_INFINITY
  const seen = [...world.owner.notes]
  next.record(() => 0)
  await world.note('later')
  await world.settled()
  for (let round = 0; round < 4; round++) await world.put(1, [bodyOfSize(900, round)])
  await world.settled()
  await drained()
  const points = [...next.points, next.point()]
  for (const point of points) {
    const isOver = point === points.at(-1)
    for (const image of point.images()) {
      const again = await JournalWorld.open(new CrashDisk({ image }))
      const { notes } = again.owner
      const expected = isOver || notes.length > seen.length ? [...seen, 'later'] : seen
      assert.deepEqual(notes, expected, `${image.name} at call ${point.moment.call}`)
      await again.journal.close()
    }
  }
  await world.journal.close()
  return seen
}

for (const room of ['some', 'none'] as const) {
  test(`a commit whose sync failed is made durable by the process that finds it; room: ${room}`, () =>
    failAndGoOn(room))
}

async function failAndGoOn(room: 'some' | 'none'): Promise<void> {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.settled()
  const left = killAtFailure(disk, { is: syncOf('journal-00000') })
  await world.note('two')
  await drained()
  assert.deepEqual(await assertBuiltOnRock(left.next, room), ['one', 'two'])
}

test('commits that nobody asked to sync are made durable with the one whose sync failed', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.settled()
  for (const text of ['os 1', 'os 2', 'os 3']) {
    await world.note(text, 'os')
    await world.settled()
  }
  const left = killAtFailure(disk, { is: syncOf('journal-00000') })
  await world.note('two')
  await drained()
  assert.deepEqual(await assertBuiltOnRock(left.next), ['one', 'os 1', 'os 2', 'os 3', 'two'])
})

test('a mark whose sync failed is made durable by the process that finds it', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.settled()
  const left = killAtFailure(disk, { is: syncOf('journal-00000') })
  void world.journal.close()
  await drained()
  assert.deepEqual(await assertBuiltOnRock(left.next), ['one'])
})

test('a footer whose sync failed is made durable before its successor is written', async () => {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  await world.note('one')
  await world.put(1, [bodyOfSize(1000, 1)])
  await world.put(1, [bodyOfSize(900, 2)])
  await world.settled()
  await drained()
  const left = killAtFailure(disk, { is: syncOf('journal-00000') })
  await Promise.race([world.put(1, [bodyOfSize(1200, 3)]), drained()])
  await drained()
  assert.deepEqual(await assertBuiltOnRock(left.next), ['one'])
})

test('a directory that was never used is made anew when its name may vanish', async () => {
  const disk = new CrashDisk()
  const isNames = ({ kind, path }: Call): boolean => kind === 'sync-directory' && path === 'data'
  const left = killAtFailure(disk, { nth: 2, is: isNames })
  void JournalWorld.open(disk)
  await drained()
  assert.deepEqual(await assertBuiltOnRock(left.next), [])
})

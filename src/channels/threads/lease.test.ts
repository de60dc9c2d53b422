/** A lease that runs out as soon as any time has passed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lease } from './lease.ts'
import { beat, join, Roster, seatState } from './roster.ts'

function later(): void {
  for (const startMs = performance.now(); performance.now() === startMs; );
}

test('whoever beats, or makes progress, or holds nothing, is not silent', () => {
  const roster = new Roster(Roster.allocate({ seats: 1, sets: 1, ownBytes: 0 }))
  const guest = { thread: 1, roles: 0, state: seatState.live }
  const seat = join(roster, guest, () => false)
  assert.ok(seat !== null)
  const { owner } = seat
  const lease = new Lease(0)
  const isSilent = (held: number, progress: number): boolean => {
    later()
    return lease.hasRunOut(roster, held, progress)
  }
  assert.ok(!isSilent(owner, 7))
  assert.ok(isSilent(owner, 7))
  assert.ok(!isSilent(owner, 8))
  assert.ok(isSilent(owner, 8))
  beat(seat)
  assert.ok(!isSilent(owner, 8))
  assert.ok(!isSilent(0, 8))
  assert.ok(!isSilent(0, 8))
})

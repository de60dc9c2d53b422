/** A share lets nobody run away from those who wait, and holds up nobody for those who do not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadLimits } from './limits.ts'
import { roleBit } from './roles.ts'
import { join, Roster, type Seat, seatState } from './roster.ts'
import { Share } from './share.ts'

const { aheadMax, lookEvery } = threadLimits

function sit(roster: Roster, thread: number): Seat {
  const guest = { thread, roles: roleBit.receives, state: seatState.live }
  const seat = join(roster, guest, () => false)
  assert.ok(seat !== null)
  return seat
}

/** So many receivers of one channel. */
function receivers(count: number): { readonly roster: Roster; readonly shares: Share[] } {
  const roster = new Roster(Roster.allocate({ seats: count + 1, sets: 4, ownBytes: 0 }))
  const seats = Array.from({ length: count }, (_, thread) => sit(roster, thread + 1))
  return { roster, shares: seats.map((seat) => new Share(seat)) }
}

function take(share: Share, count: number): void {
  for (let done = 0; done < count; done++) share.taken()
}

test('who is too far ahead of one that waits rests until that one has caught up', async () => {
  const [fast, slow] = receivers(2).shares as [Share, Share]
  slow.asks()
  take(fast, aheadMax)
  assert.equal(fast.isAhead, false)
  take(fast, lookEvery)
  assert.equal(fast.isAhead, true)
  let isOver = false
  const resting = fast.rest().then(() => {
    isOver = true
  })
  take(slow, aheadMax / 2)
  await Promise.resolve()
  assert.equal(isOver, false)
  take(slow, lookEvery)
  await resting
  assert.equal(fast.isAhead, false)
})

test('nobody rests for one that is behind and does not wait, or waits no longer', () => {
  const [fast, slow] = receivers(2).shares as [Share, Share]
  take(fast, aheadMax * 4)
  assert.equal(fast.isAhead, false)
  slow.asks()
  slow.stops()
  take(fast, aheadMax * 4)
  assert.equal(fast.isAhead, false)
})

test('who comes to wait has saved up nothing: the others may go on for half a lead at least', () => {
  const { roster, shares } = receivers(1)
  const [fast] = shares as [Share]
  take(fast, aheadMax * 50)
  const late = new Share(sit(roster, 9))
  late.asks()
  take(fast, aheadMax / 2)
  assert.equal(fast.isAhead, false)
  take(fast, lookEvery * 2)
  assert.equal(fast.isAhead, true)
})

test('a rest for one that does not get on ends by itself, and the next one comes later', async () => {
  const [fast, stuck] = receivers(2).shares as [Share, Share]
  stuck.asks()
  take(fast, aheadMax + lookEvery)
  assert.equal(fast.isAhead, true)
  await fast.rest()
  take(fast, lookEvery)
  assert.equal(fast.isAhead, false)
  take(fast, lookEvery)
  assert.equal(fast.isAhead, true)
})

/** A desk whose lines sleep for the same reason, over a roster with nothing behind it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { Waiter } from '../waiter.ts'
import { Desk, type Line } from './desk.ts'
import { announce, join, READY, Roster, type Seat, seatState, wakeOne } from './roster.ts'

/** Turns of the event loop in which any wake-up arrives; far fewer than fit into a look-up's second. */
const turnsMax = 200

const items = 0
const room = 1

class Patient extends Waiter {
  override lose(): void {}
}

interface Place {
  readonly roster: Roster
  readonly seat: Seat
  readonly other: Seat
  readonly desk: Desk
}

function place(): Place {
  const roster = new Roster(Roster.allocate({ seats: 2, sets: 2, ownBytes: 0 }))
  const guest = { thread: 1, roles: 0, state: seatState.live }
  const seat = join(roster, guest, () => false)
  const other = join(roster, guest, () => false)
  assert.ok(seat !== null && other !== null)
  return { roster, seat, other, desk: new Desk(seat, () => undefined) }
}

function isAnnounced({ roster }: Place, seat: Seat, set: number): boolean {
  return ((roster.words[seat.maskAt + set * roster.maskWords] ?? 0) & seat.bit) !== 0
}

function waitIn(desk: Desk, line: Line<Patient>): Patient {
  const waiter = new Patient()
  desk.enter(line, waiter, undefined)
  return waiter
}

async function turnUntil(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < turnsMax && !isSo(); turn++) await macrotask()
  assert.ok(isSo())
}

test('who leaves does not take back what another line sleeps for', async () => {
  const here = place()
  const { desk, roster, seat } = here
  let served = 0
  const left = desk.line<Patient>({ serve: () => items, keepsAlive: false })
  const stays = desk.line<Patient>({ serve: () => served++ && items, keepsAlive: false })
  const leaver = waitIn(desk, left)
  const stayer = waitIn(desk, stays)
  leaver.leave()
  assert.ok(isAnnounced(here, seat, items))
  const before = served
  wakeOne(roster, items)
  await turnUntil(() => served > before)
  stayer.leave()
  assert.ok(!isAnnounced(here, seat, items))
})

test('a wake-up on its way is not hidden by a line that falls asleep meanwhile', async () => {
  const here = place()
  const { desk, roster, seat, other } = here
  let reason = items
  const serve = (): number => reason
  const first = desk.line<Patient>({ serve, keepsAlive: false })
  const second = desk.line<Patient>({ serve, keepsAlive: false })
  const waiting = [waitIn(desk, first)]
  announce(other, items)
  wakeOne(roster, items)
  assert.ok(!isAnnounced(here, seat, items))
  waiting.push(waitIn(desk, second))
  // Neither can use it: it is for the other seat.
  reason = room
  await turnUntil(() => !isAnnounced(here, other, items))
  for (const waiter of waiting) waiter.leave()
  assert.ok(!isAnnounced(here, seat, items) && !isAnnounced(here, seat, room))
})

test('a line says when it has become empty, once the one who left is out', () => {
  const { desk } = place()
  const sizes: number[] = []
  const serve = (waiter: Patient): number => {
    waiter.leave()
    return READY
  }
  const line: Line<Patient> = desk.line<Patient>({ serve, keepsAlive: false }, () => {
    sizes.push(line.waiters.size)
  })
  waitIn(desk, line)
  waitIn(desk, line)
  assert.deepEqual(sizes, [0, 0])
})

test('when the first of a line gives up, what it could not use is tried for the next', async () => {
  const { desk } = place()
  const serve = (waiter: Patient): number => {
    if (waiter === first) return room
    waiter.leave()
    return READY
  }
  const line = desk.line<Patient>({ serve, keepsAlive: false })
  const [first, second] = [new Patient(), new Patient()]
  for (const waiter of [first, second]) desk.enter(line, waiter, undefined)
  assert.equal(line.waiters.size, 2)
  first.leave()
  assert.equal(second.home, line.waiters, 'not before the first has put down what it held')
  await turnUntil(() => line.waiters.size === 0)
})

/** What real processes hold when they are killed or stopped comes free, and a coordinator that dies is missed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { SyncClosed } from '../../src/channels/mod.ts'
import {
  type Coordination,
  coordinate,
  type Lent,
  openCoordinator,
} from '../../src/channels/processes/mod.ts'
import { Crew } from './crew.ts'

/** Nothing here may take longer; a wait that does has hung. */
const patience = { timeoutMs: 20_000 } as const

/** What the role holds, as somebody else would get it. */
const next: Readonly<Record<string, (from: Coordination) => Promise<Lent>>> = {
  writer: (from) => from.rwLock('shelf').read(patience),
  reader: (from) => from.rwLock('shelf').write(patience),
  runner: async (from) => {
    const once = await from.once('set up')
    return new Promise((resolve, reject) => {
      once
        .run((turn) => resolve(turn), patience)
        .then((how) => {
          if (how === 'waited') reject(new Error('nobody has run it'))
        }, reject)
    })
  },
}

function unix(path: string): { readonly kind: 'unix'; readonly path: string } {
  return { kind: 'unix', path }
}

function isGone(error: unknown): boolean {
  return (error as SyncClosed).code === 'SYNC_CLOSED'
}

for (const [role, borrow] of Object.entries(next)) {
  test(`what a ${role} held that was killed comes free, and the next holder is told`, async () => {
    await using crew = await Crew.gather()
    const address = unix(crew.path('s'))
    await using _coordinator = await openCoordinator(address)
    const holder = crew.hire(role, address.path)
    await holder.line()
    await using coordination = await coordinate(address)
    const waiting = borrow(coordination)
    holder.child.kill('SIGKILL')
    const lent = await waiting
    assert.equal(lent.afterDeath, true)
  })
}

test('a writer that is stopped loses the lock within its lease, and hears of it when it goes on', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  await using _coordinator = await openCoordinator(address, { leaseMs: 400 })
  const holder = crew.hire('writer', address.path)
  await holder.line()
  await using coordination = await coordinate(address)
  holder.child.kill('SIGSTOP')
  const lent = await coordination.rwLock('shelf').write(patience)
  assert.equal(lent.afterDeath, true)
  const lost = holder.line()
  holder.child.kill('SIGCONT')
  assert.equal(await lost, 'lost')
})

test('what processes counted at a latch stays counted when they are killed', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  await using _coordinator = await openCoordinator(address)
  const hands = [0, 1, 2].map((id) => crew.hire('counter', address.path, id, 4))
  await Promise.all(hands.map((hand) => hand.line()))
  await using coordination = await coordinate(address)
  const latch = await coordination.latch('start', 4)
  hands[0]!.child.kill('SIGKILL')
  await hands[0]!.ended
  assert.equal(await latch.count(), 1)
  const passed = hands.slice(1).map((hand) => hand.line())
  await latch.countDown()
  await latch.wait(patience)
  assert.deepEqual(await Promise.all(passed), ['passed', 'passed'])
})

test('a coordinator that is stopped is missed within the lease, though its socket is open', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const host = crew.hire('coordinator', address.path)
  await host.line()
  const coordination = await coordinate(address, { leaseMs: 400 })
  const latch = await coordination.latch('start', 1)
  const held = await coordination.lock('door')
  host.child.kill('SIGSTOP')
  await assert.rejects(latch.wait(patience), isGone)
  assert.equal(held.signal.aborted, true)
  await held.release()
})

test('when the coordinator is killed every wait and every hold ends with an error', async () => {
  await using crew = await Crew.gather()
  const address = unix(crew.path('s'))
  const host = crew.hire('coordinator', address.path)
  await host.line()
  const one = await coordinate(address)
  const two = await coordinate(address)
  const held = await one.rwLock('shelf').write()
  const latch = await two.latch('start', 1)
  const turn = await (await one.once('set up')).run(() => {})
  const waits = [latch.wait(patience), two.rwLock('shelf').read(patience), two.lock('door')]
  const lost = new Promise((resolve) => held.signal.addEventListener('abort', resolve))
  assert.equal(turn, 'ran')
  const door = await waits[2]
  assert.ok(door !== undefined)
  host.child.kill('SIGKILL')
  await Promise.all(waits.slice(0, 2).map((wait) => assert.rejects(wait, isGone)))
  await lost
  await assert.rejects(latch.countDown(), isGone)
  await held.release()
  // Nothing of it outlives the coordinator: who connects to the next one begins anew.
  assert.equal(await host.ended, 'SIGKILL')
  await using _coordinator = await openCoordinator(address)
  await using three = await coordinate(address)
  assert.ok((await three.rwLock('shelf').tryWrite()) !== undefined)
  assert.equal(await (await three.once('set up')).run(() => {}), 'ran')
})

/** Among processes that ask again and again, and among those that send, each gets its share of a hub. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { deferred } from '../../src/base/deferred.ts'
import { listenChannel } from '../../src/channels/processes/mod.ts'
import { checkShares } from '../channels/check-shares.ts'
import { Crew } from './crew.ts'

type Value = readonly [sender: number, index: number]

const valueCount = 100_000

/** Values at a time, fewer than any window, so that all have room for them: a process that a busy system does not run
 *  asks for nothing. */
const roundValues = 1_000

for (const takers of [2, 4]) {
  test(`of ${valueCount} values each of ${takers} processes that ask gets its share`, async () => {
    await using crew = await Crew.gather()
    const path = crew.path('s')
    const allHere = deferred<void>()
    let joined = 0
    await using hub = await listenChannel<Value>(
      { kind: 'unix', path },
      {
        onPeer: ({ kind }) => {
          if (kind === 'joined' && ++joined === takers) allHere.resolve()
        },
      },
    )
    const hands = Array.from({ length: takers }, () => crew.hire('taker', path))
    await allHere.promise
    const counts = hands.map((hand) => hand.line())
    for (let index = 0; index < valueCount; index++) {
      if (!hub.tryPut([0, index])) await hub.put([0, index])
      if (index % roundValues !== 0) continue
      while (hub.peers().some(({ underWay }) => underWay > 0)) await macrotask()
    }
    hub.finish()
    checkShares((await Promise.all(counts)).map(Number), valueCount)
  })
}

test(`of ${valueCount} values a hub takes each of 3 processes' share while all of them send`, async () => {
  await using crew = await Crew.gather()
  const path = crew.path('s')
  const senders = 3
  await using hub = await listenChannel<Value>({ kind: 'unix', path }, { windowMessages: 1000 })
  for (let id = 0; id < senders; id++) crew.hire('producer', path, id, valueCount)
  const shares = Array<number>(senders).fill(0)
  for (let count = 0; count < valueCount; count++) {
    // One that a busy system does not run sends nothing, and is waited for.
    while (hub.peers().filter(({ ready }) => ready > 0).length < senders) await macrotask()
    const [sender] = await hub.get()
    shares[sender]! += 1
  }
  checkShares(shares, valueCount)
  hub.close('now')
  assert.equal(hub.closed, true)
})

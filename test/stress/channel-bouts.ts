/** Channels under stress: order, losses and doubles, with threads and processes that end at any moment. */
import assert from 'node:assert/strict'
import { deferred } from '../../src/base/deferred.ts'
import { ChannelError } from '../../src/channels/mod.ts'
import { type HubChannel, listenChannel } from '../../src/channels/processes/mod.ts'
import { Crew } from '../processes/crew.ts'
import { type CrowdOptions, checkOutcome, runCrowd, type Way } from '../threads/crowd.ts'
import type { Bout } from './bout.ts'

type Value = readonly [sender: number, index: number]

const ways: readonly Way[] = ['sync', 'async', 'mixed']

export async function threadChannel(bout: Bout): Promise<number> {
  const options: CrowdOptions = {
    producers: bout.several(1, 3, () => bout.pick(ways)),
    consumers: bout.several(1, 3, () => bout.pick(ways)),
    count: bout.between(200, 4_000),
    sizes: bout.several(1, 4, () => bout.pick([8, 16, 64, 200, 720, 3_000, 9_000])),
    ringBytes: bout.pick([1024, 2048, 4096, 16_384, 65_536]),
    capacity: bout.pick([1, 5, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]),
    ends: bout.pick(['joins', 'just ends']),
  }
  const { producers, consumers, count } = options
  const victims = [
    ...producers.map((_, id) => `producer ${id}`),
    ...consumers.map((_, id) => `consumer ${id}`),
  ].filter(() => bout.chance(4))
  const what = `a crowd of ${producers.join(' ')} to ${consumers.join(' ')}, of which ${victims.join(', ') || 'nobody'} ends`
  const outcome = await bout.wait(what, runCrowd(options, victims, bout.random))
  checkOutcome(outcome, options)
  return producers.length * count
}

export async function processChannel(bout: Bout): Promise<number> {
  await using crew = await Crew.gather()
  return bout.chance(2) ? await manyToOne(bout, crew) : await oneToManyAndBack(bout, crew)
}

/** Processes send, some are killed; what they sent arrives in order and without a gap, up to where each was stopped. */
async function manyToOne(bout: Bout, crew: Crew): Promise<number> {
  const path = crew.path('s')
  const windowMessages = bout.pick([1, 10, 100, 8_192])
  const hub = await listenChannel<Value>({ kind: 'unix', path }, { windowMessages })
  const count = windowMessages === 1 ? 500 : bout.between(1_000, 20_000)
  const senders = bout.between(1, 4)
  const next = Array<number>(senders).fill(0)
  const receiving = receiveAll(bout, hub, next)
  const hands = next.map((_, id) => crew.hire('producer', path, id, count))
  const victims = hands.filter(() => bout.chance(3))
  for (const victim of victims) {
    await bout.moment(300)
    victim.child.kill('SIGKILL')
  }
  const ends = await Promise.all(
    hands.map((hand, id) => bout.wait(`the end of producer ${id}`, hand.ended)),
  )
  hub.close()
  await bout.wait('the last values', receiving)
  for (const [id, end] of ends.entries()) {
    if (end === 0) assert.equal(next[id], count, `of producer ${id}`)
    else assert.equal(end, 'SIGKILL')
  }
  return senders * count
}

/** Gets in all ways, with waits that end early. */
async function receiveAll(bout: Bout, hub: HubChannel<Value>, next: number[]): Promise<void> {
  for (let turn = 0; ; turn++) {
    try {
      const short = turn % 3 === 0 ? { timeoutMs: turn % 2 } : {}
      const [sender, index] = hub.tryGet() ?? (await bout.wait('a value', hub.get(short)))
      assert.equal(index, next[sender], `from producer ${sender}`)
      next[sender] = index + 1
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      if (error.code === 'CHANNEL_CLOSED') return
      if (error.code !== 'CHANNEL_TIMEOUT') throw error
    }
  }
}

/** Values go to processes that give them back; a killed one may take along what was with it, and no more. */
async function oneToManyAndBack(bout: Bout, crew: Crew): Promise<number> {
  const path = crew.path('s')
  const window = bout.pick([5, 50, 500])
  const peers = bout.between(2, 3)
  const allHere = deferred<void>()
  let joined = 0
  const hub = await listenChannel<Value>(
    { kind: 'unix', path },
    {
      windowMessages: window,
      onPeer: ({ kind }) => {
        if (kind === 'joined' && ++joined === peers) allHere.resolve()
      },
    },
  )
  const hands = Array.from({ length: peers }, (_, id) => crew.hire('echo', path, id, window))
  await bout.wait('processes that connect', allHere.promise)
  const count = bout.between(500, 20_000)
  const victims = hands.slice(1).filter(() => bout.chance(3))
  const back = new Set<number>()
  const receiving = (async () => {
    for await (const [, index] of hub) {
      assert.ok(!back.has(index), `${index} came twice`)
      back.add(index)
    }
  })()
  const killAt = new Map(victims.map((hand) => [bout.between(0, count - 1), hand]))
  for (let index = 0; index < count; index++) {
    await bout.wait('room', hub.put([0, index]))
    killAt.get(index)?.child.kill('SIGKILL')
  }
  await bout.wait('that all is received', hub.settled())
  hub.finish()
  await Promise.all(hands.map((hand, id) => bout.wait(`the end of echo ${id}`, hand.ended)))
  hub.close()
  await bout.wait('the last values', receiving)
  // What was under way to a killed one, what it held, and what was under way from it.
  const lost = count - back.size
  assert.ok(lost >= 0 && lost <= killAt.size * 2 * window, `${lost} of ${count} are missing`)
  return count
}

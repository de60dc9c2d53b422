/** Locks, latches and what happens once under stress: what they protect stays whole, whoever dies. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { openCoordinator } from '../../src/channels/processes/mod.ts'
import {
  ThreadLatch,
  ThreadMutex,
  ThreadOnce,
  ThreadRwLock,
} from '../../src/channels/threads/mod.ts'
import { Crew } from '../processes/crew.ts'
import { type Deed, Party, type Way } from '../threads/party.ts'
import type { Bout } from './bout.ts'

const ways: readonly Way[] = ['sync', 'async']

export async function threadLock(bout: Bout): Promise<number> {
  const draws = [mutex, mutexWithDeaths, readWrite, onceAndLatch]
  return await bout.pick(draws)(bout)
}

/** Runs a deed in several threads, and gives their answers. */
async function inSeveral(
  bout: Bout,
  deed: (parties: number) => Deed,
  traces: SharedArrayBuffer,
): Promise<unknown[]> {
  const drawn = bout.several(2, 5, () => bout.pick(ways))
  const what = deed(drawn.length)
  const parties = drawn.map((way) => new Party(what, { way, traces }))
  try {
    return await Promise.all(
      parties.map((party, id) => bout.wait(`${what.kind} of party ${id}`, party.answer())),
    )
  } finally {
    await Promise.all(parties.map((party) => party.end()))
  }
}

async function mutex(bout: Bout): Promise<number> {
  const { handle } = ThreadMutex.create()
  const count = bout.between(10, 2_000)
  const traces = new SharedArrayBuffer(64)
  const answers = await inSeveral(
    bout,
    () => ({ kind: 'count-locked', mutex: handle, count }),
    traces,
  )
  assert.equal(new Int32Array(traces)[0], answers.length * count)
  return answers.length * count
}

async function mutexWithDeaths(bout: Bout): Promise<number> {
  const own = ThreadMutex.create()
  const traces = new SharedArrayBuffer(64)
  const count = bout.between(100, 1_000)
  const deed = (times: number): Deed => ({ kind: 'count-locked', mutex: own.handle, count: times })
  const parties = bout
    .several(1, 3, () => bout.pick(ways))
    .map((way) => new Party(deed(count), { way, traces }))
  try {
    for (let deaths = bout.between(1, 5); deaths > 0; deaths--) {
      const victim = new Party(deed(1_000_000), { way: bout.pick(ways), traces })
      await bout.wait('the start of a victim', victim.begun)
      await bout.moment(15)
      await victim.end()
    }
    for (const [id, party] of parties.entries()) {
      assert.equal(await bout.wait(`the lock of party ${id}`, party.answer()), count)
    }
    const last = await bout.wait('the lock at the end', own.lock())
    last.release()
  } finally {
    await Promise.all(parties.map((party) => party.end()))
  }
  assert.ok((new Int32Array(traces)[0] ?? 0) >= parties.length * count)
  return parties.length * count
}

async function readWrite(bout: Bout): Promise<number> {
  const { handle } = ThreadRwLock.create()
  const count = bout.between(1, 300) * 4
  const traces = new SharedArrayBuffer(64)
  const answers = await inSeveral(bout, () => ({ kind: 'read-write', lock: handle, count }), traces)
  assert.equal(new Int32Array(traces)[0], (answers.length * count) / 4)
  return answers.length * count
}

async function onceAndLatch(bout: Bout): Promise<number> {
  const once = ThreadOnce.create()
  const traces = new SharedArrayBuffer(64)
  const ran = await inSeveral(bout, () => ({ kind: 'once', once: once.handle }), traces)
  assert.equal(ran.filter((answer) => answer === 'ran').length, 1)
  const latches: ThreadLatch[] = []
  const makeLatch = (parties: number): Deed => {
    const latch = ThreadLatch.create(parties)
    latches.push(latch)
    return { kind: 'latch', latch: latch.handle }
  }
  const passed = await inSeveral(bout, makeLatch, traces)
  assert.ok(passed.every((answer) => answer === 0))
  assert.equal(latches[0]?.count, 0)
  return ran.length + passed.length
}

/** Several processes count in one file under a lock, each for itself; a lost update would show in somebody's count. */
export async function processLock(bout: Bout): Promise<number> {
  await using crew = await Crew.gather()
  const address = { kind: 'unix', path: crew.path('s') } as const
  await using _coordinator = await openCoordinator(address)
  const scribes = bout.between(2, 4)
  const count = bout.between(20, 400)
  await writeFile(crew.path('s.book'), JSON.stringify(Array<number>(scribes).fill(0)))
  const hands = Array.from({ length: scribes }, (_, id) =>
    crew.hire('scribe', address.path, id, count),
  )
  for (const hand of hands) {
    if (!bout.chance(3)) continue
    await bout.moment(400)
    hand.child.kill('SIGKILL')
  }
  const ends = await Promise.all(
    hands.map((hand, id) => bout.wait(`the end of scribe ${id}`, hand.ended)),
  )
  const faults = hands.flatMap(({ lines }) => lines)
  assert.deepEqual(faults, [])
  const book = JSON.parse(await readFile(crew.path('s.book'), 'utf8')) as number[]
  for (const [id, end] of ends.entries()) {
    if (end === 0) assert.equal(book[id], count, `scribe ${id} of ${book.join(' ')}`)
    else assert.equal(end, 'SIGKILL', `scribe ${id}`)
  }
  return scribes * count
}

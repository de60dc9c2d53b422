/** Barriers under stress: rounds never mix, each has one leader, and a death breaks them for all and hangs nobody. */
import assert from 'node:assert/strict'
import { BarrierBroken } from '../../src/channels/mod.ts'
import { joinBarrier, openCoordinator } from '../../src/channels/processes/mod.ts'
import { ThreadBarrier } from '../../src/channels/threads/mod.ts'
import { Crew, type Hand } from '../processes/crew.ts'
import { type Deed, Party, type Way } from '../threads/party.ts'
import type { Bout } from './bout.ts'

const ways: readonly Way[] = ['sync', 'async']

export async function threadBarrier(bout: Bout): Promise<number> {
  const parties = bout.several(2, 5, () => bout.pick(ways))
  const count = bout.between(10, 3_000)
  const barrier = ThreadBarrier.create({ parties: parties.length })
  const deed: Deed = { kind: 'rounds', barrier: barrier.handle, count }
  const traces = new SharedArrayBuffer(64)
  const all = parties.map((way) => new Party(deed, { way, traces }))
  try {
    await Promise.all(all.map((party, id) => bout.wait(`the start of party ${id}`, party.begun)))
    const isFatal = bout.chance(2)
    if (isFatal) {
      await bout.moment(60)
      await all[0]!.end()
    }
    const answers = await Promise.all(
      all.map((party, id) => bout.wait(`the answer of party ${id}`, party.answer())),
    )
    checkRounds(answers.filter((answer) => Array.isArray(answer)) as number[][], parties.length)
    const others = answers.filter((answer) => !Array.isArray(answer))
    const allowed = isFatal ? ['BARRIER_BROKEN', 'EXIT'] : []
    for (const answer of others) assert.ok(allowed.includes(String(answer)), String(answer))
    return parties.length * count
  } finally {
    await Promise.all(all.map((party) => party.end()))
  }
}

/** Of those who were there to the end, no two had the same index in a round; all together had each. */
function checkRounds(indexes: readonly (readonly number[])[], parties: number): void {
  for (let round = 0; round < (indexes[0]?.length ?? 0); round++) {
    const own = indexes.map((all) => all[round] ?? -1)
    assert.equal(new Set(own).size, indexes.length, `indexes in round ${round}: ${own.join(' ')}`)
    assert.ok(own.every((index) => index >= 0 && index < parties))
  }
}

export async function processBarrier(bout: Bout): Promise<number> {
  await using crew = await Crew.gather()
  const address = { kind: 'unix', path: crew.path('s') } as const
  await using _coordinator = await openCoordinator(address)
  const others = bout.between(1, 3)
  const count = bout.between(5, 400)
  const parties = others + 1
  const hands = Array.from({ length: others }, () =>
    crew.hire('stage', address.path, parties, count),
  )
  await using barrier = await joinBarrier(address, 'stage', { parties })
  // Not in the first round: who has not come yet is waited for, not missed.
  const killAt = bout.chance(2) ? bout.between(1, count) : -1
  const mine: string[] = []
  try {
    for (let round = 0; round < count; round++) {
      if (round === killAt) bout.pick(hands).child.kill('SIGKILL')
      const { generation, index } = await bout.wait(`round ${round}`, barrier.wait())
      mine.push(`${generation} ${index}`)
    }
  } catch (error) {
    if (!(error instanceof BarrierBroken) || killAt < 0) throw error
    assert.equal(error.reason, 'lost')
  }
  const ends = await Promise.all(
    hands.map((hand, id) => bout.wait(`the end of party ${id}`, hand.ended)),
  )
  assert.ok(
    ends.every((end) => end === 0 || (killAt >= 0 && end === 'SIGKILL')),
    ends.join(' '),
  )
  checkLines([mine, ...hands.map(linesOf)], { count, isWhole: killAt < 0 })
  return parties * count
}

function linesOf({ lines }: Hand): readonly string[] {
  return lines.filter((line) => !line.startsWith('broken'))
}

/** Everybody saw the rounds in order, and no two had the same index in one. */
function checkLines(
  all: readonly (readonly string[])[],
  { count, isWhole }: { readonly count: number; readonly isWhole: boolean },
): void {
  for (const lines of all) {
    for (const [round, line] of lines.entries()) assert.equal(line.split(' ')[0], String(round))
    if (isWhole) assert.equal(lines.length, count)
  }
  const seen = all.flat()
  assert.equal(new Set(seen).size, seen.length, 'two parties had the same index in a round')
}

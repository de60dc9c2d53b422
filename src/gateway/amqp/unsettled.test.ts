/** What a channel owes: every tag is found once, in order, however it is settled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Unsettled } from './unsettled.ts'

type Step =
  | { readonly kind: 'add'; readonly gap: number; readonly jump: number; readonly origin: string }
  | { readonly kind: 'one' | 'through'; readonly pick: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        gap: fc.constantFrom(1, 1, 1, 2, 5),
        jump: fc.constantFrom(1, 1, 1, 3, -2),
        origin: fc.constantFrom('p', 'q'),
      }),
    },
    fc.record({
      kind: fc.constantFrom('one' as const, 'one' as const, 'through' as const),
      pick: fc.nat(),
    }),
  ),
  { maxLength: 200 },
)

interface Held {
  readonly tag: number
  readonly sequence: number
  readonly origin: string
}

test('it holds what a plain list would hold', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const unsettled = new Unsettled<string>()
      let model: Held[] = []
      let tag = 0
      let sequence = 1_000
      for (const step of list) {
        if (step.kind === 'add') {
          tag += step.gap
          sequence += step.jump
          unsettled.add(tag, sequence, step.origin)
          model.push({ tag, sequence, origin: step.origin })
          continue
        }
        const picked = step.pick % (tag + 2)
        const expected = model.filter((held) =>
          step.kind === 'one' ? held.tag === picked : held.tag <= picked,
        )
        const taken: Held[] = []
        if (step.kind === 'one') {
          const found = unsettled.takeOne(picked, (origin, at) =>
            taken.push({ tag: picked, sequence: at, origin }),
          )
          assert.equal(found, expected.length === 1)
        } else {
          unsettled.takeThrough(picked, (origin, first, count) => {
            for (let index = 0; index < count; index++) {
              const at = taken.length
              taken.push({ tag: expected[at]?.tag ?? -1, sequence: first + index, origin })
            }
          })
        }
        assert.deepEqual(taken, expected)
        model = model.filter((held) => !expected.includes(held))
        assert.equal(unsettled.size, model.length)
        for (let each = 0; each <= tag + 1; each++) {
          assert.equal(
            unsettled.has(each),
            model.some((held) => held.tag === each),
          )
        }
      }
    }),
  )
})

test('neighbours of one origin are one run, and no others', () => {
  const unsettled = new Unsettled<string>()
  const messages = [
    [7, 'p'],
    [8, 'p'],
    [9, 'q'],
    [10, 'p'],
    [12, 'p'],
  ] as const
  for (const [index, [sequence, origin]] of messages.entries())
    unsettled.add(index + 1, sequence, origin)
  const runs: [string, number, number][] = []
  unsettled.takeThrough(5, (...run) => runs.push(run))
  assert.deepEqual(runs, [
    ['p', 7, 2],
    ['q', 9, 1],
    ['p', 10, 1],
    ['p', 12, 1],
  ])
})

test('one message that is never settled does not keep the place of a million that were', () => {
  const unsettled = new Unsettled<string>()
  unsettled.add(1, 1, 'q')
  for (let tag = 2; tag <= 1_000_000; tag++) {
    unsettled.add(tag, tag, 'q')
    unsettled.takeOne(tag, () => {})
  }
  assert.equal(unsettled.size, 1)
  assert.ok(unsettled.placeCount < 100, `${unsettled.placeCount} places for one message`)
  assert.ok(unsettled.has(1))
})

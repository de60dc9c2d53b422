/** The explorer itself: it must find every outcome that any order has, and no other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { explore, type World } from './explorer.ts'
import { ModelMemory } from './memory.ts'
import { type Answer, plain, type Stepping, step } from './stepwise.ts'

/** One instruction of a small program: an operation on one of three words. */
interface Instruction {
  readonly kind: 'read' | 'write' | 'add' | 'swap' | 'plain'
  readonly place: number
  readonly value: number
}

type Program = readonly Instruction[]

const instruction: fc.Arbitrary<Instruction> = fc.record({
  kind: fc.constantFrom('read', 'write', 'add', 'swap', 'plain'),
  place: fc.nat(2),
  value: fc.integer({ min: 1, max: 3 }),
})

function* run(program: Program, memory: ModelMemory, saw: number[]): Stepping<void> {
  for (const { kind, place, value } of program)
    saw.push(Number(yield* take(kind, place, value, memory)))
}

function* take(kind: string, place: number, value: number, memory: ModelMemory): Stepping<Answer> {
  const words = memory.raw
  if (kind === 'read') return yield step('load', 'read', words, place)
  if (kind === 'write') return yield step('store', 'write', words, place, value)
  if (kind === 'add') return yield step('add', 'add', words, place, value)
  if (kind === 'swap') return yield step('compareExchange', 'swap', words, place, value, value + 1)
  yield plain('a plain step')
  const before = memory.words[place] ?? 0
  memory.words[place] = before * 2 + value
  return before
}

/** What may be at the end: the memory, and what everyone saw. */
function outcomesExplored(programs: readonly Program[]): Set<string> {
  const outcomes = new Set<string>()
  const start = (): World => {
    const memory = new ModelMemory(new SharedArrayBuffer(12))
    const saw: number[][] = programs.map(() => [])
    const actors = programs.map((program, index) => ({
      name: String(index),
      run: run(program, memory, saw[index] ?? []),
      *afterDeath(): Stepping<void> {},
    }))
    return { memory, actors, verify: () => outcomes.add(JSON.stringify([[...memory.raw], saw])) }
  }
  assert.ok(explore({ start, death: null, runsMax: 100_000 }).complete)
  return outcomes
}

/** The same by trying all orders, one after the other. */
function outcomesOfAllOrders(programs: readonly Program[]): Set<string> {
  const outcomes = new Set<string>()
  const visit = (order: readonly number[]): void => {
    const left = programs.map((program, index) => program.length - count(order, index))
    if (left.every((rest) => rest === 0)) outcomes.add(outcomeOf(programs, order))
    for (const [index, rest] of left.entries()) if (rest > 0) visit([...order, index])
  }
  visit([])
  return outcomes
}

function count(order: readonly number[], index: number): number {
  return order.filter((chosen) => chosen === index).length
}

function outcomeOf(programs: readonly Program[], order: readonly number[]): string {
  const words = [0, 0, 0]
  const saw: number[][] = programs.map(() => [])
  for (const index of order) {
    const { kind, place, value } = programs[index]?.[saw[index]?.length ?? 0] ?? {
      kind: 'read',
      place: 0,
      value: 0,
    }
    const before = words[place] ?? 0
    if (kind === 'write') words[place] = value
    if (kind === 'add') words[place] = before + value
    if (kind === 'swap' && before === value) words[place] = value + 1
    if (kind === 'plain') words[place] = before * 2 + value
    saw[index]?.push(kind === 'write' ? value : before)
  }
  return JSON.stringify([words, saw])
}

test('exploring finds exactly the outcomes of all orders', () => {
  const programs = fc.array(fc.array(instruction, { minLength: 1, maxLength: 3 }), {
    minLength: 2,
    maxLength: 3,
  })
  fc.assert(
    fc.property(programs, (chosen) => {
      assert.deepEqual(outcomesExplored(chosen), outcomesOfAllOrders(chosen))
    }),
    { numRuns: 60 },
  )
})

test('steps that touch nothing in common are run in one order', () => {
  const programs: Program[] = [0, 1, 2].map((place) => [
    { kind: 'add', place, value: 1 },
    { kind: 'read', place, value: 1 },
  ])
  let runs = 0
  const start = (): World => {
    const memory = new ModelMemory(new SharedArrayBuffer(12))
    const actors = programs.map((program, index) => ({
      name: String(index),
      run: run(program, memory, []),
      *afterDeath(): Stepping<void> {},
    }))
    return { memory, actors, verify: () => runs++ }
  }
  explore({ start, death: null, runsMax: 1000 })
  assert.equal(runs, 1)
})

test('somebody who sleeps for ever is reported, with the way there', () => {
  function* sleeper(memory: ModelMemory): Stepping<void> {
    if ((yield step('load', 'look', memory.raw, 0)) === 0)
      yield step('wait', 'sleep', memory.raw, 1, 0)
  }
  function* waker(memory: ModelMemory): Stepping<void> {
    yield step('notify', 'wake', memory.raw, 1)
    yield step('store', 'set', memory.raw, 0, 1)
  }
  const start = (): World => {
    const memory = new ModelMemory(new SharedArrayBuffer(8))
    const afterDeath = function* (): Stepping<void> {}
    const actors = [
      { name: 'sleeper', run: sleeper(memory), afterDeath },
      { name: 'waker', run: waker(memory), afterDeath },
    ]
    return { memory, actors, verify: () => undefined }
  }
  assert.throws(() => explore({ start, death: null, runsMax: 100 }), /asleep for ever: sleeper/)
})

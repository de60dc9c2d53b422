/** How a crew cuts chunks short: time limits, signals, withdrawals and refusals, with simulated workers. */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'

import { CrewWorld } from '../../test/pool/crew-world.ts'
import { Probe } from '../../test/pool/probe.ts'
import type { Begun } from '../../test/pool/sim-workers.ts'
import { PoolNotSendable, PoolTaskTimeout } from './errors.ts'

const quick = { kind: 'done', ms: 0.01 } as const
const slow = { kind: 'done', ms: 50 } as const
const endless = { kind: 'hangs' } as const

function namesOf(begun: readonly Begun[]): string[] {
  return begun.map(({ chunk }) => (chunk as Probe).name)
}

/** Gives the crew some quick chunks, so that it knows that it may send ahead. */
async function warm(world: CrewWorld): Promise<void> {
  for (let index = 0; index < 4; index += 1) world.crew.submit(new Probe('warm', quick), 'wait')
  await world.settle()
  world.workers.begun.length = 0
}

test('a chunk that runs too long fails and its worker is replaced; waiting does not count', async () => {
  const world = new CrewWorld({ size: 1 })
  const first = new Probe('first', slow)
  const late = new Probe('late', { kind: 'done', ms: 5 }, { timeoutMs: 10 })
  const hung = new Probe('hung', endless, { timeoutMs: 10 })
  const after = new Probe('after', quick)
  for (const probe of [first, late, hung, after]) world.crew.submit(probe, 'wait')
  await world.settle()
  assert.equal(late.fate.kind, 'answered', 'it waited longer than it may run')
  assert.ok(hung.error instanceof PoolTaskTimeout)
  assert.equal(after.fate.kind, 'answered')
  assert.deepEqual(world.ends, ['timeout'])
})

test('a timer set for an earlier chunk does not end a later one', async () => {
  const world = new CrewWorld({ size: 1 })
  await warm(world)
  const first = new Probe('first', quick, { timeoutMs: 20 })
  const second = new Probe('second', { kind: 'done', ms: 30 }, { timeoutMs: 40 })
  world.crew.submit(first, 'wait')
  world.crew.submit(second, 'wait')
  await world.settle()
  assert.equal(second.fate.kind, 'answered')
})

test('a chunk that waits leaves without a trace when its signal fires', async () => {
  const world = new CrewWorld({ size: 1 })
  const cancel = new AbortController()
  const first = new Probe('first', slow)
  const gone = new Probe('gone', quick, { signal: cancel.signal })
  world.crew.submit(first, 'wait')
  world.crew.submit(gone, 'wait')
  await world.scheduler.advance(10)
  cancel.abort(new Error('enough'))
  assert.match(String(gone.error), /enough/)
  await world.settle()
  assert.deepEqual(namesOf(world.workers.begun), ['first'])
  assert.deepEqual(world.ends, [])
})

test('a chunk that runs is killed with its worker; others go on elsewhere', async () => {
  const world = new CrewWorld({ size: 1 })
  await warm(world)
  const cancel = new AbortController()
  const { signal } = cancel
  const victims = ['a', 'b'].map((name) => new Probe(name, slow, { signal }))
  const other = new Probe('other', quick)
  for (const probe of [...victims, other]) world.crew.submit(probe, 'wait')
  await world.scheduler.advance(5)
  cancel.abort('stop')
  assert.deepEqual(
    victims.map((victim) => victim.error),
    ['stop', 'stop'],
  )
  await world.settle()
  assert.equal(other.fate.kind, 'answered')
  assert.deepEqual(namesOf(world.workers.begun), ['a', 'other'])
  assert.deepEqual(world.ends, ['cancelled'])
})

test('whoever hears of a cancelled chunk may withdraw others of the same signal', async () => {
  const world = new CrewWorld({ size: 1 })
  const cancel = new AbortController()
  const { signal } = cancel
  const other = new Probe('other', quick, { signal })
  const first = new (class extends Probe {
    override fail(error: unknown): void {
      super.fail(error)
      world.crew.withdraw(other)
    }
  })('first', quick, { signal })
  world.crew.submit(first, 'wait')
  world.crew.submit(other, 'wait')
  cancel.abort('stop')
  assert.equal(first.error, 'stop')
  assert.equal(other.told, 0)
  await world.settle()
  assert.equal(world.workers.begun.length, 0)
})

test('a signal that lives on keeps no listener of what is over', async () => {
  const world = new CrewWorld({ size: 1 })
  const { signal } = new AbortController()
  for (let index = 0; index < 20; index += 1) {
    world.crew.submit(new Probe('one', quick, { signal }), 'wait')
  }
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  await world.settle()
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('a signal that has fired already refuses the chunk', () => {
  const world = new CrewWorld()
  const probe = new Probe('late', quick, { signal: AbortSignal.abort('over') })
  world.crew.submit(probe, 'wait')
  assert.equal(probe.error, 'over')
  assert.equal(world.workers.workers.length, 0)
})

test('a withdrawn chunk is not begun, and nobody is told', async () => {
  const world = new CrewWorld({ size: 1 })
  const first = new Probe('first', slow)
  const unwanted = new Probe('unwanted', quick)
  world.crew.submit(first, 'wait')
  world.crew.submit(unwanted, 'wait')
  world.crew.withdraw(unwanted)
  await world.settle()
  assert.equal(unwanted.told, 0)
  assert.deepEqual(namesOf(world.workers.begun), ['first'])
})

test('what cannot be copied fails alone', async () => {
  const world = new CrewWorld({ size: 1 })
  await warm(world)
  const before = new Probe('before', quick)
  const bad = new Probe('bad', { kind: 'refused' })
  const after = new Probe('after', quick)
  for (const probe of [before, bad, after]) world.crew.submit(probe, 'wait')
  await world.settle()
  assert.ok(bad.error instanceof PoolNotSendable)
  assert.equal(before.fate.kind, 'answered')
  assert.equal(after.fate.kind, 'answered')
})

/** The allowance that keeps loops from starving the event loop. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { done, Turn, waitsPerTurn } from './turn.ts'

test('once the allowance is spent, every kind of wait settles in the next turn', async () => {
  const world = new Clockwork()
  const kinds: readonly (() => Promise<unknown>)[] = [
    () => Turn.of(world.scheduler).over(),
    () => Turn.of(world.scheduler).with(7),
    () => new Promise<void>((resolve) => Turn.of(world.scheduler).settle(resolve)),
  ]
  for (const spend of kinds) {
    for (const kind of kinds) {
      // One kind spends what another would need: they share it.
      for (let count = 0; count < waitsPerTurn; count++) await spend()
      const late = watch(kind())
      await done
      await done
      assert.equal(late.state, 'pending')
      await world.settle()
      assert.equal(late.state, 'resolved')
    }
  }
})

test('a wait within the allowance costs no macrotask, and keeps its value', async () => {
  const world = new Clockwork()
  const turn = Turn.of(world.scheduler)
  assert.equal(turn.over(), done)
  assert.equal(await turn.with('value'), 'value')
  let settled = false
  turn.settle(() => {
    settled = true
  })
  assert.equal(settled, true)
})

test('schedulers have turns of their own, and each has one', () => {
  const [first, second] = [new Clockwork(), new Clockwork()]
  assert.equal(Turn.of(first.scheduler), Turn.of(first.scheduler))
  assert.notEqual(Turn.of(first.scheduler), Turn.of(second.scheduler))
})

/** What is made once is made once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { watch } from '../../test/channels/watch.ts'
import { Once } from './once.ts'
import { SyncTimeout } from './sync-errors.ts'

test('it is made when it is first asked for, and shared', async () => {
  const world = new Clockwork()
  let made = 0
  const once = new Once(async () => {
    await world.sleep(5)
    made += 1
    return { made }
  }, world)
  assert.equal(made, 0)
  const [first, second] = await world.until(Promise.all([once.get(), once.get()]))
  assert.equal(first, second)
  assert.equal(await once.get(), first)
  assert.deepEqual([made, once.made], [1, true])
})

test('a failure goes to all who wait, and the next one tries again', async () => {
  const world = new Clockwork()
  let attempts = 0
  const once = new Once(async () => {
    attempts += 1
    if (attempts === 1) throw new Error('not yet')
    return attempts
  }, world)
  const both = [watch(once.get()), watch(once.get())]
  await world.settle()
  assert.deepEqual(
    both.map(({ error }) => error),
    [new Error('not yet'), new Error('not yet')],
  )
  assert.equal(await once.get(), 2)
})

test('a failure at once is a failure like any other', async () => {
  const once = new Once(() => JSON.parse('{') as unknown, new Clockwork())
  await assert.rejects(once.get(), SyntaxError)
  assert.equal(once.made, false)
})

test('who stops waiting does not stop the making', async () => {
  const world = new Clockwork()
  const once = new Once(() => world.sleep(10).then(() => 'made'), world)
  const hasty = watch(once.get({ timeoutMs: 5 }))
  const patient = watch(once.get())
  await world.run()
  assert.ok(hasty.error instanceof SyncTimeout)
  assert.equal(patient.value, 'made')
})

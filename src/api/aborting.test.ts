/** Every wait of the embedded API ends with its signal: at once, with its reason, and with nobody left behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  abortAll,
  drain,
  fillTurn,
  LONG,
  listenersOf,
  openFullPlace,
  openPlace,
} from '../../test/broker/api-place.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import { AppendAborted, Broker, SendAborted, type WaitOptions } from '../mod.ts'

test('a signal that has fired already lets nothing begin', async () => {
  const place = await openPlace()
  const { queue, stream, options } = place
  await settled(queue.send('there'), 'a message')
  await settled(stream.append({ body: 'there' }), 'a record')
  const reading = stream.readBatches({ group: 'g' })
  const { value: batch } = await settled(reading.next(), 'a batch')
  place.abort()
  const calls = [
    () => queue.send('x', options),
    () => queue.trySend('x', options)!,
    () => queue.sendMany(['x', 'y'], options),
    () => queue.room(options),
    () => queue.purge(options),
    () => queue.delete(options),
    () => stream.append({ body: 'x' }, options),
    () => stream.appendMany([{ body: 'x' }, { body: 'y' }], options),
    () => stream.moveGroup('other', 0, options),
    () => stream.delete(options),
    () => batch!.commit(options),
  ]
  for (const call of calls) await assert.rejects(call(), place.reason)
  assert.equal(queue.readyCount, 1)
  assert.equal(stream.range(0).next + stream.range(1).next, 1)
  assert.deepEqual([...place.runtime.namespace('/')!.groups.keys()], [])
  assert.equal(listenersOf(place), 0)
  await settled(batch!.commit(), 'the commit')
})

test('a call that ends well leaves no listener on its signal', async () => {
  const place = await openPlace()
  const { queue, stream, options } = place
  const calls: Promise<unknown>[] = [
    queue.send('1', options),
    queue.trySend('2', options)!,
    queue.sendMany(['3', '4'], options),
    queue.send('x'.repeat(2_000), { ...options, persistence: 'transient' }),
    stream.append({ body: '1' }, options),
    stream.appendMany([{ body: '2' }, { body: '3' }], options),
    stream.moveGroup('g', 0, options),
  ]
  await settled(Promise.all(calls), 'all of them')
  assert.equal(queue.readyCount, 5)
  assert.equal(await settled(queue.purge(options), 'the purge'), 5)
  await settled(queue.delete(options), 'the deletion')
  await settled(stream.delete(options), 'the deletion')
  assert.equal(listenersOf(place), 0)
})

test('aborted while it waits for room, nothing was sent, and nothing comes later', async () => {
  const place = await openFullPlace()
  const { queue, stream, options } = place
  const before = queue.readyCount
  const calls = [
    queue.send(LONG, options),
    queue.send('x'.repeat(2_000), options),
    queue.sendMany([LONG, LONG], options),
    queue.room(options),
    stream.append({ body: LONG }, options),
    stream.appendMany([{ body: LONG }, { body: LONG }], options),
  ]
  await drained()
  await abortAll(place, calls)
  assert.equal((await drain(place)).length, before)
  assert.deepEqual([stream.range(0).next, stream.range(1).next], [0, 0])
  assert.deepEqual(await settled(stream.append({ body: 'x', partition: 0 }), 'a record'), {
    partition: 0,
    offset: 0,
  })
})

test('who waits behind one that is aborted goes on when there is room', async () => {
  const place = await openFullPlace()
  const { queue, stream, options } = place
  const aborted = [queue.send(LONG, options), stream.append({ body: LONG }, options)]
  const behind = [queue.send('behind'), queue.sendMany(['and', 'more'])]
  const record = stream.append({ body: 'behind', partition: 1 })
  await drained()
  await abortAll(place, aborted)
  assert.deepEqual((await drain(place)).slice(-3), ['behind', 'and', 'more'])
  await settled(Promise.all(behind), 'those behind')
  assert.deepEqual(await settled(record, 'the record behind'), { partition: 1, offset: 0 })
})

for (const who of ['queue', 'stream'] as const) {
  test(`who waits at a ${who} behind one that is aborted goes on at once where there is room for it`, async () => {
    const place = await openFullPlace('for-long')
    const { queue, stream, options } = place
    const call = (body: string, asked: WaitOptions): Promise<unknown> =>
      who === 'queue' ? queue.send(body, asked) : stream.append({ body }, asked)
    const aborted = call(LONG, options)
    let isThrough: boolean = false
    const behind = call('x', {}).then(() => {
      isThrough = true
    })
    await drained()
    assert.equal(isThrough, false)
    await abortAll(place, [aborted])
    await settled(behind, 'the one behind')
  })
}

test('aborted behind others that wait, it lets its turn pass', async () => {
  const place = await openFullPlace()
  const { queue, stream, options } = place
  const first = [queue.send('first'), queue.send(LONG)]
  const records = [stream.append({ body: 'first', partition: 0 })]
  const aborted = [
    queue.send('aborted', options),
    stream.append({ body: 'aborted', partition: 0 }, options),
  ]
  const last = queue.send('last')
  records.push(stream.append({ body: 'last', partition: 0 }))
  await drained()
  await abortAll(place, aborted)
  assert.deepEqual((await drain(place)).slice(-3), ['first', LONG, 'last'])
  await settled(Promise.all([...first, last]), 'the others')
  assert.deepEqual(
    (await settled(Promise.all(records), 'the records')).map(({ offset }) => offset),
    [0, 1],
  )
})

test('aborted when the queue has taken it, the call rejects, and the message is there', async () => {
  const place = await openPlace()
  const { queue, stream, options } = place
  const calls = [
    queue.send('sent', options),
    queue.trySend('tried', options)!,
    stream.append({ body: 'appended', partition: 0 }, options),
  ]
  await abortAll(place, calls)
  await drained()
  assert.deepEqual(await drain(place), ['sent', 'tried'])
  assert.equal(stream.range(0).next, 1)
})

test('a purge that is aborted has purged, and its queue is as usual', async () => {
  const place = await openPlace()
  const { queue, options } = place
  await settled(queue.sendMany(['1', '2']), 'messages')
  await abortAll(place, [queue.purge(options)])
  await settled(queue.send('3'), 'a message')
  assert.deepEqual(await drain(place), ['3'])
})

test('sendMany says how many were sent when it was aborted, and sends no other', async () => {
  const place = await openPlace()
  const { queue, options, reason } = place
  const bodies = Array.from({ length: 100 }, (_, index) => `${index} ${LONG}`)
  const sent = queue.sendMany(bodies, options)
  const behind = queue.send('behind')
  const sentCount = queue.readyCount
  assert(sentCount > 0 && sentCount < bodies.length, `${sentCount} found room at once`)
  place.abort()
  await assert.rejects(settled(sent, 'the aborted call'), (error: unknown) => {
    assert(error instanceof SendAborted)
    assert.deepEqual(
      [error.code, error.sentCount, error.cause],
      ['SEND_ABORTED', sentCount, reason],
    )
    return true
  })
  await settled(behind, 'the one behind')
  assert.deepEqual(await drain(place), [...bodies.slice(0, sentCount), 'behind'])
  assert.equal(listenersOf(place), 0)
})

test('sendMany counts what it sent later as well, and all of them when it waits for the disk alone', async () => {
  const place = await openPlace()
  const { queue } = place
  const bodies = Array.from({ length: 100 }, (_, index) => `${index} ${LONG}`)
  const sent = queue.sendMany(bodies, place.options)
  const atOnce = queue.readyCount
  for (let turns = 0; turns < 10_000 && queue.readyCount === atOnce; turns++) await null
  place.abort()
  const sentCount = queue.readyCount
  assert(sentCount > atOnce && sentCount < bodies.length, `${sentCount}, ${atOnce} of them at once`)
  await assert.rejects(settled(sent, 'the aborted call'), { sentCount })
  assert.deepEqual(await drain(place), bodies.slice(0, sentCount))

  const other = await openPlace()
  const all = other.queue.sendMany(['1', '2'], other.options)
  other.abort()
  await assert.rejects(settled(all, 'the aborted call'), { sentCount: 2 })
  assert.deepEqual(await drain(other), ['1', '2'])
})

test('appendMany says which records were appended when it was aborted, and appends no other', async () => {
  const place = await openPlace()
  const { stream, queue, options } = place
  while (queue.trySend(LONG) !== null);
  const records = [
    { body: LONG, partition: 1 },
    { body: 'short', partition: 0 },
    { body: 'shorter', partition: 0 },
  ]
  const appended = stream.appendMany(records, options)
  const behind = stream.append({ body: 'behind', partition: 1 })
  place.abort()
  await assert.rejects(settled(appended, 'the aborted call'), (error: unknown) => {
    assert(error instanceof AppendAborted)
    assert.equal(error.cause, place.reason)
    assert.deepEqual(error.appended, [
      null,
      { partition: 0, offset: 0 },
      { partition: 0, offset: 1 },
    ])
    return true
  })
  assert.deepEqual(await settled(behind, 'the one behind'), { partition: 1, offset: 0 })
  assert.deepEqual([stream.range(0).next, stream.range(1).next], [2, 1])
  const reading = stream.read({ from: [2, 0] })
  assert.equal((await settled(reading.next(), 'the record')).value!.text(), 'behind')
  await reading.return(undefined)
})

test('a large body that waits in the line leaves it when it is aborted, and those behind come', async () => {
  const place = await openPlace()
  const { queue, options, runtime } = place
  const other = runtime.arrivals.open({
    sizeBytes: 2_000,
    persistence: 'persistent',
    bringer: null,
  })
  const large = queue.send('x'.repeat(2_500), options)
  const behind = queue.send('behind')
  await drained()
  const third = runtime.arrivals.open({
    sizeBytes: 1_000,
    persistence: 'persistent',
    bringer: null,
  })
  assert.deepEqual([other.isLetIn, third.isLetIn, queue.readyCount], [true, false, 0])
  await abortAll(place, [large])
  await settled(behind, 'the one behind')
  assert.equal(third.isLetIn, true)
  assert.deepEqual(await drain(place), ['behind'])
  for (const arrival of [other, third]) arrival.close()
})

test('a large body that is aborted half way is gone, and its share is free', async () => {
  const place = await openPlace()
  const { queue, options, runtime } = place
  const references = runtime.references
  fillTurn(place)
  const large = queue.send('x'.repeat(2_500), options)
  await Promise.resolve()
  await abortAll(place, [large])
  const next = queue.send('y'.repeat(3_000))
  await settled(next, 'the next')
  const bodies = await drain(place)
  assert.deepEqual([bodies.at(-1)!.length, bodies.includes('x'.repeat(2_500))], [3_000, false])
  assert.equal(runtime.references, references)
})

test('what is no signal is refused wherever one is taken', async () => {
  const place = await openPlace()
  const { queue, stream } = place
  const odd = { signal: new AbortController() } as unknown as WaitOptions
  const refusal = { code: 'REFUSED', message: /AbortSignal, not AbortController/ }
  const throwing = [
    () => queue.send('x', odd),
    () => queue.trySend('x', odd),
    () => queue.sendMany(['x'], odd),
    () => queue.consume(odd),
    () => queue.consumeBatches(odd),
    () => stream.read(odd),
    () => stream.readBatches(odd),
  ]
  for (const call of throwing) assert.throws(call, refusal)
  const rejecting = [
    () => queue.room(odd),
    () => queue.purge(odd),
    () => queue.delete(odd),
    () => stream.append({ body: 'x' }, odd),
    () => stream.appendMany([], odd),
    () => stream.moveGroup('g', 0, odd),
    () => stream.delete(odd),
    () => Broker.open(odd),
  ]
  for (const call of rejecting) await assert.rejects(call, refusal)
  const broker = await Broker.open()
  await assert.rejects(broker.queue('q', odd), refusal)
  await assert.rejects(broker.stream('s', odd), refusal)
  await broker.close()
})

test('who waits for room when the broker fails is told, be it to send, to append or to move a group', async () => {
  const place = await openPlace()
  const { queue, stream, runtime } = place
  fillTurn(place)
  const calls = [queue.send(LONG), stream.append({ body: LONG }), stream.moveGroup('g', 0)]
  runtime.fail(new Error('the disk is gone'))
  const ends = await settled(Promise.allSettled(calls), 'the calls')
  for (const end of ends) {
    assert.equal(end.status, 'rejected')
    assert.equal(end.reason.code, 'BROKER_CLOSED')
  }
})

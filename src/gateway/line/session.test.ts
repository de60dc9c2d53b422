/** What one client of a line socket may do, and what becomes of one that does more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ADDRESS, place } from '../../../test/processes/line-place.ts'

test('a client that sends without a line end and closes is understood', async () => {
  for (const framing of ['line', 'chunk'] as const) {
    const { world, shelf, client } = await place({ framing })
    const one = await client()
    one.send('Hello from a plain client')
    one.connection.end()
    await world.pass(10)
    assert.deepEqual(shelf.messages, ['Hello from a plain client'])
  }
})

test('a client that is gone without a word still leaves what arrived', async () => {
  const { world, shelf, client } = await place()
  const one = await client()
  one.send('first\nsecond')
  await world.pass(1)
  one.connection.destroy()
  await world.pass(10)
  assert.deepEqual(shelf.messages, ['first', 'second'])
})

test('the chunks of a text put together are the text, however it was cut', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { world, shelf, client } = await place({ framing: 'chunk' }, { weather: 'seeded' })
    const text = '한글과 English 😀\n'.repeat(50)
    const one = await client()
    one.send(text)
    one.connection.end()
    await world.pass(1000)
    assert.equal(shelf.messages.join(''), text)
  }
})

test('a full queue stops the client, and nothing is lost or reordered when there is room again', async () => {
  const { world, shelf, listener, client } = await place({}, { capacity: 3 })
  const one = await client()
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`)
  one.send(`${lines.join('\n')}\n`)
  await world.pass(10)
  assert.equal(shelf.messages.length, 3)
  one.send('after\n')
  await world.pass(10)
  assert.ok(one.connection.pendingBytes > 0, 'a stopped client was read on')
  while (shelf.messages.length < 21) {
    shelf.receive(1)
    await world.pass(1)
    assert.ok(shelf.inside <= 3)
  }
  assert.deepEqual(shelf.messages, [...lines, 'after'])
  assert.ok(listener.counters().waits > 0)
})

test('a client that left while the queue was full has its messages taken later', async () => {
  const { world, shelf, listener, client } = await place({}, { capacity: 1 })
  const one = await client()
  one.send('a\nb\nc')
  one.connection.end()
  await world.pass(10)
  one.connection.destroy()
  await world.pass(10)
  for (let count = 0; count < 3; count++) {
    shelf.receive(1)
    await world.pass(10)
  }
  assert.deepEqual(shelf.messages, ['a', 'b', 'c'])
  assert.equal(listener.counters().clients, 0)
})

test('waiting for the queue is no idleness of the client', async () => {
  const { world, shelf, client } = await place({ idleMs: 200, messageMs: 100 }, { capacity: 1 })
  const one = await client()
  one.send('a\nb\nc')
  await world.pass(5000)
  assert.equal(one.gone, false)
  shelf.receive(1)
  await world.pass(1)
  shelf.receive(1)
  await world.pass(90)
  assert.equal(one.told, '')
  await world.pass(200)
  assert.equal(one.told, 'ERR message not whole after 100 ms\n')
})

test('a silent client is let go, and says nothing more', async () => {
  const { world, listener, client } = await place({ idleMs: 1000, lingerMs: 50 })
  const one = await client()
  await world.pass(999)
  assert.equal(one.told, '')
  await world.pass(2)
  assert.equal(one.told, 'ERR idle for 1000 ms\n')
  await world.pass(60)
  assert.equal(one.gone, true)
  assert.equal(listener.counters().refused, 1)
})

test('a message that comes drop by drop is given up, however busy the client looks', async () => {
  const { world, shelf, client } = await place({ idleMs: 1000, messageMs: 5000 })
  const one = await client()
  one.send('whole\n')
  for (let count = 0; count < 100 && one.told === ''; count++) {
    one.send('x')
    await world.pass(100)
  }
  assert.equal(one.told, 'ERR message not whole after 5000 ms\n')
  assert.deepEqual(shelf.messages, ['whole'])
})

test('each message has its own time to become whole', async () => {
  const { world, client } = await place({ idleMs: 60_000, messageMs: 5000 })
  const one = await client()
  one.send('begun')
  await world.pass(4000)
  one.send(' and done\nbegun again')
  await world.pass(4000)
  assert.equal(one.told, '')
  await world.pass(1500)
  assert.equal(one.told, 'ERR message not whole after 5000 ms\n')
})

test('times of Infinity are never', async () => {
  const { world, client } = await place({
    idleMs: Number.POSITIVE_INFINITY,
    messageMs: Number.POSITIVE_INFINITY,
  })
  const one = await client()
  one.send('x')
  await world.pass(1e9)
  assert.equal(one.told, '')
})

test('there is no place for more clients than the limit, and those are told so', async () => {
  const { world, shelf, listener, client } = await place({ clientsMax: 2 })
  const [one, , three] = [await client(), await client(), await client()]
  three.send('ignored\n')
  await world.pass(10)
  assert.equal(three.told, 'ERR too many clients: limit 2\n')
  assert.equal(listener.counters().turnedAway, 1)
  one.connection.end()
  await world.pass(10)
  const four = await client()
  four.send('welcome\n')
  await world.pass(10)
  assert.deepEqual(shelf.messages, ['welcome'])
})

test('a message is answered with its number once it is durable, and not before', async () => {
  const { world, shelf, listener, client } = await place({ answers: 'ok' }, { durable: true })
  const one = await client()
  one.send('a\nb\n')
  await world.pass(10)
  assert.equal(one.told, '')
  shelf.commit()
  await world.pass(10)
  assert.equal(one.told, 'OK 0\nOK 1\n')
  one.send('c')
  one.connection.end()
  await world.pass(10)
  assert.equal(one.gone, false)
  shelf.commit()
  await world.pass(10)
  assert.equal(one.told, 'OK 0\nOK 1\nOK 2\n')
  assert.equal(one.gone, true)
  assert.equal(listener.counters().answered, 3)
})

test('a refusal comes after the answers to what was taken before', async () => {
  const options = { answers: 'ok', messageBytesMax: 4, framing: 'length' } as const
  const { world, shelf, client } = await place(options, { durable: true })
  const one = await client()
  one.send('\0\0\0\x01a\0\0\0\x05')
  await world.pass(10)
  shelf.commit()
  await world.pass(10)
  const refusal = 'ERR too long: limit 4 bytes'
  assert.equal(one.told, `\0\0\0\x04OK 0\0\0\0${String.fromCharCode(refusal.length)}${refusal}`)
})

test('what cannot be stored is not answered with OK', async () => {
  const { world, shelf, client } = await place({ answers: 'ok' }, { durable: true })
  const one = await client()
  one.send('a\nb\n')
  await world.pass(10)
  shelf.fail()
  await world.pass(10)
  assert.equal(one.told, 'ERR not stored\n')
})

test('no more is read than may go unanswered', async () => {
  const { world, shelf, client } = await place(
    { answers: 'ok', unansweredMax: 2 },
    { durable: true },
  )
  const one = await client()
  one.send('a\nb\nc\nd\n')
  await world.pass(10)
  assert.deepEqual(shelf.messages, ['a', 'b'])
  shelf.commit()
  await world.pass(10)
  assert.deepEqual(shelf.messages, ['a', 'b', 'c', 'd'])
})

test('of a client that is gone all is taken, answered or not', async () => {
  const { world, shelf, listener, client } = await place(
    { answers: 'ok', unansweredMax: 1 },
    { durable: true },
  )
  const one = await client()
  one.send('a\nb\nc')
  await world.pass(10)
  assert.deepEqual(shelf.messages, ['a'])
  one.connection.destroy()
  await world.pass(10)
  assert.deepEqual(shelf.messages, ['a', 'b', 'c'])
  assert.equal(listener.counters().clients, 0)
})

test('a client that is refused while it was held back is read on, so that its end is seen', async () => {
  const { world, shelf, listener, client } = await place(
    { answers: 'ok', unansweredMax: 1, lingerMs: 60_000 },
    { durable: true },
  )
  const one = await client()
  one.send('a\nb\n')
  await world.pass(10)
  one.send('more\n')
  shelf.fail()
  await world.pass(10)
  assert.equal(one.told, 'ERR not stored\n')
  one.connection.end()
  await world.pass(100)
  assert.deepEqual([one.gone, listener.counters().clients], [true, 0])
})

test('a client that does not take its answers is not read on, and is let go in the end', async () => {
  const options = { answers: 'ok', idleMs: 1000, lingerMs: 10 } as const
  const { world, shelf, listener, client } = await place(options, { durable: true })
  const one = await client()
  one.connection.pause()
  for (let count = 0; count < 40; count++) {
    one.send('x\n'.repeat(1000))
    await world.pass(1)
    shelf.commit()
    await world.pass(1)
  }
  assert.ok(shelf.messages.length < 20_000, `${shelf.messages.length} taken`)
  await world.pass(3000)
  assert.equal(listener.counters().clients, 0)
})

test('answers are refused to a queue that keeps nothing durable', async () => {
  await assert.rejects(place({ answers: 'ok' }), RangeError)
})

test('a queue that is closed lets its clients go', async () => {
  const { world, shelf, client } = await place()
  const one = await client()
  shelf.closed = true
  one.send('a\n')
  await world.pass(10)
  assert.equal(one.told, 'ERR closed\n')
})

test('closing lets a client bring what it has under way', async () => {
  const { world, shelf, listener, client } = await place()
  const one = await client()
  one.send('first\n')
  await world.pass(1)
  const closed = listener.close()
  await world.pass(10)
  assert.equal(one.toldEnd, true)
  one.send('second')
  one.connection.end()
  await world.pass(10)
  await closed
  assert.deepEqual(shelf.messages, ['first', 'second'])
  await assert.rejects(world.connect(ADDRESS))
})

test('closing answers what was taken, and waits no longer than it may for a client that stays', async () => {
  const { world, shelf, listener, client } = await place(
    { answers: 'ok', drainMs: 500, lingerMs: 10_000 },
    { durable: true },
  )
  const one = await client()
  one.send('taken\ncut')
  await world.pass(10)
  const closed = listener.close()
  await world.pass(10)
  shelf.commit()
  await world.pass(10)
  assert.equal(one.told, 'OK 0\n')
  assert.equal(one.toldEnd, true)
  await world.pass(500)
  await closed
  assert.equal(one.gone, true)
  assert.equal(listener.counters().cutBytes, 3)
  await listener.close()
})

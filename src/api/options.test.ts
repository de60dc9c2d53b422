/** What a program asks for is done or refused, and nothing is taken and not looked at. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Broker, type BrokerQueue, type BrokerStream } from '../mod.ts'

async function withBoth(
  use: (queue: BrokerQueue, stream: BrokerStream) => void | Promise<void>,
): Promise<void> {
  const broker = await Broker.open()
  try {
    const stream = await broker.stream('facts', {})
    await stream.append({ body: 'one' })
    await use(await broker.queue('jobs', {}), stream)
  } finally {
    await broker.close()
  }
}

const refused = (message: RegExp): object => ({ code: 'REFUSED', message })

test('an option that does not exist is refused wherever options are taken', () =>
  withBoth((queue, stream) => {
    const odd = { priority: 5 } as object
    const sends = [
      () => queue.send('x', odd),
      () => queue.trySend('x', odd),
      () => queue.sendMany(['x'], odd),
      () => queue.sendMany([], odd),
    ]
    for (const send of sends) assert.throws(send, refused(/no option 'priority'.*persistence/))
    const others = [
      () => queue.consume(odd),
      () => queue.consumeBatches(odd),
      () => stream.read(odd),
      () => stream.readBatches(odd),
    ]
    for (const each of others) assert.throws(each, refused(/no option 'priority'/))
    assert.throws(() => queue.consume({ messagesMax: 1 } as object), refused(/'messagesMax'/))
    assert.throws(() => stream.read({ recordsMax: 1 } as object), refused(/'recordsMax'/))
    assert.deepEqual([queue.readyCount, queue.consumerCount], [0, 0])
  }))

test('a persistence that is none is refused, and not taken for transient', () =>
  withBoth(async (queue) => {
    for (const persistence of ['Persistent', 'durable', '', null]) {
      const options = { persistence } as object
      assert.throws(() => queue.send('x', options), refused(/'persistent' or 'transient', not '/))
    }
    await queue.send('x', { persistence: 'transient' })
    await queue.sendMany(['y'], { persistence: 'persistent' })
    assert.equal(queue.readyCount, 2)
  }))

test('a time to live that is none is refused, by every call that sends', () =>
  withBoth(async (queue) => {
    for (const ttlMs of [
      -1,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      315_360_000_001,
      '5',
      null,
    ]) {
      const options = { ttlMs } as object
      const sends = [
        () => queue.send('x', options),
        () => queue.trySend('x', options),
        () => queue.sendMany(['x'], options),
      ]
      for (const send of sends) assert.throws(send, refused(/ttlMs is a whole number from 0/))
    }
    await queue.send('x', { ttlMs: 315_360_000_000 })
    await queue.send('y', { ttlMs: 0 })
    assert.equal(queue.readyCount, 2, 'behind another it stays')
  }))

test("a queue's own time to live is a time, and messages of it keep to it", async () => {
  const broker = await Broker.open()
  for (const messageTtlMs of [-1, 0.5, 315_360_000_001, '5', null]) {
    const options = { messageTtlMs } as object
    await assert.rejects(broker.queue('q', options), refused(/messageTtlMs is a whole number from/))
  }
  const queue = await broker.queue('q', { messageTtlMs: 0 })
  await queue.send('nobody waits')
  assert.equal(queue.readyCount, 0)
  await assert.rejects(broker.queue('q', {}), { code: 'QUEUE_DIFFERS' })
  await broker.close()
})

test('a batch has room for one at least', () =>
  withBoth(async (queue, stream) => {
    for (const max of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => queue.consumeBatches({ messagesMax: max }), refused(/messagesMax/))
      assert.throws(() => stream.readBatches({ recordsMax: max }), refused(/recordsMax/))
      const consumption = queue.consume()
      await assert.rejects(consumption.batches(max).next(), refused(/messagesMax/))
      await consumption.close()
    }
    const endless = stream.readBatches({ recordsMax: Number.POSITIVE_INFINITY })
    assert.equal((await endless.next()).value?.records.length, 1)
    await endless.return(undefined)
  }))

test('a place to begin that is none, and a group without a proper name, are refused', () =>
  withBoth(async (_queue, stream) => {
    for (const from of ['last', '', null]) {
      assert.throws(() => stream.read({ from } as object), refused(/'first', 'next' or offsets/))
    }
    for (const group of ['', 'x'.repeat(256)]) {
      assert.throws(() => stream.read({ group }), { code: 'NAME_INVALID' })
      assert.throws(() => stream.readBatches({ group }), { code: 'NAME_INVALID' })
      await assert.rejects(stream.moveGroup(group, 0), { code: 'NAME_INVALID' })
    }
  }))

test('a field that no record has is refused, and nothing of what it came with is appended', () =>
  withBoth(async (_queue, stream) => {
    const odd = [
      { bdy: 'x' },
      { body: 'x', kye: 'alice' },
      { body: 'x', partition: 0, offset: 7 },
      Object.assign(Object.create(null) as object, { body: 'x', headers: [] }),
    ] as unknown as { body: string }[]
    for (const record of odd) {
      const refusal = refused(
        /no field '(bdy|kye|offset|headers)'.*body, key, partition and timeMs/,
      )
      await assert.rejects(stream.append(record), refusal)
      await assert.rejects(stream.appendMany([{ body: 'good' }, record]), refusal)
    }
    const usual = { body: 'x', key: 'alice', partition: 0, timeMs: 5 }
    assert.equal((await stream.append(usual)).offset, 1)
    // What a record has from its class is its own business.
    class Fact {
      body = 'y'
      describe(): string {
        return this.body
      }
    }
    const inherits = Object.assign(Object.create({ note: 'inherited' }) as object, { body: 'z' })
    const records = [new Fact(), inherits as { body: string }]
    assert.equal((await stream.appendMany(records)).length, 2)
  }))

test('a record that is refused takes none of those with it that were collected before', () =>
  withBoth(async (_queue, stream) => {
    const large = 'x'.repeat(300_000)
    const bad: readonly [record: unknown, code: string][] = [
      [{ body: 'x', partition: 9 }, 'REFUSED'],
      [{ body: undefined }, 'BODY_INVALID'],
      [{ body: large }, 'BODY_TOO_LARGE'],
    ]
    for (const [record, code] of bad) {
      const records = [{ body: 'good' }, record] as { body: string }[]
      await assert.rejects(stream.appendMany(records), { code })
    }
    assert.equal((await stream.append({ body: 'next' })).offset, 1)
    const reading = stream.read({ from: 1 })
    assert.equal((await reading.next()).value!.text(), 'next')
    await reading.return(undefined)
  }))

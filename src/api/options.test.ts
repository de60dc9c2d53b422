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

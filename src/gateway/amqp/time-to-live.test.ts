/**
 * Queues whose messages wait for a time only: x-message-ttl. What is said, and what comes and goes, was seen in
 * RabbitMQ 3.10.8 first, with classic and with quorum queues.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AmqpWorld,
  ack,
  consume,
  declare,
  get,
  method,
  publish,
  type ScriptedClient,
} from '../../../test/amqp/amqp-world.ts'
import { declareDirect, reopen } from '../../../test/amqp/phrases.ts'
import {
  type Field,
  type FieldTable,
  type FieldValue,
  longString,
} from '../../wire/amqp/field-table.ts'

const DAY_MS = 24 * 3_600_000

const ttl = (value: FieldValue): Field => ({ name: 'x-message-ttl', value })
const int = (value: number): FieldValue => ({ type: 'I', value })
const table = (...fields: readonly Field[]): { arguments: FieldTable; durable: true } => ({
  arguments: fields,
  durable: true,
})
const ofKind = {
  classic: [],
  quorum: [{ name: 'x-queue-type', value: longString('quorum') }],
} as const

async function fresh(): Promise<{ world: AmqpWorld; client: ScriptedClient }> {
  const world = await AmqpWorld.open()
  await world.clockwork.advance(DAY_MS)
  return { world, client: await world.client() }
}

async function count(client: ScriptedClient, queue: string): Promise<number> {
  client.forget()
  const [heard = ''] = await client.say(declare(1, queue, { passive: true }))
  return Number(/messageCount=(\d+)/.exec(heard)?.[1])
}

function refusal(text: string): string {
  return `1 channel.close replyCode=406 replyText=PRECONDITION_FAILED - ${text} classId=50 methodId=10`
}

test('any integer from 0 on is a time, and what is none is refused in the words of RabbitMQ', async () => {
  const right: readonly FieldValue[] = [
    ...([0, 60_000, 2 ** 31 - 1].map(int) satisfies readonly FieldValue[]),
    ...(['b', 'B', 's', 'u', 'i'] as const).map((type) => ({ type, value: 5 }) as const),
    { type: 'l', value: 4_294_967_296n },
  ]
  const wrong: readonly (readonly [FieldValue, string])[] = [
    [int(-1), '{value_negative,-1}'],
    [{ type: 'l', value: 1_125_899_906_842_624n }, '{value_too_large,1125899906842624}'],
    [longString('60000'), '"expected integer, got longstr"'],
    [{ type: 'd', value: 60_000 }, '"expected integer, got double"'],
    [{ type: 't', value: true }, '"expected integer, got bool"'],
    [{ type: 'V', value: null }, '"expected integer, got void"'],
    [{ type: 'T', value: 5n }, '"expected integer, got timestamp"'],
    [{ type: 'F', value: [] }, '"expected integer, got table"'],
    [{ type: 'A', value: [] }, '"expected integer, got array"'],
  ]
  for (const type of Object.values(ofKind)) {
    const { world, client } = await fresh()
    for (const [index, value] of right.entries()) {
      client.forget()
      const [heard] = await client.say(declare(1, `q${index}`, table(...type, ttl(value))))
      assert.match(heard!, /queue\.declare-ok/)
    }
    for (const [value, reason] of wrong) {
      client.forget()
      const heard = await client.say(declare(1, 'q', table(...type, ttl(value))))
      const text = `invalid arg 'x-message-ttl' for queue 'q' in vhost '/': ${reason}`
      assert.deepEqual(heard, [refusal(text)])
      assert.equal(world.broker.namespace('/')!.queues.has('q'), false)
      await client.say(reopen(1))
    }
    world.check()
  }
})

test('a second declaration has the same time, in whatever type, or hears the difference', async () => {
  const long = (value: bigint): FieldValue => ({ type: 'l', value })
  const cases: readonly (readonly [Field[], Field[], string | null])[] = [
    [[ttl(int(60_000))], [ttl(long(60_000n))], null],
    [[ttl(int(60_000))], [ttl(int(70_000))], "received '70000' but current is '60000'"],
    [[ttl(int(60_000))], [ttl(longString('x'))], "received 'x' but current is '60000'"],
    [[ttl(int(60_000))], [], "received none but current is the value '60000' of type 'signedint'"],
    [
      [],
      [ttl({ type: 's', value: 5 })],
      "received the value '5' of type 'short' but current is none",
    ],
  ]
  for (const type of Object.values(ofKind)) {
    for (const [first, second, difference] of cases) {
      const { client } = await fresh()
      await client.say(declare(1, 'q', table(...type, ...first)))
      client.forget()
      const [heard] = await client.say(declare(1, 'q', table(...type, ...second)))
      const what = "inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/'"
      if (difference === null) assert.match(heard!, /declare-ok/)
      else assert.equal(heard, refusal(`${what}: ${difference}`))
    }
  }
})

for (const [kind, type] of Object.entries(ofKind)) {
  const declared = (queue: string, ttlMs: number): Uint8Array =>
    declare(1, queue, table(...type, ttl(int(ttlMs))))

  test(`${kind}: each queue keeps a message for its own time, or for the message's if that is shorter`, async () => {
    const { world, client } = await fresh()
    const fan = { exchange: 'x', key: 'k' }
    await client.say(
      ...[declared('timed', 300), declare(1, 'plain', table(...type)), declareDirect(1, 'x')],
      ...['timed', 'plain'].map((queue) => {
        const place = { ticket: 0, queue, exchange: 'x', routingKey: 'k' }
        return method(1, 'queue.bind', { ...place, noWait: false, arguments: [] })
      }),
    )
    const counts = async (): Promise<number[]> => [
      await count(client, 'timed'),
      await count(client, 'plain'),
    ]
    for (const deliveryMode of [1, 2]) {
      const say = (expiration: string | null): Promise<readonly string[]> =>
        client.say(publish(1, { ...fan, body: 'm', properties: { deliveryMode, expiration } }))
      await say('100')
      await say(null)
      await say('60000')
      assert.deepEqual(await counts(), [3, 3])
      await world.clockwork.advance(99)
      assert.deepEqual(await counts(), [3, 3])
      await world.clockwork.advance(1)
      assert.deepEqual(await counts(), [2, 2])
      await world.clockwork.advance(199)
      assert.deepEqual(await counts(), [2, 2])
      await world.clockwork.advance(1)
      assert.deepEqual(await counts(), [0, 2])
      const purge = method(1, 'queue.purge', { ticket: 0, queue: 'plain', noWait: false })
      assert.match((await client.say(purge)).join(), /messageCount=2/)
    }
    world.check()
  })

  test(`${kind}: what came back after its time goes, and a time of 0 is for who waits`, async () => {
    const { world, client } = await fresh()
    await client.say(declared('q', 300), publish(1, { key: 'q', body: 'held' }), get(1, 'q'))
    await world.clockwork.advance(400)
    const back = method(1, 'basic.nack', { deliveryTag: 1n, multiple: false, requeue: true })
    await client.say(back)
    assert.equal(await count(client, 'q'), 0)

    await client.say(declared('zero', 0), publish(1, { key: 'zero', body: 'nobody waits' }))
    assert.equal(await count(client, 'zero'), 0)
    await client.say(consume(1, 'zero'))
    client.forget()
    const heard = await client.say(publish(1, { key: 'zero', body: 'somebody does' }))
    assert.match(heard.join(), /basic\.deliver .*body="somebody does"/)
    await client.say(ack(1, 2))
    world.check()
  })
}

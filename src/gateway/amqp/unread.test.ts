/** Messages that the disk does not give back: they come once it does, and nobody else waits for them. */
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
import { openChannel, selectConfirms } from '../../../test/amqp/phrases.ts'
import { CrashDisk } from '../../../test/sim/crash-disk.ts'
import { FailingReads } from '../../../test/sim/failing-reads.ts'

const LIMITS = { bodyBytes: 1_000, bodyBytesMax: 4_000, arrivingBytes: 4_000 }
const COUNT = 30
const RETRY_MS = 1_000
const CODES = ['io', 'handles'] as const

type Place = {
  readonly disk: CrashDisk
  readonly world: AmqpWorld
  readonly reads: FailingReads
  /** Declared everything and published; its channels 1 and 2 are open. */
  readonly client: ScriptedClient
}

/** Two queues: of `cold` memory has nothing any more, of `hot` everything. */
async function openPlace(bodyBytes = 500): Promise<Place> {
  const disk = new CrashDisk()
  const world = await AmqpWorld.open({}, LIMITS, disk)
  const client = await world.client()
  const durable = { durable: true }
  await client.say(openChannel(2), declare(1, 'cold', durable), declare(1, 'hot', durable))
  await client.say(declare(1, 'filler', durable), selectConfirms(1))
  for (let index = 0; index < COUNT; index++) await send(client, 'cold', index, bodyBytes)
  for (let index = 0; index < COUNT; index++) await send(client, 'filler', index, 500)
  await send(client, 'hot', 0, 10)
  client.forget()
  return { disk, world, client, reads: new FailingReads(disk) }
}

async function send(
  client: ScriptedClient,
  key: string,
  index: number,
  bodyBytes: number,
): Promise<void> {
  const properties = { deliveryMode: 2, messageId: `${index}` }
  await client.say(publish(1, { key, body: 'x'.repeat(bodyBytes), properties }))
}

/** The numbers of the messages, in the order in which they were heard; each has as many bytes as it should. */
function numbers(client: ScriptedClient, bodyBytes = 500): readonly number[] {
  return client.heard.flatMap((line) => {
    const [, number, size] = line.match(/ messageId=(\d+) body=(\d+) bytes/) ?? []
    if (number === undefined) return []
    assert.equal(Number(size), bodyBytes)
    return [Number(number)]
  })
}

const ALL = Array.from({ length: COUNT }, (_, index) => index)

for (const code of CODES) {
  test(`what cannot be read (${code}) is delivered once it can, in order, and others are served meanwhile`, async () => {
    const { world, client, reads } = await openPlace()
    reads.begin(code)
    await client.say(consume(1, 'cold'), consume(2, 'hot', { consumerTag: 'h' }))
    for (let round = 0; round < 3; round++) await world.clockwork.advance(RETRY_MS)
    assert.deepEqual(client.heard.map((line) => line.split(' ').slice(0, 2).join(' ')).sort(), [
      '1 basic.consume-ok',
      '2 basic.consume-ok',
      '2 basic.deliver',
    ])
    assert.equal(world.warnings.length, 1)
    assert.match(world.warnings[0]!, /could not be read .*data\/journal-.* tried again every/)
    client.forget()
    reads.end()
    await world.clockwork.advance(RETRY_MS)
    assert.deepEqual(numbers(client), ALL)
    assert(client.heard.every((line) => !line.includes('redelivered=true')))
    world.check()
  })

  test(`a body in pieces that cannot be read (${code}) is sent whole once it can`, async () => {
    const { world, client, reads } = await openPlace(2_500)
    reads.begin(code)
    await client.say(consume(1, 'cold'))
    await world.clockwork.advance(RETRY_MS)
    assert.deepEqual(numbers(client), [])
    reads.end()
    await world.clockwork.advance(RETRY_MS)
    assert.deepEqual(numbers(client, 2_500), ALL)
    world.check()
  })
}

test('what breaks off at any read of a body goes on there', async () => {
  for (let nth = 1; ; nth++) {
    const { disk, world, client } = await openPlace(3_500)
    let reads = 0
    disk.observe({
      issued: ({ kind, number: call }) => {
        if (kind !== 'read' || ++reads !== nth) return
        disk.faults.plan({ call, code: 'io', lasts: 'once', writtenBytes: 0 })
      },
    })
    await client.say(get(1, 'cold'))
    const isAtOnce = client.heard.length > 0
    await world.clockwork.advance(RETRY_MS)
    assert.deepEqual(numbers(client, 3_500), [0])
    world.check()
    if (isAtOnce) {
      assert(nth > 3, `only ${nth - 1} reads of a message in pieces`)
      return
    }
  }
})

test('who asks for a message that cannot be read has it when it can, or leaves it to another', async () => {
  const { world, client, reads } = await openPlace()
  reads.begin('io')
  assert.deepEqual(await client.say(get(1, 'cold')), [])
  await client.leave()
  const other = await world.client()
  assert.deepEqual(await other.say(get(1, 'cold')), [])
  await world.clockwork.advance(RETRY_MS)
  reads.end()
  await world.clockwork.advance(RETRY_MS)
  assert.deepEqual(numbers(other), [0])
  assert(other.heard.every((line) => !line.includes('redelivered=true')))
  assert.deepEqual(numbers(client), [])
  await other.say(ack(1, 1), get(1, 'cold'))
  assert.deepEqual(numbers(other), [0, 1])
  world.check()
})

test('a queue whose first message cannot be read is purged and deleted as any other', async () => {
  for (const verb of ['purge', 'delete'] as const) {
    const { world, client, reads } = await openPlace()
    reads.begin('io')
    await client.say(consume(2, 'cold'))
    const fields = { ticket: 0, queue: 'cold', noWait: false }
    const request =
      verb === 'purge'
        ? method(1, 'queue.purge', fields)
        : method(1, 'queue.delete', { ...fields, ifUnused: false, ifEmpty: false })
    await client.say(request)
    assert.match(client.heard.join(), new RegExp(`queue\\.${verb}-ok messageCount=${COUNT}`))
    if (verb === 'delete') await client.say(declare(1, 'cold'), consume(2, 'cold'))
    await send(client, 'cold', 99, 500)
    await world.clockwork.advance(RETRY_MS)
    assert.deepEqual(numbers(client), [99])
    world.check()
  }
})

test('a broker that stops while it waits for the disk stops at once, and the next one has all', async () => {
  const { disk, world, client, reads } = await openPlace()
  reads.begin('io')
  await client.say(consume(1, 'cold'))
  await client.leave()
  await world.clockwork.until(world.listener.close())
  await world.clockwork.until(world.broker.close())
  assert.equal(world.clockwork.timers, 0)
  reads.end()
  const again = await AmqpWorld.open({}, LIMITS, disk)
  const other = await again.client()
  await other.say(consume(1, 'cold'))
  assert.deepEqual(numbers(other), ALL)
  assert(other.heard.every((line) => !line.includes('redelivered=true')))
})

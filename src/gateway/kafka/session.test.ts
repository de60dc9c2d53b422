/** One connection: requests in, answers out in the same order, and what ends it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Body } from '../../../test/kafka/api-codecs.ts'
import { makeBatch } from '../../../test/kafka/batches.ts'
import { Asked, frameOf } from '../../../test/kafka/kafka-client.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import {
  apiVersions,
  commitOffsets,
  createTopics,
  deleteTopics,
  fetch,
  fetchOffsets,
  heartbeat,
  joinGroup,
  listOffsets,
  metadata,
  produce,
} from '../../../test/kafka/messages.ts'
import { KiB, MiB } from '../../base/bytes.ts'
import { kafkaWireLimits } from '../../wire/kafka/limits.ts'
import { type ApiName, apis } from '../../wire/kafka/messages/apis.generated.ts'

const one = makeBatch([{ timestampMs: 0, value: 'one' }])
const two = makeBatch([
  { timestampMs: 0, value: 'two' },
  { timestampMs: 0, value: 'three' },
])

test('a client learns first what is served, Produce from version 0 on', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  for (let version = 0; version <= apis.ApiVersions.max; version++) {
    const { errorCode, apiKeys } = await client.ask('ApiVersions', version, apiVersions())
    assert.equal(errorCode, 0)
    const said = new Map(apiKeys.map((each) => [each.apiKey, each] as const))
    assert.equal(said.size, Object.keys(apis).length)
    assert.deepEqual(said.get(apis.Produce.key), { apiKey: 0, minVersion: 0, maxVersion: 13 })
    assert.deepEqual(said.get(apis.Fetch.key), { apiKey: 1, minVersion: 4, maxVersion: 18 })
  }
})

test('a version of ApiVersions that nobody knows is answered in version 0, with those we know', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  await client.bytes(frameOf(new Asked('ApiVersions', 99, 7), apiVersions()))
  const expected = Buffer.alloc(4 + 4 + 2 + 4 + 6)
  expected.writeInt32BE(16, 0)
  expected.writeInt32BE(7, 4)
  expected.writeInt16BE(35, 8)
  expected.writeInt32BE(1, 10)
  expected.writeInt16BE(apis.ApiVersions.key, 14)
  expected.writeInt16BE(0, 16)
  expected.writeInt16BE(apis.ApiVersions.max, 18)
  assert.deepEqual(client.received, expected)
  assert.equal((await client.ask('ApiVersions', 3, apiVersions())).errorCode, 0)
})

test('a client whose name could not be written to a log is told so', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  const named = await client.ask('ApiVersions', 3, apiVersions('-\n'))
  assert.equal(named.errorCode, 42)
})

test('an API that is not served ends the connection, and one line says why', async () => {
  const world = await KafkaWorld.open()
  const asked: readonly [key: number, version: number][] = [
    [999, 0],
    [22, 0],
    [apis.Metadata.key, apis.Metadata.max + 1],
    [apis.Produce.key, apis.Produce.min - 1],
    [apis.Fetch.key, -1],
    [-1, 0],
  ]
  for (const [key, version] of asked) {
    const client = world.connect()
    const bytes = Buffer.alloc(4 + 10)
    bytes.writeInt32BE(10, 0)
    bytes.writeInt16BE(key, 4)
    bytes.writeInt16BE(version, 6)
    bytes.writeInt16BE(-1, 12)
    await client.bytes(bytes)
    assert.equal(client.state, 'destroyed', `${key} ${version}`)
    assert.equal(client.received.length, 0)
  }
  assert.equal(world.listener.clients, 0)
  assert.match(world.warnings.join('\n'), /API 999 version 0 is not served/)
  assert.equal(world.warnings.length, 1, 'lines are not for the asking')
  world.check()
})

test('a size that nobody can mean ends the connection before anything is waited for', async () => {
  for (const size of [-1, 0, 9, kafkaWireLimits.frameBytes + 1, 0x7fff_ffff, -0x8000_0000]) {
    const world = await KafkaWorld.open()
    const client = world.connect()
    const head = Buffer.alloc(4)
    head.writeInt32BE(size)
    await client.bytes(head)
    assert.equal(client.state, 'destroyed', `${size}`)
    assert.match(world.warnings.join(), /bad-frame/)
  }
})

test('a request that breaks off before its frame ends, or means nothing, ends the connection', async () => {
  const world = await KafkaWorld.open()
  const whole = Buffer.from(frameOf(new Asked('Metadata', 9, 1), metadata(['a', 'b'])))
  for (let size = 10; size < whole.length - 4; size++) {
    const client = world.connect()
    const cut = Buffer.from(whole.subarray(0, 4 + size))
    cut.writeInt32BE(size)
    await client.bytes(cut)
    assert.equal(client.state, 'destroyed', `${size} bytes`)
  }
  assert.equal(world.listener.clients, 0)
  world.check()
})

test('requests that come together are answered one after the other', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const bodies = [createTopics([{ name: 'a' }]), createTopics([{ name: 'a' }])]
  const all = await client.sendTogether('CreateTopics', 7, bodies)
  assert.deepEqual(
    all.map(({ answer }) => answer.topics[0]?.errorCode),
    [0, 36],
  )
})

test('a request behind a Fetch that waits is not looked at before that is answered', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const [client, other] = [world.connect(), world.connect()]
  const waiting = await client.send(
    'Fetch',
    11,
    fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 500 }),
  )
  const behind = await client.send('CreateTopics', 5, createTopics([{ name: 'later' }]))
  await world.pass(499)
  assert.equal(waiting.isAnswered || behind.isAnswered, false)
  const names = async (): Promise<(string | null)[]> => {
    return (await other.ask('Metadata', 9, metadata(null))).topics.map(({ name }) => name)
  }
  assert.deepEqual(await names(), ['t'])
  await world.pass(1)
  assert.ok(waiting.isAnswered && behind.isAnswered)
  assert.deepEqual(await names(), ['t', 'later'])
})

test('Produce requests wait for the disk together; what comes behind them waits for their answers', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t')
  const client = world.connect()
  world.syncMs = 5
  const produced = await client.sendTogether('Produce', 7, [
    produce([{ topic: 't', records: one }]),
    produce([{ topic: 't', records: two }]),
    produce([{ topic: 't', records: one }]),
  ])
  const listed = await client.send('ListOffsets', 4, listOffsets([{ topic: 't', timestamp: -1 }]))
  assert.equal(produced.some(({ isAnswered }) => isAnswered) || listed.isAnswered, false)
  await world.pass(10)
  assert.deepEqual(
    produced.map(({ answer }) => answer.responses[0]?.partitionResponses[0]?.baseOffset),
    [0, 1, 3],
  )
  assert.equal(listed.answer.topics[0]?.partitions[0]?.offset, 4)
  world.check()
})

test('no more Produce requests of one connection wait for the disk than the limit says', async () => {
  const world = await KafkaWorld.open({ on: 'disk', limits: { producesInFlight: 2 } })
  await world.topic('t')
  const client = world.connect()
  world.syncMs = 5
  const bodies = Array.from({ length: 5 }, () => produce([{ topic: 't', records: one }]))
  const produced = await client.sendTogether('Produce', 7, bodies)
  const partition = world.broker.namespace('/')?.streams.get('t')?.partitions[0]
  assert.equal(partition?.nextOffset, 2)
  await world.pass(100)
  assert.deepEqual(
    produced.map(({ answer }) => answer.responses[0]?.partitionResponses[0]?.baseOffset),
    [0, 1, 2, 3, 4],
  )
})

test('a client that does not take its answers is not listened to, and goes on when it takes them', async () => {
  const world = await KafkaWorld.open({ limits: { outboundBytes: 1_000 } })
  const client = world.connect()
  client.isSlow = true
  const bodies = Array.from({ length: 100 }, () => apiVersions())
  const all = await client.sendTogether('ApiVersions', 3, bodies)
  assert.ok(client.pendingBytes < 2_000, `${client.pendingBytes} bytes wait for the client`)
  for (let rounds = 0; rounds < 100; rounds++) await client.takeAll()
  assert.ok(all.every(({ isAnswered }) => isAnswered))
  world.check()
})

test('a client that sends no more gets all its answers, however slowly it takes them', async () => {
  const world = await KafkaWorld.open({ limits: { outboundBytes: 1_000 } })
  const client = world.connect()
  client.isSlow = true
  const bodies = Array.from({ length: 20 }, () => apiVersions())
  const all = await client.sendTogether('ApiVersions', 3, bodies)
  await client.finish()
  assert.equal(client.state, 'open')
  for (let rounds = 0; rounds < 20; rounds++) await client.takeAll()
  assert.ok(all.every(({ isAnswered }) => isAnswered))
  assert.equal(client.state, 'ended')
  assert.equal(world.listener.clients, 0)
})

test('what waits unread behind a request is bounded, and read when the request is answered', async () => {
  const world = await KafkaWorld.open({ limits: { waitingBytes: 2 * KiB } })
  await world.topic('t')
  const client = world.connect()
  await client.send('Fetch', 11, fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 500 }))
  let sent = 0
  for (; !client.isPaused && sent < 1_000; sent++)
    await client.send('ApiVersions', 3, apiVersions())
  assert.ok(client.isPaused && sent < 200, `${sent} requests were read ahead`)
  await world.pass(500)
  assert.equal(client.isPaused, false)
  assert.equal((await client.ask('Metadata', 9, metadata([]))).topics.length, 0)
})

test('a flood is read a little each turn, so that others have theirs', async () => {
  const world = await KafkaWorld.open({ limits: { turnBytes: 10 * KiB } })
  const client = world.connect()
  const frame = frameOf(new Asked('ApiVersions', 3, 1), apiVersions())
  let isPausedOnce = false
  const pause = client.pause.bind(client)
  client.pause = () => {
    isPausedOnce = true
    pause()
  }
  await client.bytes(Buffer.concat(Array.from({ length: 400 }, () => frame)))
  assert.ok(isPausedOnce)
  assert.equal(client.isPaused, false, 'it goes on by itself')
})

test('a large frame is believed as it arrives, in any pieces', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const records = makeBatch([{ timestampMs: 0, value: 'x'.repeat(MiB - 200) }])
  const asked = new Asked('Produce', 7, 1)
  const bytes = frameOf(asked, produce([{ topic: 't', records }]))
  for (let at = 0; at < bytes.length; at += 50_000) {
    await client.bytes(bytes.subarray(at, at + 50_000))
  }
  asked.take(client.received.subarray(4))
  assert.equal(asked.answer.responses[0]?.partitionResponses[0]?.errorCode, 0)
})

/** Everything that can be said without having heard an answer; each changes something or shows it. */
function conversation(): Uint8Array[] {
  let correlationId = 0
  const say = <N extends ApiName>(name: N, version: number, body: Body<N>): Uint8Array =>
    frameOf(new Asked(name, version, ++correlationId), body)
  return [
    say('ApiVersions', 3, apiVersions()),
    say('CreateTopics', 5, createTopics([{ name: 't', partitions: 2 }, { name: 'u' }])),
    say('Metadata', 12, metadata(['t', 'missing'])),
    say(
      'Produce',
      9,
      produce([
        { topic: 't', records: one },
        { topic: 'u', records: two },
      ]),
    ),
    say('Produce', 3, produce([{ topic: 't', partition: 1, records: two }], { acks: 1 })),
    say(
      'Fetch',
      12,
      fetch([
        { topic: 't', offset: 0 },
        { topic: 'u', offset: 1 },
      ]),
    ),
    say('Produce', 7, produce([{ topic: 'u', records: one }], { acks: 0 })),
    say('ListOffsets', 6, listOffsets([{ topic: 't', timestamp: -1 }])),
    say('OffsetCommit', 8, commitOffsets([{ topic: 't', offset: 1, note: 'here' }])),
    say('OffsetFetch', 6, fetchOffsets([{ topic: 't', partitions: [0, 1] }])),
    say('FindCoordinator', 2, { key: 'g', keyType: 0, coordinatorKeys: [] }),
    say('JoinGroup', 5, joinGroup()),
    say('Heartbeat', 3, heartbeat({ memberId: 'nobody' })),
    say('ListGroups', 4, { statesFilter: [], typesFilter: [] }),
    say('DeleteTopics', 3, deleteTopics(['u'])),
    say('Metadata', 0, metadata([])),
  ]
}

async function hear(pieces: readonly Uint8Array[]): Promise<string> {
  const world = await KafkaWorld.open()
  const client = world.connect()
  for (const piece of pieces) await client.bytes(piece)
  world.check()
  assert.equal(client.state, 'open')
  return client.received.toString('hex')
}

test('a conversation is heard the same however it is cut', async () => {
  const frames = conversation()
  const all = Buffer.concat(frames)
  const whole = await hear(frames)
  assert.equal(whole.length > 500, true)
  assert.equal(await hear([all]), whole, 'in one piece')
  for (const size of [1, 2, 3, 5, 7, 64]) {
    const pieces: Uint8Array[] = []
    for (let at = 0; at < all.length; at += size) pieces.push(all.subarray(at, at + size))
    assert.equal(await hear(pieces), whole, `in pieces of ${size}`)
  }
  for (let cut = 1; cut < all.length; cut++) {
    assert.equal(await hear([all.subarray(0, cut), all.subarray(cut)]), whole, `cut at ${cut}`)
  }
})

test('a conversation that breaks off leaves whole requests done and nothing half done', async () => {
  const all = Buffer.concat(conversation())
  const frames = conversation()
  const made = frames[0]!.length + frames[1]!.length
  const appended = made + frames[2]!.length + frames[3]!.length
  for (let cut = 1; cut < all.length; cut += 3) {
    const world = await KafkaWorld.open()
    const client = world.connect()
    await client.bytes(all.subarray(0, cut))
    await client.leave()
    const streams = world.broker.namespace('/')?.streams
    assert.equal(streams?.has('t'), cut >= made, `cut at ${cut}`)
    const count = streams?.get('t')?.partitions[0]?.nextOffset ?? 0
    assert.equal(count > 0, cut >= appended, `cut at ${cut}`)
    assert.equal(world.listener.clients, 0)
    world.check()
  }
})

test('connections beyond the limit are dropped, and a place that is free again is taken', async () => {
  const world = await KafkaWorld.open({ limits: { clientsMax: 2 } })
  const [first, second, third] = [world.connect(), world.connect(), world.connect()]
  await world.pass(0)
  assert.deepEqual([first.state, second.state, third.state], ['open', 'open', 'destroyed'])
  await first.leave()
  const fourth = world.connect()
  assert.equal((await fourth.ask('ApiVersions', 3, apiVersions())).errorCode, 0)
})

test('a listener that closes drops its clients, those that wait too, and leaves no timer', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const [fetching, joining] = [world.connect(), world.connect()]
  await fetching.send('Fetch', 11, fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 60_000 }))
  await joining.send('JoinGroup', 3, joinGroup())
  await world.listener.close()
  await world.pass(0)
  assert.deepEqual([fetching.state, joining.state], ['destroyed', 'destroyed'])
  assert.equal(world.listener.clients, 0)
  // The member that nobody heard of again has its session's time.
  await world.pass(60_000)
  assert.equal(world.clockwork.timers, 0)
  world.check()
})

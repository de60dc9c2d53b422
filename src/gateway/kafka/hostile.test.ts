/** Hostile bytes end the connection that they came by, and nobody else notices. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apiCodecs, type Body } from '../../../test/kafka/api-codecs.ts'
import { makeBatch } from '../../../test/kafka/batches.ts'
import { type Codec, loadCodecs, messageOf } from '../../../test/kafka/codecs.ts'
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
  leaveGroup,
  listOffsets,
  metadata,
  produce,
  syncGroup,
} from '../../../test/kafka/messages.ts'
import { MiB } from '../../base/bytes.ts'
import { openRequest } from '../../wire/kafka/frame.ts'
import { type ApiName, apis } from '../../wire/kafka/messages/apis.generated.ts'
import { WireWriter } from '../../wire/kafka/writer.ts'

const records = makeBatch([{ timestampMs: 0, value: 'one' }])

function say<N extends ApiName>(name: N, version: number, body: Body<N>): Uint8Array {
  return frameOf(new Asked(name, version, 1), body)
}

/** What clients say, right in itself. */
const words: readonly Uint8Array[] = [
  say('ApiVersions', 3, apiVersions()),
  say('Metadata', 9, metadata(['t', 'made'], 'make')),
  say('Metadata', 1, metadata(null)),
  say('CreateTopics', 7, createTopics([{ name: 'new', partitions: 2 }])),
  say('DeleteTopics', 5, deleteTopics(['t'])),
  say('Produce', 9, produce([{ topic: 't', records }])),
  say('Produce', 3, produce([{ topic: 't', records }], { acks: 0 })),
  say('Fetch', 11, fetch([{ topic: 't', offset: 0 }])),
  say('Fetch', 12, fetch([{ topic: 't', offset: 0 }], { maxWaitMs: 500, minBytes: 2 ** 30 })),
  say('ListOffsets', 5, listOffsets([{ topic: 't', timestamp: -2 }])),
  say('OffsetCommit', 8, commitOffsets([{ topic: 't', offset: 1 }])),
  say('OffsetFetch', 8, fetchOffsets(null)),
  say('JoinGroup', 5, joinGroup()),
  say('JoinGroup', 2, joinGroup()),
  say('SyncGroup', 4, syncGroup({ memberId: 'm', generation: 1 })),
  say('Heartbeat', 4, heartbeat({ memberId: 'm', generation: 1 })),
  say('LeaveGroup', 4, leaveGroup({ memberId: 'm' })),
  say('ListGroups', 3, { statesFilter: [], typesFilter: [] }),
]

const requests = loadCodecs().filter(({ name }) => name.endsWith('Request'))

function frameWith(codec: Codec, version: number, message: Record<string, unknown>): Uint8Array {
  const w = new WireWriter()
  const header = { apiKey: codec.api.key, version, correlationId: 1, clientId: 'hostile' }
  const at = openRequest(w, header)
  codec.encode(w, version, message)
  w.closeFrame(at)
  return w.take()
}

/** Any request that could be encoded, with any values in it. */
const anyWord = fc.nat().chain((seed) => {
  const codec = requests[seed % requests.length]!
  const { min, max } = codec.api.versions
  const version = min + (Math.floor(seed / requests.length) % (max - min + 1))
  return messageOf(codec, version).map((message) => frameWith(codec, version, message))
})

/** Where a frame is hurt: its size, its header, anywhere. */
const wound = fc.record({
  at: fc.oneof(fc.nat({ max: 16 }), fc.nat({ max: 300 })),
  value: fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff), fc.nat({ max: 255 })),
})

const speech = fc.array(
  fc
    .tuple(
      fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom(...words) },
        { weight: 2, arbitrary: anyWord },
      ),
      fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 2, arbitrary: fc.array(wound, { maxLength: 3 }) },
      ),
    )
    .map(([bytes, wounds]) => {
      const hurt = Uint8Array.from(bytes)
      for (const { at, value } of wounds) hurt[at % hurt.length] = value
      return hurt
    }),
  { minLength: 1, maxLength: 12 },
)

test('whatever a client says, the broker and its other clients live on, and nothing of it stays', async () => {
  const world = await KafkaWorld.open({ limits: { sessionMsMax: 20_000 } })
  await world.topic('witness')
  const witness = world.connect()
  let offset = 0
  await fc.assert(
    fc.asyncProperty(speech, fc.nat({ max: 60 }), async (said, chunkSize) => {
      if (world.broker.namespace('/')?.streams.has('t') === false) await world.topic('t')
      const client = world.connect()
      const bytes = Buffer.concat(said)
      const size = chunkSize === 0 ? bytes.length : chunkSize
      for (let at = 0; at < bytes.length; at += size) {
        await client.bytes(bytes.subarray(at, at + size))
      }
      await client.leave()
      const produced = await witness.ask('Produce', 7, produce([{ topic: 'witness', records }]))
      assert.equal(produced.responses[0]?.partitionResponses[0]?.baseOffset, offset++)
      assert.equal(world.listener.clients, 1)
      world.check()
    }),
    { numRuns: 600 },
  )
  await world.pass(120_000)
  assert.equal(world.clockwork.timers, 0)
  world.check()
})

test('bytes that nobody wrote end the connection or are waited for', async () => {
  const world = await KafkaWorld.open()
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
      const client = world.connect()
      await client.bytes(bytes)
      await client.leave()
      assert.equal(world.listener.clients, 0)
      world.check()
    }),
    { numRuns: 200 },
  )
})

/** The longest text that a plain string holds. */
const LONG = 'x'.repeat(0x7fff)

test('the longest names that a client can write are answered or refused', async () => {
  const named: { [N in ApiName]: Body<N> } = {
    ApiVersions: apiVersions(LONG),
    CreateTopics: createTopics([{ name: LONG }, { name: 'a', configs: { [LONG]: LONG } }]),
    DeleteTopics: deleteTopics([LONG]),
    DescribeGroups: { groups: [LONG], includeAuthorizedOperations: false },
    Fetch: fetch([{ topic: LONG, offset: 0 }]),
    FindCoordinator: { key: LONG, keyType: 0, coordinatorKeys: [LONG] },
    Heartbeat: heartbeat({ group: LONG, memberId: LONG, instanceId: LONG }),
    JoinGroup: joinGroup({ memberId: LONG, instanceId: LONG }),
    LeaveGroup: leaveGroup({ group: 'g', memberId: LONG, instanceId: LONG }),
    ListGroups: { statesFilter: [LONG], typesFilter: [LONG] },
    ListOffsets: listOffsets([{ topic: LONG, timestamp: 0 }]),
    Metadata: metadata([LONG], 'make'),
    OffsetCommit: commitOffsets([{ topic: LONG, offset: 0, note: LONG }]),
    OffsetFetch: fetchOffsets([{ topic: LONG, partitions: [0] }]),
    Produce: produce([{ topic: LONG, records }], { transactionalId: LONG }),
    SyncGroup: syncGroup({ memberId: LONG, instanceId: LONG }, { [LONG]: LONG }),
  }
  const world = await KafkaWorld.open()
  for (const name of Object.keys(named) as ApiName[]) {
    for (let version = apis[name].min; version <= apis[name].max; version++) {
      const client = world.connect()
      const asked = new Asked(name, version, 1)
      const bytes = frameOf(asked, named[name], LONG)
      await client.bytes(bytes)
      await world.pass(0)
      assert.ok(client.received.length > 8, `${name} ${version} is not answered`)
      asked.take(client.received.subarray(4))
      await client.leave()
      world.check()
    }
  }
})

test('a member whose client has a name of any length hears an id that it can send back', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  for (const clientId of [LONG, 'ö'.repeat(10_000), '', ' ']) {
    const asked = new Asked('JoinGroup', 4, 1)
    const before = client.received.length
    await client.bytes(frameOf(asked, joinGroup(), clientId))
    asked.take(client.received.subarray(before + 4))
    assert.equal(asked.answer.errorCode, 79)
    const { memberId } = asked.answer
    const back = new WireWriter()
    apiCodecs.JoinGroup.encode(back, 4, joinGroup({ memberId }))
    assert.ok(memberId.length > 32)
  }
  world.check()
})

test('what a member brings along is bounded where it enters, so that older versions can be told of it', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  const usual = joinGroup()
  const [protocol] = usual.protocols
  const huge = 'x'.repeat(70_000)
  const flawed: readonly Body<'JoinGroup'>[] = [
    { ...usual, protocolType: huge },
    { ...usual, groupInstanceId: huge },
    { ...usual, protocols: [{ ...protocol!, name: huge }] },
    { ...usual, protocols: [{ name: 'range', metadata: new Uint8Array(2 * MiB) }] },
  ]
  for (const body of flawed) {
    assert.equal((await client.ask('JoinGroup', 9, body)).errorCode, 42)
  }
  const long = 'x'.repeat(1_000)
  const named = {
    ...usual,
    ...{ protocolType: long, groupInstanceId: long },
    protocols: [{ ...protocol!, name: long }],
  }
  const joining = await client.send('JoinGroup', 9, named)
  await world.pass(1_000)
  assert.equal(joining.answer.errorCode, 0)
  const other = world.connect()
  const body = { groups: ['g'], includeAuthorizedOperations: false }
  const { groups } = await other.ask('DescribeGroups', 0, body)
  assert.equal(groups[0]?.protocolType, long)
  assert.equal(
    (await other.ask('ListGroups', 0, { statesFilter: [], typesFilter: [] })).errorCode,
    0,
  )
  world.check()
})

test('an array that announces more than there is costs nothing', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  const bytes = Buffer.from(say('Metadata', 1, metadata(['a'])))
  const countAt = bytes.length - 7
  assert.equal(bytes.readInt32BE(countAt), 1)
  bytes.writeInt32BE(0x7fff_ffff, countAt)
  await client.bytes(bytes)
  assert.equal(client.state, 'destroyed')
  assert.match(world.warnings.join(), /announced/)
})

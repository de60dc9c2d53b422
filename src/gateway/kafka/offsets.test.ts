/** Where groups go on: committed, found again, and who may commit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tinyLimits } from '../../../test/journal/journal-world.ts'
import type { KafkaClient } from '../../../test/kafka/kafka-client.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import {
  commitOffsets,
  deleteTopics,
  fetchOffsets,
  joinGroup,
  leaveGroup,
  metadata,
  type Position,
  type Speaker,
  syncGroup,
} from '../../../test/kafka/messages.ts'
import { expectMark } from '../../base/mark.ts'
import { apis } from '../../wire/kafka/messages/apis.generated.ts'
import { kafkaLimits } from './limits.ts'

async function commit(
  client: KafkaClient,
  positions: readonly Position[],
  speaker: Speaker = {},
): Promise<number[]> {
  const { topics } = await client.ask('OffsetCommit', 7, commitOffsets(positions, speaker))
  return topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
}

/** Topic, partition, offset and note of everything the group has committed. */
async function committed(client: KafkaClient, group = 'g'): Promise<unknown[][]> {
  const { topics } = await client.ask('OffsetFetch', 5, fetchOffsets(null, group))
  return topics.flatMap(({ name, partitions }) => {
    return partitions.map((each) => [
      name,
      each.partitionIndex,
      each.committedOffset,
      each.metadata,
    ])
  })
}

test('an offset and its note are found again as they were committed, in every version', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t', 2)
  const client = world.connect()
  const [described] = (await client.ask('Metadata', 12, metadata(['t']))).topics
  const nameIn = (version: number): string => (version >= 10 ? described!.topicId : 't')
  for (let version = apis.OffsetCommit.min; version <= apis.OffsetCommit.max; version++) {
    const position = { topic: nameIn(version), offset: 100 + version, note: `by ${version} ö` }
    const { topics } = await client.ask('OffsetCommit', version, commitOffsets([position]))
    assert.equal(topics[0]?.partitions[0]?.errorCode, 0)
    for (let reading = apis.OffsetFetch.min; reading <= apis.OffsetFetch.max; reading++) {
      const body = fetchOffsets([{ topic: nameIn(reading), partitions: [0, 1, 9] }])
      const answer = await client.ask('OffsetFetch', reading, body)
      const found = (reading >= 8 ? answer.groups[0]!.topics : answer.topics)[0]!.partitions
      assert.deepEqual(
        found.map((each) => [
          each.partitionIndex,
          each.committedOffset,
          each.metadata,
          each.errorCode,
        ]),
        [
          [0, 100 + version, `by ${version} ö`, 0],
          [1, -1, '', 0],
          [9, -1, '', 0],
        ],
      )
    }
  }
})

test('everything of a group is found without naming it, and nothing of another group', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t', 2)
  await world.topic('u')
  const client = world.connect()
  const positions = [
    { topic: 't', partition: 1, offset: 5 },
    { topic: 'u', offset: 0, note: 'n' },
  ]
  assert.deepEqual(await commit(client, positions), [0, 0])
  assert.deepEqual(await commit(client, [{ topic: 't', offset: 9 }], { group: 'other' }), [0])
  assert.deepEqual(await committed(client), [
    ['t', 1, 5, ''],
    ['u', 0, 0, 'n'],
  ])
  assert.deepEqual(await committed(client, 'nobody'), [])
})

test('what cannot be committed is an error of its partition, and the rest is committed', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const note = 'x'.repeat(kafkaLimits.offsetNoteChars)
  const errors = await commit(client, [
    { topic: 'missing', offset: 1 },
    { topic: 't', partition: 1, offset: 1 },
    { topic: 't', offset: 1, note: `${note}x` },
    { topic: 't', offset: 2 ** 48 },
    { topic: 't', offset: 7, note },
  ])
  assert.deepEqual(errors, [3, 3, 12, 1, 0])
  assert.deepEqual(await committed(client), [['t', 0, 7, note]])
})

test('an offset of -2 is the first record, any other below 0 none', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  for (const [offset, found] of [
    [-1, []],
    [-2, [['t', 0, 0, '']]],
    [-3, []],
  ] as const) {
    assert.deepEqual(await commit(client, [{ topic: 't', offset: 5 }]), [0])
    assert.deepEqual(await commit(client, [{ topic: 't', offset }]), [0])
    assert.deepEqual(await committed(client), found)
  }
})

test('a group without a name, or with one too long, has no offsets', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  for (const group of ['', 'x'.repeat(256), 'ö'.repeat(128)]) {
    assert.deepEqual(await commit(client, [{ topic: 't', offset: 1 }], { group }), [24])
    const { errorCode } = await client.ask('OffsetFetch', 5, fetchOffsets(null, group))
    assert.equal(errorCode, 24)
  }
})

test('while a group has members only they commit, in their generation', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const at = [{ topic: 't', offset: 3 }]
  assert.deepEqual(await commit(client, at, { generation: 1, memberId: 'm' }), [22])
  const joining = await client.send('JoinGroup', 3, joinGroup())
  await world.pass(kafkaLimits.gatherMs)
  const { memberId, generationId: generation } = joining.answer
  assert.deepEqual(await commit(client, at, { memberId, generation }), [27], 'not assigned yet')
  await client.ask('SyncGroup', 3, syncGroup({ memberId, generation }, { [memberId]: 'all' }))
  assert.deepEqual(await commit(client, at), [25])
  assert.deepEqual(await commit(client, at, { memberId, generation: generation + 1 }), [22])
  assert.deepEqual(await commit(client, at, { memberId: 'other', generation }), [25])
  assert.deepEqual(await commit(client, at, { memberId, generation }), [0])
  assert.deepEqual(await committed(client), [['t', 0, 3, '']])
})

test('a commit is answered when it is synced, and nobody reads it before', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t')
  const [client, other] = [world.connect(), world.connect()]
  assert.deepEqual(await commit(client, [{ topic: 't', offset: 1 }]), [0])
  world.syncMs = 5
  const asked = await client.send('OffsetCommit', 7, commitOffsets([{ topic: 't', offset: 2 }]))
  const read = await other.send('OffsetFetch', 5, fetchOffsets(null))
  await world.pass(4)
  assert.equal(asked.isAnswered || read.isAnswered, false)
  await world.pass(10)
  assert.equal(asked.answer.topics[0]?.partitions[0]?.errorCode, 0)
  assert.equal(read.answer.topics[0]?.partitions[0]?.committedOffset, 2)
})

test('a commit of very many partitions goes through a journal of small entries', async () => {
  const world = await KafkaWorld.open({ on: 'disk' })
  await world.topic('t', 200)
  const client = world.connect()
  const positions = Array.from({ length: 200 }, (_, partition) => {
    return { topic: 't', partition, offset: partition, note: 'x'.repeat(4_000) }
  })
  world.syncMs = 5
  const asked = await client.send('OffsetCommit', 7, commitOffsets(positions))
  await world.pass(1_000)
  assert.ok(asked.answer.topics.every(({ partitions }) => partitions[0]?.errorCode === 0))
  const found = await committed(client)
  assert.deepEqual(
    found.map(([, , offset]) => offset),
    positions.map(({ offset }) => offset),
  )
})

test('commits wait while the journal has no room, and are answered when it has', async () => {
  const world = await KafkaWorld.open({ on: 'disk', journalLimits: tinyLimits })
  await world.topic('t')
  world.syncMs = 20
  const clients = Array.from({ length: 40 }, () => world.connect())
  const all = []
  for (const [index, client] of clients.entries()) {
    const position = { topic: 't', offset: index, note: 'x'.repeat(300) }
    all.push(
      await client.send('OffsetCommit', 7, commitOffsets([position], { group: `g${index}` })),
    )
  }
  await world.pass(10_000)
  assert.ok(all.every(({ answer }) => answer.topics[0]?.partitions[0]?.errorCode === 0))
  for (const [index, client] of clients.entries()) {
    const [found] = await committed(client, `g${index}`)
    assert.equal(found?.[2], index)
  }
  world.check()
})

test('a commit that waited for room is refused when its member went meanwhile', async () => {
  const world = await KafkaWorld.open({ on: 'disk', journalLimits: tinyLimits })
  await world.topic('t')
  const [member, other] = [world.connect(), world.connect()]
  const joining = await member.send('JoinGroup', 3, joinGroup())
  await world.pass(kafkaLimits.gatherMs)
  const { memberId, generationId: generation } = joining.answer
  await member.ask('SyncGroup', 3, syncGroup({ memberId, generation }, { [memberId]: 'all' }))
  world.syncMs = 20
  for (let index = 0; index < 60; index++) {
    const position = { topic: 't', offset: index, note: 'x'.repeat(300) }
    await world.connect().send('OffsetCommit', 7, commitOffsets([position], { group: `g${index}` }))
  }
  const late = commitOffsets([{ topic: 't', offset: 9 }], { memberId, generation })
  const asked = await expectMark('kafka/commit-held', () => member.send('OffsetCommit', 7, late))
  await other.ask('LeaveGroup', 2, leaveGroup({ memberId }))
  await expectMark('kafka/commit-overtaken', () => world.pass(10_000))
  assert.equal(asked.answer.topics[0]?.partitions[0]?.errorCode, 22)
  world.syncMs = 0
  assert.deepEqual(await committed(other), [])
  world.check()
})

test('the offsets of a topic go with it', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  await commit(client, [{ topic: 't', offset: 5 }])
  await client.ask('DeleteTopics', 3, deleteTopics(['t']))
  await world.topic('t')
  assert.deepEqual(await committed(client), [])
})

test('a member of a group that is not there hears that its generation is over, in every version', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const [described] = (await client.ask('Metadata', 12, metadata(['t']))).topics
  for (let version = apis.OffsetCommit.min; version <= apis.OffsetCommit.max; version++) {
    const topic = version >= 10 ? described!.topicId : 't'
    const body = commitOffsets([{ topic, offset: 1 }], { generation: 1, memberId: 'm' })
    const { topics } = await client.ask('OffsetCommit', version, body)
    // Groups are forgotten at a restart: a client that hears this joins anew, and gives up at "no such group".
    assert.equal(topics[0]?.partitions[0]?.errorCode, 22, `version ${version}`)
  }
  assert.deepEqual(await committed(client), [])
})

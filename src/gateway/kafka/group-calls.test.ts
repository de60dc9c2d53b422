/** Consumer groups over the wire: what members hear, in which version, and what a lost connection leaves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Asked, KafkaClient } from '../../../test/kafka/kafka-client.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import {
  commitOffsets,
  heartbeat,
  joinGroup,
  leaveGroup,
  type Speaker,
  syncGroup,
} from '../../../test/kafka/messages.ts'
import { apis } from '../../wire/kafka/messages/apis.generated.ts'
import { kafkaLimits } from './limits.ts'

interface Member {
  readonly client: KafkaClient
  readonly memberId: string
  readonly generation: number
}

/** Members that have joined together and have an assignment each; the first leads. */
async function settle(world: KafkaWorld, count: number, version = 3): Promise<Member[]> {
  const clients = Array.from({ length: count }, () => world.connect())
  const joins: Asked<'JoinGroup'>[] = []
  for (const client of clients) joins.push(await client.send('JoinGroup', version, joinGroup()))
  await world.pass(1_000)
  const members = joins.map(({ answer }, index) => {
    assert.equal(answer.errorCode, 0)
    return { client: clients[index]!, memberId: answer.memberId, generation: answer.generationId }
  })
  const leader = joins[0]!.answer
  assert.equal(leader.leader, leader.memberId)
  const assigned = Object.fromEntries(members.map(({ memberId }) => [memberId, `for ${memberId}`]))
  for (const [index, { client, ...speaker }] of [...members].reverse().entries()) {
    const isLeader = index === count - 1
    await client.send('SyncGroup', 3, syncGroup(speaker, isLeader ? assigned : {}))
  }
  return members
}

async function beat({ client, memberId, generation }: Member): Promise<number> {
  const body = heartbeat({ memberId, generation })
  return (await client.ask('Heartbeat', 3, body)).errorCode
}

test('one member joins, is assigned, lives and leaves, in every version', async () => {
  for (let version = 0; version <= apis.JoinGroup.max; version++) {
    const world = await KafkaWorld.open()
    const client = world.connect()
    let memberId = ''
    if (version >= 4) {
      const first = await client.ask('JoinGroup', version, joinGroup())
      assert.deepEqual([first.errorCode, first.generationId], [79, -1])
      memberId = first.memberId
    }
    const joining = await client.send('JoinGroup', version, joinGroup({ memberId }))
    assert.equal(joining.isAnswered, false)
    await world.pass(kafkaLimits.gatherMs)
    const joined = joining.answer
    assert.deepEqual([joined.errorCode, joined.generationId, joined.protocolName], [0, 1, 'range'])
    assert.deepEqual(
      joined.members.map((each) => [each.memberId, Buffer.from(each.metadata).toString()]),
      [[joined.memberId, 'topics']],
    )
    const speaker = { memberId: joined.memberId, generation: 1 }
    const syncing = Math.min(version, apis.SyncGroup.max)
    const body = syncGroup(speaker, { [joined.memberId]: 'all' })
    const { errorCode, assignment } = await client.ask('SyncGroup', syncing, body)
    assert.deepEqual([errorCode, Buffer.from(assignment).toString()], [0, 'all'])
    const beating = Math.min(version, apis.Heartbeat.max)
    assert.equal((await client.ask('Heartbeat', beating, heartbeat(speaker))).errorCode, 0)
    const leaving = Math.min(version, apis.LeaveGroup.max)
    const left = await client.ask('LeaveGroup', leaving, leaveGroup(speaker))
    assert.deepEqual([left.errorCode, left.members[0]?.errorCode ?? 0], [0, 0])
    assert.equal((await client.ask('Heartbeat', beating, heartbeat(speaker))).errorCode, 25)
    world.check()
  }
})

test('members that start together share one generation, and only the leader hears of all', async () => {
  const world = await KafkaWorld.open()
  const clients = [0, 1, 2].map(() => world.connect())
  const joins: Asked<'JoinGroup'>[] = []
  for (const client of clients) joins.push(await client.send('JoinGroup', 3, joinGroup()))
  assert.ok(joins.every(({ isAnswered }) => !isAnswered))
  await world.pass(1_000)
  const answers = joins.map(({ answer }) => answer)
  assert.deepEqual(
    answers.map(({ generationId }) => generationId),
    [1, 1, 1],
  )
  assert.deepEqual(
    answers.map(({ members }) => members.length),
    [3, 0, 0],
  )
  assert.equal(new Set(answers.map(({ memberId }) => memberId)).size, 3)
  assert.equal(new Set(answers.map(({ leader }) => leader)).size, 1)
})

test('each member hears its own part of what the leader assigns, when the leader has', async () => {
  const world = await KafkaWorld.open()
  const clients = [world.connect(), world.connect()]
  const joins: Asked<'JoinGroup'>[] = []
  for (const client of clients) joins.push(await client.send('JoinGroup', 3, joinGroup()))
  await world.pass(1_000)
  const [leader, follower] = joins.map(({ answer }) => ({
    memberId: answer.memberId,
    generation: 1,
  }))
  const waiting = await clients[1]!.send('SyncGroup', 3, syncGroup(follower!))
  assert.equal(waiting.isAnswered, false)
  const assigned = { [leader!.memberId]: 'odd', [follower!.memberId]: 'even' }
  const own = await clients[0]!.ask('SyncGroup', 3, syncGroup(leader!, assigned))
  assert.equal(Buffer.from(own.assignment).toString(), 'odd')
  assert.equal(Buffer.from(waiting.answer.assignment).toString(), 'even')
})

test('a newcomer makes the others join anew', async () => {
  const world = await KafkaWorld.open()
  const members = await settle(world, 2)
  for (const member of members) assert.equal(await beat(member), 0)
  const newcomer = await world.connect().send('JoinGroup', 3, joinGroup())
  for (const member of members) assert.equal(await beat(member), 27)
  const again: Asked<'JoinGroup'>[] = []
  for (const { client, memberId } of members) {
    again.push(await client.send('JoinGroup', 3, joinGroup({ memberId })))
  }
  assert.equal(newcomer.answer.generationId, 2)
  assert.deepEqual(
    again.map(({ answer }) => answer.generationId),
    [2, 2],
  )
  assert.equal(again[0]?.answer.members.length, 3)
})

test('a member that says nothing any more is dropped after its session, whatever its connection does', async () => {
  const world = await KafkaWorld.open()
  const [alive, silent] = await settle(world, 2)
  await silent!.client.leave()
  for (let passedMs = 0; passedMs < 9_000; passedMs += 3_000) {
    await world.pass(3_000)
    assert.equal(await beat(alive!), 0, `after ${passedMs + 3_000} ms`)
  }
  await world.pass(1_000)
  assert.equal(await beat(alive!), 27)
  const again = await alive!.client.send('JoinGroup', 3, joinGroup({ memberId: alive!.memberId }))
  assert.equal(again.answer.members.length, 1)
})

test('a commit of offsets is a sign of life', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const [member] = await settle(world, 1)
  for (let round = 0; round < 5; round++) {
    await world.pass(9_000)
    const body = commitOffsets([{ topic: 't', offset: round }], member!)
    const { topics } = await member!.client.ask('OffsetCommit', 7, body)
    assert.equal(topics[0]?.partitions[0]?.errorCode, 0)
  }
})

test('a member with a name of its own comes back under it, and its ghost is fenced off', async () => {
  const world = await KafkaWorld.open()
  const first = world.connect()
  const joining = await first.send('JoinGroup', 5, joinGroup({ instanceId: 'one' }))
  await world.pass(kafkaLimits.gatherMs)
  const { memberId } = joining.answer
  const ghost: Speaker = { memberId, generation: 1, instanceId: 'one' }
  await first.ask('SyncGroup', 3, syncGroup(ghost, { [memberId]: 'mine' }))
  const back = await world.connect().send('JoinGroup', 5, joinGroup({ instanceId: 'one' }))
  assert.deepEqual([back.answer.errorCode, back.answer.generationId], [0, 1])
  assert.notEqual(back.answer.memberId, memberId)
  assert.equal((await first.ask('Heartbeat', 3, heartbeat(ghost))).errorCode, 82)
})

test('a group is described while it is used, when it is quiet, and when it never was', async () => {
  const world = await KafkaWorld.open()
  await world.topic('t')
  const client = world.connect()
  const describe = async (version: number): Promise<unknown[][]> => {
    const body = { groups: ['g', 'nobody'], includeAuthorizedOperations: false }
    const { groups } = await client.ask('DescribeGroups', version, body)
    return groups.map((each) => [
      each.errorCode,
      each.groupId,
      each.groupState,
      each.protocolData,
      each.members.length,
    ])
  }
  const unknown = (version: number): unknown[] => [version >= 6 ? 69 : 0, 'nobody', 'Dead', '', 0]
  const [member] = await settle(world, 1)
  for (let version = 0; version <= apis.DescribeGroups.max; version++) {
    assert.deepEqual(await describe(version), [[0, 'g', 'Stable', 'range', 1], unknown(version)])
  }
  const { client: own, ...speaker } = member!
  await own.ask('OffsetCommit', 7, commitOffsets([{ topic: 't', offset: 1 }], speaker))
  await own.ask('LeaveGroup', 3, leaveGroup(speaker))
  assert.deepEqual(await describe(5), [[0, 'g', 'Empty', '', 0], unknown(5)])
  for (let version = 0; version <= apis.ListGroups.max; version++) {
    const list = async (state: string): Promise<string[]> => {
      const body = { statesFilter: [state], typesFilter: [] }
      const { groups } = await client.ask('ListGroups', version, body)
      return groups.map(({ groupId }) => groupId)
    }
    assert.deepEqual(await list('empty'), ['g'])
    assert.deepEqual(await list('Stable'), version >= 4 ? [] : ['g'])
  }
})

test('a group without a name cannot be joined, left or kept alive', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  const nameless = { group: '' }
  assert.equal((await client.ask('JoinGroup', 3, joinGroup(nameless))).errorCode, 24)
  assert.equal((await client.ask('SyncGroup', 3, syncGroup(nameless))).errorCode, 24)
  assert.equal((await client.ask('Heartbeat', 3, heartbeat(nameless))).errorCode, 24)
  assert.equal((await client.ask('LeaveGroup', 3, leaveGroup(nameless))).errorCode, 24)
})

test('in a group that nobody is in nobody is known', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  const nobody = { memberId: 'nobody', generation: 1 }
  assert.equal((await client.ask('JoinGroup', 3, joinGroup(nobody))).errorCode, 25)
  assert.equal((await client.ask('SyncGroup', 3, syncGroup(nobody))).errorCode, 25)
  assert.equal((await client.ask('Heartbeat', 3, heartbeat(nobody))).errorCode, 25)
  const left = await client.ask('LeaveGroup', 3, leaveGroup(nobody))
  assert.deepEqual([left.errorCode, left.members[0]?.errorCode], [0, 25])
  assert.equal((await client.ask('LeaveGroup', 1, leaveGroup(nobody))).errorCode, 25)
  assert.equal(world.clockwork.timers, 0, 'no group is made of questions')
})

test('a session that is too short or too long is refused', async () => {
  const world = await KafkaWorld.open()
  const client = world.connect()
  const { sessionMsMin, sessionMsMax } = kafkaLimits
  for (const sessionMs of [0, -1, sessionMsMin - 1, sessionMsMax + 1]) {
    assert.equal((await client.ask('JoinGroup', 3, joinGroup({ sessionMs }))).errorCode, 26)
  }
})

test('groups and members are bounded, those included that have not come back with their id', async () => {
  const world = await KafkaWorld.open({ limits: { groups: 2, groupMembers: 2 } })
  const client = world.connect()
  const first = async (group: string): Promise<number> => {
    return (await client.ask('JoinGroup', 5, joinGroup({ group }))).errorCode
  }
  assert.deepEqual([await first('a'), await first('a'), await first('a')], [79, 79, 81])
  assert.deepEqual([await first('b'), await first('c')], [79, 15])
  await world.pass(10_000)
  assert.deepEqual([await first('a'), await first('c')], [79, 79])
  await world.pass(10_000)
  assert.equal(world.clockwork.timers, 0)
})

test('a client that goes while it joins is not waited for beyond its session', async () => {
  const world = await KafkaWorld.open()
  const [member] = await settle(world, 1)
  const ghost = world.connect()
  await ghost.send('JoinGroup', 3, joinGroup())
  await ghost.leave()
  const { client, memberId } = member!
  const again = await client.send('JoinGroup', 3, joinGroup({ memberId }))
  await world.pass(9_000)
  assert.equal(again.isAnswered, false)
  await world.pass(1_000)
  assert.equal(again.answer.members.length, 1)
  world.check()
})

test('with the listener the members are gone, and nobody waits for their time to run out', async () => {
  const world = await KafkaWorld.open()
  await settle(world, 2)
  assert(world.clockwork.timers > 0, 'the time of two sessions')
  await world.clockwork.until(world.listener.close())
  await world.clockwork.until(world.broker.close())
  assert.equal(world.clockwork.timers, 0)
  assert.deepEqual(world.clockwork.errors, [])
})

test('a group that is on its way has no protocol, no assignment and no metadata to tell', async () => {
  const world = await KafkaWorld.open()
  const [member] = await settle(world, 1)
  await world.connect().send('JoinGroup', 3, joinGroup())
  const body = { groups: ['g'], includeAuthorizedOperations: false }
  const { groups } = await member!.client.ask('DescribeGroups', 5, body)
  const [group] = groups
  assert.deepEqual([group?.groupState, group?.protocolData], ['PreparingRebalance', ''])
  assert.equal(group?.protocolType, 'consumer')
  for (const { memberMetadata, memberAssignment } of group.members) {
    assert.deepEqual([memberMetadata.length, memberAssignment.length], [0, 0])
  }
})

test('from version 5 on whoever asks for an assignment says of which protocol', async () => {
  const world = await KafkaWorld.open()
  const [member] = await settle(world, 1)
  const { client, ...speaker } = member!
  const silent = { ...syncGroup(speaker), protocolType: null, protocolName: null }
  assert.equal((await client.ask('SyncGroup', 5, silent)).errorCode, 23)
  const other = { ...syncGroup(speaker), protocolName: 'roundrobin' }
  assert.equal((await client.ask('SyncGroup', 5, other)).errorCode, 23)
  const same = await client.ask('SyncGroup', 5, syncGroup(speaker))
  assert.deepEqual([same.errorCode, same.protocolName], [0, 'range'])
})

test('a member of version 0 has one timeout for both, its session’s', async () => {
  const world = await KafkaWorld.open()
  const [first, second] = [world.connect(), world.connect()]
  const joining = await first.send('JoinGroup', 0, joinGroup({ sessionMs: 8_000 }))
  await world.pass(kafkaLimits.gatherMs)
  const { memberId } = joining.answer
  const speaker = { memberId, generation: 1 }
  await first.ask('SyncGroup', 0, syncGroup(speaker, { [memberId]: 'all' }))
  const newcomer = await second.send('JoinGroup', 0, joinGroup({ sessionMs: 8_000 }))
  for (let passedMs = 0; passedMs < 8_000; passedMs += 2_000) {
    assert.equal((await first.ask('Heartbeat', 0, heartbeat(speaker))).errorCode, 27)
    assert.equal(newcomer.isAnswered, false, `after ${passedMs} ms`)
    await world.pass(2_000)
  }
  assert.equal(newcomer.answer.members.length, 1, 'who did not join anew is not waited for longer')
})

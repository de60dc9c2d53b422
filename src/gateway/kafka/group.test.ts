/** The rules of classic consumer groups, one test each, and the laws of any conversation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GroupWorld, protocols } from '../../../test/kafka/group-world.ts'
import type { GroupReply, JoinReply, SyncReply } from './group-state.ts'
import { checkCommit, nextDeadlineMs } from './group-step.ts'

function joined(reply: GroupReply): JoinReply {
  assert.ok(reply.kind === 'join' && reply.error === 'NONE', 'a member that has joined')
  return reply
}

function assignmentOf(reply: GroupReply): string {
  assert.ok(reply.kind === 'sync')
  return Buffer.from((reply as SyncReply).assignment).toString()
}

test('the first member leads, hears of all, and what it assigns reaches each', () => {
  const world = new GroupWorld()
  const first = joined(world.reply(world.join('')))
  assert.equal(first.leader, first.memberId)
  assert.equal(first.generation, 1)
  const second = world.join('')
  assert.ok(world.isWaiting(second), 'the first has to join anew')
  assert.equal(world.heartbeat(first.memberId), 'REBALANCE_IN_PROGRESS')
  const again = joined(world.reply(world.join(first.memberId)))
  const other = joined(world.reply(second))
  assert.equal(again.generation, 2)
  assert.deepEqual(
    again.members.map(({ id }) => id),
    [first.memberId, other.memberId],
  )
  assert.deepEqual(other.members, [])
  const waits = world.sync(other.memberId)
  assert.ok(world.isWaiting(waits))
  world.sync(first.memberId, { [first.memberId]: 'a', [other.memberId]: 'b' })
  assert.equal(assignmentOf(world.reply(waits)), 'b')
  assert.equal(world.state.phase, 'stable')
  assert.equal(world.heartbeat(other.memberId), 'NONE')
})

test('members that start together share one generation when a group waits for others', () => {
  const world = new GroupWorld({ gatherMs: 3_000 })
  const tokens = [world.join(''), world.join('')]
  world.pass(2_999)
  assert.ok(tokens.every((token) => world.isWaiting(token)))
  tokens.push(world.join(''))
  world.pass(1)
  assert.ok(world.isWaiting(tokens[0]!), 'somebody came, so it waits again')
  world.pass(3_000)
  assert.deepEqual(
    tokens.map((token) => joined(world.reply(token)).generation),
    [1, 1, 1],
  )
})

test('waiting for others ends with the rebalance timeout, however many come', () => {
  const world = new GroupWorld({ gatherMs: 3_000 })
  const first = world.join('', { rebalanceTimeoutMs: 7_000 })
  for (let times = 0; times < 3; times++) {
    world.pass(2_000)
    world.join('', { rebalanceTimeoutMs: 7_000 })
  }
  world.pass(1_000)
  assert.equal(joined(world.reply(first)).members.length, 4)
})

test('a newcomer is sent back with its id, and holds the join up only for its session', () => {
  const world = new GroupWorld()
  const reply = world.reply(world.join('', { newcomers: 'sent-back' }))
  assert.ok(reply.kind === 'join' && reply.error === 'MEMBER_ID_REQUIRED')
  const other = world.join('')
  assert.ok(world.isWaiting(other), 'the one with the id may still come')
  world.pass(10_000)
  assert.equal(joined(world.reply(other)).members.length, 1)
  assert.equal(world.errorOf(world.join(reply.memberId)), 'UNKNOWN_MEMBER_ID')
})

test('a newcomer that comes back with its id is a member', () => {
  const world = new GroupWorld()
  const reply = world.reply(world.join('', { newcomers: 'sent-back' }))
  assert.ok(reply.kind === 'join')
  assert.equal(joined(world.reply(world.join(reply.memberId))).memberId, reply.memberId)
})

test('session timeouts out of bounds, strange ids and foreign protocols are refused', () => {
  const world = new GroupWorld()
  const errorOf = (id: string, options: object): string => world.errorOf(world.join(id, options))
  assert.equal(errorOf('', { sessionTimeoutMs: 5_999 }), 'INVALID_SESSION_TIMEOUT')
  assert.equal(errorOf('', { sessionTimeoutMs: 60_001 }), 'INVALID_SESSION_TIMEOUT')
  assert.equal(errorOf('nobody', {}), 'UNKNOWN_MEMBER_ID')
  assert.equal(errorOf('', { protocols: [] }), 'INCONSISTENT_GROUP_PROTOCOL')
  assert.equal(errorOf('', { protocolType: '' }), 'INCONSISTENT_GROUP_PROTOCOL')
  world.settle(1)
  assert.equal(errorOf('', { protocolType: 'connect' }), 'INCONSISTENT_GROUP_PROTOCOL')
  assert.equal(errorOf('', { protocols: protocols('other') }), 'INCONSISTENT_GROUP_PROTOCOL')
})

test('a group takes no more members than its limit', () => {
  const world = new GroupWorld({ membersMax: 2 })
  world.settle(2)
  assert.equal(world.errorOf(world.join('')), 'GROUP_MAX_SIZE_REACHED')
})

test('the protocol is one that all speak, by votes', () => {
  const world = new GroupWorld({ gatherMs: 100 })
  world.join('', { protocols: protocols('range', 'sticky', 'own') })
  world.join('', { protocols: protocols('sticky', 'range') })
  world.join('', { protocols: protocols('sticky', 'range') })
  world.pass(200)
  assert.equal(world.state.protocol, 'sticky')
})

test('who does not join anew in time is dropped, and the others go on', () => {
  const world = new GroupWorld()
  const [leader, other] = world.settle(2, { sessionTimeoutMs: 60_000 })
  const token = world.join(leader ?? '', { protocols: protocols('range', 'new') })
  world.pass(29_999)
  assert.ok(world.isWaiting(token))
  world.pass(1)
  assert.equal(joined(world.reply(token)).members.length, 1)
  assert.equal(world.heartbeat(other ?? ''), 'UNKNOWN_MEMBER_ID')
})

test('a member that is not heard of within its session is dropped, and the others share anew', () => {
  const world = new GroupWorld()
  const [leader, other] = world.settle(2)
  world.pass(9_000)
  assert.equal(world.heartbeat(leader ?? ''), 'NONE')
  world.pass(1_000)
  assert.equal(world.heartbeat(leader ?? ''), 'REBALANCE_IN_PROGRESS')
  assert.equal(world.heartbeat(other ?? ''), 'UNKNOWN_MEMBER_ID')
})

test('who waits here is alive, however long it takes', () => {
  const world = new GroupWorld()
  const [, other] = world.settle(2, { sessionTimeoutMs: 10_000 })
  const token = world.join('', { sessionTimeoutMs: 6_000 })
  world.pass(8_000)
  world.heartbeat(other ?? '')
  assert.ok(world.isWaiting(token))
})

test('whoever has joined and does not ask for its assignment is dropped', () => {
  const world = new GroupWorld({ sessionMsMax: 100_000 })
  const first = joined(world.reply(world.join('', { sessionTimeoutMs: 100_000 })))
  const second = world.join('', { sessionTimeoutMs: 100_000 })
  world.join(first.memberId, { sessionTimeoutMs: 100_000 })
  const waits = world.sync(joined(world.reply(second)).memberId)
  world.pass(30_000)
  assert.equal(world.errorOf(waits), 'REBALANCE_IN_PROGRESS')
  assert.equal(world.heartbeat(first.memberId), 'UNKNOWN_MEMBER_ID')
})

test('the leader joining anew makes all share anew; a follower that changed nothing does not', () => {
  const world = new GroupWorld()
  const [leader, other] = world.settle(2)
  assert.equal(joined(world.reply(world.join(other ?? ''))).generation, world.state.generation)
  assert.equal(world.state.phase, 'stable')
  assert.ok(world.isWaiting(world.join(leader ?? '')))
  assert.equal(world.state.phase, 'preparing')
})

test('a follower with other protocols makes all share anew', () => {
  const world = new GroupWorld()
  const [, other] = world.settle(2)
  assert.ok(world.isWaiting(world.join(other ?? '', { protocols: protocols('range', 'more') })))
})

test('an answer to a join that was lost is given again while all wait for the leader', () => {
  const world = new GroupWorld()
  const first = joined(world.reply(world.join('')))
  assert.equal(joined(world.reply(world.join(first.memberId))).generation, first.generation)
})

test('an older generation is refused everywhere', () => {
  const world = new GroupWorld()
  const [leader = ''] = world.settle(1)
  const { generation } = world.state
  assert.equal(world.heartbeat(leader, generation - 1), 'ILLEGAL_GENERATION')
  const commit = { memberId: leader, instanceId: null, generation: generation - 1 }
  assert.equal(checkCommit(world.state, commit, world.nowMs), 'ILLEGAL_GENERATION')
})

test('a member that leaves is gone at once, and the last one leaves the group empty', () => {
  const world = new GroupWorld()
  const [leader = '', other = ''] = world.settle(2)
  assert.equal(world.leave(leader), 'NONE')
  assert.equal(world.leave(leader), 'UNKNOWN_MEMBER_ID')
  assert.equal(world.heartbeat(other), 'REBALANCE_IN_PROGRESS')
  assert.equal(world.leave(other), 'NONE')
  assert.equal(world.state.phase, 'empty')
  assert.equal(nextDeadlineMs(world.state), Number.POSITIVE_INFINITY)
})

test('offsets are taken while members join, not while they wait for the leader', () => {
  const world = new GroupWorld()
  const { state } = world
  const nobody = { memberId: '', instanceId: null, generation: -1 }
  assert.equal(checkCommit(state, nobody, world.nowMs), 'NONE')
  const [leader = ''] = world.settle(1)
  const { generation } = state
  const member = { memberId: leader, instanceId: null, generation }
  assert.equal(checkCommit(state, nobody, world.nowMs), 'UNKNOWN_MEMBER_ID')
  assert.equal(checkCommit(state, member, world.nowMs), 'NONE')
  world.join('')
  assert.equal(state.phase, 'preparing')
  assert.equal(checkCommit(state, member, world.nowMs), 'NONE')
  world.join(leader)
  assert.equal(state.phase, 'completing')
  const next = { ...member, generation: state.generation }
  assert.equal(checkCommit(state, next, world.nowMs), 'REBALANCE_IN_PROGRESS')
})

test('a static member that comes back keeps its share, and its older self is fenced off', () => {
  const world = new GroupWorld()
  const [leader = ''] = world.settle(1, { instanceId: 'one' })
  const { generation } = world.state
  const back = joined(world.reply(world.join('', { instanceId: 'one' })))
  assert.equal(back.generation, generation)
  assert.notEqual(back.memberId, leader)
  assert.equal(back.skipAssignment, true)
  assert.equal(assignmentOf(world.reply(world.sync(back.memberId, {}, 'one'))), `for ${leader}`)
  assert.equal(world.errorOf(world.join(leader, { instanceId: 'one' })), 'FENCED_INSTANCE_ID')
})

test('a static leader of an older version is not told that it leads when it comes back', () => {
  const world = new GroupWorld()
  const [leader = ''] = world.settle(1, { instanceId: 'one' })
  const back = joined(world.reply(world.join('', { instanceId: 'one', leaders: 'assign' })))
  assert.equal(back.leader, leader)
  assert.deepEqual(back.members, [])
})

test('a static member is not dropped by a rebalance it misses, only by its session', () => {
  const world = new GroupWorld({ sessionMsMax: 100_000 })
  world.settle(1, { instanceId: 'one', sessionTimeoutMs: 100_000 })
  const token = world.join('', { sessionTimeoutMs: 100_000 })
  world.pass(30_000)
  const reply = joined(world.reply(token))
  assert.equal(reply.leader, reply.memberId, 'who is missing cannot lead')
  assert.equal(reply.members.length, 2)
})

test('an administrator removes a static member by its own name', () => {
  const world = new GroupWorld()
  world.settle(1, { instanceId: 'one' })
  assert.equal(world.leave('', 'two'), 'UNKNOWN_MEMBER_ID')
  assert.equal(world.leave('other', 'one'), 'FENCED_INSTANCE_ID')
  assert.equal(world.leave('', 'one'), 'NONE')
})

test('a request whose client has gone is not waited for beyond its session', () => {
  const world = new GroupWorld()
  const [leader = ''] = world.settle(1)
  const token = world.join('')
  world.drop(token)
  world.pass(9_000)
  const again = world.join(leader)
  assert.ok(world.isWaiting(again))
  world.pass(1_000)
  assert.equal(joined(world.reply(again)).members.length, 1)
})

test('in any conversation each request is answered once, in the end, and the state holds together', () => {
  const action = fc.record({
    what: fc.constantFrom('join', 'new', 'static', 'sync', 'beat', 'leave', 'drop', 'time'),
    who: fc.nat({ max: 5 }),
    ms: fc.integer({ min: 1, max: 20_000 }),
  })
  const law = fc.property(fc.array(action, { maxLength: 60 }), fc.boolean(), (actions, gathers) => {
    const world = new GroupWorld({ gatherMs: gathers ? 3_000 : 0, membersMax: 5 })
    for (const { what, who, ms } of actions) {
      act(world, what, { who, ms })
      check(world)
    }
    // Members that say nothing any more are dropped, and nobody waits for them for ever.
    for (let times = 0; times < 10; times++) world.pass(60_000)
    assert.deepEqual(world.waiting, [])
    assert.equal(world.state.members.size, 0)
    assert.equal(world.state.phase, 'empty')
  })
  fc.assert(law, { numRuns: 300 })
})

function act(world: GroupWorld, what: string, { who, ms }: { who: number; ms: number }): void {
  const ids = [...world.state.members.keys()]
  const id = ids[who % Math.max(1, ids.length)] ?? 'nobody'
  const instanceId = world.state.members.get(id)?.instanceId ?? null
  if (what === 'join') world.join(id, { instanceId })
  else if (what === 'new') world.join('', { newcomers: who < 3 ? 'taken' : 'sent-back' })
  else if (what === 'static') world.join('', { instanceId: `s${who}` })
  else if (what === 'sync') world.sync(id, { [id]: 'share' }, instanceId)
  else if (what === 'beat') world.heartbeat(id)
  else if (what === 'leave') world.leave(id)
  else if (what === 'time') world.pass(ms)
  else if (world.waiting.length > 0) world.drop(world.waiting[who % world.waiting.length]!)
}

function check({ state }: GroupWorld): void {
  const { members, instances, phase, leader, protocol } = state
  for (const [name, id] of instances) assert.equal(members.get(id)?.instanceId, name)
  for (const member of members.values()) {
    assert.ok(member.joining === null || phase === 'preparing', 'who joins waits while preparing')
    assert.ok(member.syncing === null || phase === 'completing', 'who syncs waits while completing')
  }
  if (phase === 'empty') assert.equal(members.size, 0)
  if (phase === 'stable' || phase === 'completing') {
    assert.ok(members.has(leader ?? ''))
    assert.notEqual(protocol, null)
  }
}

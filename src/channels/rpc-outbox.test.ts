/** Frames leave in the order in which they were sent, whatever room the wire has. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { Channel } from './channel.ts'
import { ChannelClosed } from './contract.ts'
import { Outbox } from './rpc-outbox.ts'
import { type Frame, frameKind } from './wire.ts'

function make(capacity: number): {
  world: Clockwork
  wire: Channel<Frame>
  outbox: Outbox
  lost: unknown[]
} {
  const world = new Clockwork()
  const wire = new Channel<Frame>({ capacity }, world)
  const lost: unknown[] = []
  const unsendable = (): never => assert.fail('every frame can travel')
  const outbox = new Outbox(wire, { lost: (error) => lost.push(error), unsendable })
  return { world, wire, outbox, lost }
}

test('a frame never overtakes those that wait for room', async () => {
  const { world, wire, outbox } = make(2)
  for (let id = 0; id < 6; id++) outbox.send([frameKind.done, id])
  const ids: (number | undefined)[] = []
  // There is room now, and the waiting frames have not noticed yet.
  for (let count = 0; count < 3; count++) ids.push(wire.tryGet()?.[1])
  outbox.send([frameKind.done, 6])
  for (let count = 0; count < 20; count++) {
    await world.settle()
    const frame = wire.tryGet()
    if (frame !== undefined) ids.push(frame[1])
  }
  assert.deepEqual(ids, [0, 1, 2, 3, 4, 5, 6])
})

test('a wire that is closed over there is reported once; one that we close ourselves is not', async () => {
  const { world, wire, outbox, lost } = make(1)
  for (let id = 0; id < 3; id++) outbox.send([frameKind.done, id])
  wire.close()
  await world.settle()
  assert.ok(lost[0] instanceof ChannelClosed)
  const ours = make(1)
  for (let id = 0; id < 3; id++) ours.outbox.send([frameKind.done, id])
  ours.outbox.close()
  ours.outbox.send([frameKind.done, 3])
  await ours.world.settle()
  assert.deepEqual([ours.lost, ours.wire.closed, ours.wire.size], [[], true, 1])
})

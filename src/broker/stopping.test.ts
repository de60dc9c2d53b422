/** What is still waiting when a broker stops: it is refused, and nothing comes behind the last words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker } from '../../test/broker/disk-broker.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { settled } from '../../test/sim/turn.ts'
import { expectMark } from '../base/mark.ts'
import { Content } from '../machine/message.ts'
import { PLAIN_QUEUE } from '../machine/queue-options.ts'
import { isRefusal } from '../machine/refusal.ts'
import { HELD } from './room.ts'
import { DEFAULT_NAMESPACE } from './runtime.ts'

test('a declaration that waits for room when the broker stops is refused, and the stop is one in good order', () =>
  expectMark('declarations/wait-for-room', async () => {
    const disk = new CrashDisk()
    const { runtime } = await DiskBroker.open(disk)
    const namespace = runtime.machine.namespace(DEFAULT_NAMESPACE)
    const declare = (name: string): ReturnType<typeof runtime.declare.queue> =>
      runtime.declare.queue(namespace, { name, options: PLAIN_QUEUE, owner: null })
    await settled(declare('q'), 'the queue')
    const route = runtime.route(namespace, '', 'q')
    assert(!isRefusal(route))
    const content = new Content()
    while (runtime.publish(route, content, 'persistent') !== HELD);
    const late = declare('late')
    await settled(runtime.close(), 'the close')
    assert.deepEqual(await settled(late, 'the declaration'), { kind: 'stopping' })
    const again = await DiskBroker.open(disk)
    assert.equal(again.runtime.namespace(DEFAULT_NAMESPACE)?.queues.has('late'), false)
    assert(again.runtime.machine.stoppedCleanly)
  }))

/** Ten times the memory for transient messages through one queue, on the real disk, with consumers that come late. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { KiB, MiB } from '../../src/base/bytes.ts'
import { Consumer } from '../../src/broker/consumer.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import { HELD } from '../../src/broker/room.ts'
import { DEFAULT_NAMESPACE, Runtime } from '../../src/broker/runtime.ts'
import { Content } from '../../src/machine/message.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { PLAIN_QUEUE } from '../../src/machine/queue-options.ts'
import { isRefusal } from '../../src/machine/refusal.ts'
import { nodeWorld } from '../../src/node/world.ts'

const MEMORY_BYTES = 8 * MiB
const BODY_BYTES = 1 * KiB
const COUNT = (10 * MEMORY_BYTES) / BODY_BYTES

/** Each body says which it is, at both ends. */
function bodyOf(index: number): Buffer {
  const body = Buffer.alloc(BODY_BYTES, index & 255)
  body.writeUInt32LE(index, 0)
  body.writeUInt32LE(index, BODY_BYTES - 4)
  return body
}

async function publishAll(runtime: Runtime, queue: Queue): Promise<void> {
  const namespace = runtime.namespace(DEFAULT_NAMESPACE)
  assert(namespace !== undefined)
  const route = runtime.route(namespace, '', queue.name)
  assert(!isRefusal(route))
  const content = new Content()
  for (let index = 0; index < COUNT; index++) {
    content.body = bodyOf(index)
    content.bodySize = BODY_BYTES
    while (runtime.publish(route, content, 'transient') === HELD) {
      assert.equal(runtime.heldWhy, 'disk-slow', 'the disk has room for all of them')
      await new Promise<void>((resolve) => runtime.whenRoom(resolve))
    }
  }
}

/** Resolves when all came, in order, to several consumers in turn. */
function consumeAll(runtime: Runtime, queue: Queue): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0
    const deliver = ({ bytes, bodyAt, bodySize }: Delivery): void => {
      const body = Buffer.from(bytes.buffer, bytes.byteOffset + bodyAt, bodySize)
      if (!body.equals(bodyOf(next))) reject(new Error(`not message ${next}`))
      next++
      if (next === COUNT) resolve()
    }
    const receiver = { deliver, cancelled: () => undefined }
    for (let count = 0; count < 3; count++) {
      runtime.join(queue, new Consumer(receiver, 'on-delivery'))
    }
  })
}

async function scratchIn(directory: string): Promise<number> {
  return (await readdir(directory)).filter((name) => name.startsWith('scratch-')).length
}

test('ten times the memory limit goes through a queue in order, and the directory is as before', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'naru-spill-'))
  const limits = { transientBytes: MEMORY_BYTES, scratchFileBytes: 8 * MiB, scratchSpareBytes: 1 }
  const log = { info: assert.fail, warn: assert.fail, error: assert.fail }
  const world = nodeWorld()
  const options = { world, directory, durability: 'fsync', log, limits } as const
  try {
    const runtime = await Runtime.open(options)
    const namespace = runtime.namespace(DEFAULT_NAMESPACE)
    assert(namespace !== undefined)
    const request = { name: 'q', options: PLAIN_QUEUE, owner: null }
    const queue = await runtime.declare.queue(namespace, request)
    assert(!isRefusal(queue))
    await publishAll(runtime, queue)
    const files = await scratchIn(directory)
    assert(files >= 8, `${files} files`)
    await consumeAll(runtime, queue)
    await runtime.close()
    assert.equal(await scratchIn(directory), 0)
  } finally {
    await world.disk.close()
    await rm(directory, { recursive: true })
  }
})

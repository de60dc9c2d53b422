/** What a line listener does with many clients. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import type { Log } from '../../base/log.ts'
import type { Disk } from '../../base/ports.ts'
import { Runtime } from '../../broker/runtime.ts'
import { Channel } from '../../channels/channel.ts'
import { lineListener } from './kind.ts'
import { openLineListener } from './listener.ts'
import type { LineMessage } from './message.ts'
import { channelSink } from './sink.ts'

const ADDRESS = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

async function send(world: MemoryWorld, port: number, text: string): Promise<void> {
  const connection = await world.connect({ ...ADDRESS, port })
  connection.start({ data: () => {}, ended: () => {}, drained: () => {}, closed: () => {} })
  connection.write(Buffer.from(text))
  connection.end()
}

function noted(): { log: Log; lines: string[] } {
  const lines: string[] = []
  const note = (text: string): void => {
    lines.push(text)
  }
  return { log: { info: note, warn: note, error: note }, lines }
}

test('as a kind of listener it says where clients connect to, and its messages go into a channel', async () => {
  const world = new MemoryWorld(1, 'seeded')
  const queue = new Channel<LineMessage>({ capacity: 2 }, world)
  const kind = lineListener(() => ({ sink: channelSink(queue), begin: () => undefined }))
  assert.deepEqual([kind.name, kind.defaultPort], ['line', 12345])
  const disk = null as unknown as Disk
  const { log } = noted()
  const here = { ...world, disk }
  const opening = Runtime.open({ world: here, directory: null, durability: 'memory', log })
  await world.pass(100)
  const broker = await opening
  const opened = await kind.open({ world: here, address: ADDRESS, log, broker })
  assert.equal(opened.url, 'tcp://127.0.0.1:1001')
  await send(world, 1001, 'a\nb\nc\nd')
  const bodies: unknown[] = []
  for (let count = 0; count < 4; count++) {
    await world.pass(100)
    assert.ok(queue.size <= 2)
    bodies.push((await queue.get()).body)
  }
  assert.deepEqual(bodies, ['a', 'b', 'c', 'd'])
  await opened.close()
  queue.close()
})

test('messages of many clients all arrive, each client in its own order', async () => {
  const world = new MemoryWorld(7, 'seeded')
  const queue = new Channel<LineMessage>({ capacity: 3 }, world)
  const listener = await openLineListener({ world, address: ADDRESS, sink: channelSink(queue) })
  assert.ok(listener.address.kind === 'tcp')
  for (let client = 0; client < 20; client++) {
    const lines = Array.from({ length: 10 }, (_, index) => `${client} ${index}`)
    await send(world, listener.address.port, lines.join('\n'))
  }
  const seen = new Map<string, number>()
  for (let count = 0; count < 200; count++) {
    await world.pass(5)
    const { body } = await queue.get({ timeoutMs: 0 })
    const [client, index] = String(body).split(' ') as [string, string]
    assert.equal(Number(index), seen.get(client) ?? 0)
    seen.set(client, Number(index) + 1)
  }
  assert.equal(seen.size, 20)
  await world.pass(100)
  const counters = listener.counters()
  assert.deepEqual(
    [counters.clients, counters.clientsEver, counters.messages, counters.cutBytes],
    [0, 20, 200, 0],
  )
  await listener.close()
})

test('refusals are logged, and an attack does not flood the log', async () => {
  const world = new MemoryWorld(1, 'whole')
  const queue = new Channel<LineMessage>({}, world)
  const { log, lines } = noted()
  const listener = await openLineListener({
    world,
    address: ADDRESS,
    sink: channelSink(queue),
    options: { messageBytesMax: 4 },
    log,
  })
  assert.ok(listener.address.kind === 'tcp')
  for (let client = 0; client < 50; client++) await send(world, listener.address.port, 'too long')
  await world.pass(1)
  assert.equal(lines.length, 1)
  await world.pass(1000)
  await send(world, listener.address.port, 'too long')
  await world.pass(1)
  assert.match(lines[1] ?? '', /too long: limit 4 bytes \(and 49 others before\)/)
  assert.equal(listener.counters().refused, 51)
  await listener.close()
})

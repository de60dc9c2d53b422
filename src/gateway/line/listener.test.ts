/** What a line listener does with many clients. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { channelSink } from '../../../test/processes/channel-sink.ts'
import { MemoryWorld } from '../../../test/processes/memory-world.ts'
import type { Log } from '../../base/log.ts'
import type { Disk } from '../../base/ports.ts'
import type { OpenListener } from '../../broker/listener.ts'
import { DEFAULT_NAMESPACE, Runtime } from '../../broker/runtime.ts'
import { Channel } from '../../channels/channel.ts'
import { lineListener } from './kind.ts'
import { openLineListener } from './listener.ts'
import type { LineMessage } from './message.ts'

const ADDRESS = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

async function send(world: MemoryWorld, port: number, text: string): Promise<void> {
  const connection = await world.connect({ ...ADDRESS, port })
  connection.start({ data: () => {}, ended: () => {}, drained: () => {}, closed: () => {} })
  connection.write(Buffer.from(text))
  connection.end()
}

/** Moves time until it is open: the gateway is loaded first, which no time of ours moves. */
async function opensIn(world: MemoryWorld, opening: Promise<OpenListener>): Promise<OpenListener> {
  let isOpen = false
  const watched = opening.finally(() => {
    isOpen = true
  })
  watched.catch(() => {})
  while (!isOpen) await world.pass(1)
  return watched
}

function noted(): { log: Log; lines: string[] } {
  const lines: string[] = []
  const note = (text: string): void => {
    lines.push(text)
  }
  return { log: { info: note, warn: note, error: note }, lines }
}

test('as a kind of listener it says where clients connect to, and its messages go into a queue', async () => {
  const world = new MemoryWorld(1, 'seeded')
  const { log, lines } = noted()
  const here = { ...world, disk: null as unknown as Disk }
  const opening = Runtime.open({ world: here, directory: null, durability: 'memory', log })
  await world.pass(100)
  const broker = await opening
  const kind = lineListener({ queue: 'sensors' })
  assert.deepEqual([kind.name, kind.defaultPort], ['line', 12345])
  const opened = await opensIn(world, kind.open({ world: here, address: ADDRESS, log, broker }))
  assert.equal(opened.url, 'tcp://127.0.0.1:1001')
  await send(world, 1001, 'a\nb\nc\nd')
  await world.pass(100)
  const queue = broker.namespace(DEFAULT_NAMESPACE)?.queues.get('sensors')
  assert.equal(queue?.readyCount, 4)
  assert.deepEqual(lines, [])
  const address = { ...ADDRESS, host: '0.0.0.0' }
  const open = await opensIn(world, lineListener().open({ world: here, address, log, broker }))
  assert.deepEqual(lines, [`line: whoever reaches ${open.url} may send; there is no password`])
  await Promise.all([opened.close(), open.close()])
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
    const message = await queue.get({ timeoutMs: 0 })
    const [client, index] = String(message).split(' ') as [string, string]
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

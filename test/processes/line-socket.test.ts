/** The line socket over real sockets: what the tests in memory cannot show. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { Broker } from '../../src/api/broker.ts'
import type { Address } from '../../src/base/ports.ts'
import { Channel } from '../../src/channels/channel.ts'
import { type LineListener, openLineListener } from '../../src/gateway/line/listener.ts'
import type { LineMessage } from '../../src/gateway/line/message.ts'
import { nodeWorld } from '../../src/node/world.ts'
import { channelSink } from './channel-sink.ts'

const world = nodeWorld()
const LOOPBACK = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

interface Opened extends AsyncDisposable {
  readonly queue: Channel<LineMessage>
  readonly listener: LineListener
  client(): Promise<Socket>
}

async function open(address: Address, capacity: number): Promise<Opened> {
  const queue = new Channel<LineMessage>({ capacity }, world)
  const sink = channelSink(queue)
  const listener = await openLineListener({ world, address, sink, options: { drainMs: 100 } })
  const client = async (): Promise<Socket> => {
    const at = listener.address
    const socket = at.kind === 'tcp' ? connect(at.port, at.host) : connect(at.path)
    await once(socket, 'connect')
    return socket
  }
  return { queue, listener, client, [Symbol.asyncDispose]: () => listener.close() }
}

test('a plain TCP client that sends without a line end and closes is understood', async () => {
  await using place = await open(LOOPBACK, 10)
  const socket = await place.client()
  socket.end('안녕하세요')
  const message = await place.queue.get({ timeoutMs: 5000 })
  assert.equal(message, '안녕하세요')
})

test('a Unix socket takes lines as TCP does', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'naru-line-'))
  try {
    await using place = await open({ kind: 'unix', path: join(directory, 's') }, 10)
    const socket = await place.client()
    socket.end('one\r\ntwo\n')
    const bodies = [await place.queue.get({ timeoutMs: 5000 }), await place.queue.get()]
    assert.deepEqual(bodies, ['one', 'two'])
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('a queue that nobody empties stops a fast client, and then all of its lines arrive in order', async () => {
  await using place = await open(LOOPBACK, 5)
  const socket = await place.client()
  const count = 50_000
  const lines = Array.from({ length: count }, (_, index) => `line number ${index}`)
  const flushed = new Promise<void>((resolve) => {
    socket.end(`${lines.join('\n')}\n`, () => resolve())
  })
  const first = await place.queue.get({ timeoutMs: 5000 })
  assert.equal(first, lines[0])
  const { bytes } = place.listener.counters()
  assert.ok(bytes < 200_000, `${bytes} bytes read for five places`)
  for (let index = 1; index < count; index++) {
    const line = await place.queue.get()
    if (line !== lines[index]) assert.equal(line, lines[index])
  }
  await flushed
})

test('a refused client reads why before its connection ends, though it goes on sending', async () => {
  await using place = await open(LOOPBACK, 10)
  const socket = await place.client()
  let told = ''
  socket.on('data', (bytes) => {
    told += bytes.toString()
  })
  for (let count = 0; count < 20; count++) socket.write('x'.repeat(20_000))
  await once(socket, 'end')
  assert.equal(told, 'ERR too long: limit 65536 bytes\n')
  socket.destroy()
})

test('a client that is reset leaves what had arrived, and disturbs no other', async () => {
  await using place = await open(LOOPBACK, 10)
  const [lost, other] = [await place.client(), await place.client()]
  lost.write('whole\npart')
  assert.equal(await place.queue.get({ timeoutMs: 5000 }), 'whole')
  lost.resetAndDestroy()
  assert.equal(await place.queue.get({ timeoutMs: 5000 }), 'part')
  other.end('still here')
  assert.equal(await place.queue.get({ timeoutMs: 5000 }), 'still here')
})

test('what a client was told OK for is in the durable queue when the broker is opened again', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'naru-line-'))
  try {
    {
      const listen = { line: { port: 0, queue: 'lines', answers: 'ok' } } as const
      await using broker = await Broker.open({ dir, listen })
      const { hostname, port } = new URL(broker.urls.line ?? '')
      const socket = connect(Number(port), hostname)
      let answers = ''
      socket.setEncoding('utf8').on('data', (text: string) => {
        answers += text
      })
      socket.end('one\ntwo\nthe last')
      await once(socket, 'close')
      assert.equal(answers, 'OK 1\nOK 2\nOK 3\n')
    }
    await using broker = await Broker.open({ dir })
    const queue = await broker.queue('lines')
    const bodies: unknown[] = []
    for await (const message of queue.consume()) {
      bodies.push(message.body)
      message.ack()
      if (bodies.length === 3) break
    }
    assert.deepEqual(bodies, ['one', 'two', 'the last'])
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('what comes to the line port of a broker is in its queue, and stays there until it is consumed', async () => {
  await using broker = await Broker.open({ listen: { line: 0 } })
  const { hostname, port } = new URL(broker.urls.line ?? '')
  const clients = ['one\ntwo', '안녕'].map(async (text) => {
    const socket = connect(Number(port), hostname)
    socket.end(text)
    await once(socket.resume(), 'close')
  })
  await Promise.all(clients)
  const queue = await broker.queue('line')
  assert.equal(queue.readyCount, 3)
  const bodies: unknown[] = []
  for await (const message of queue.consume()) {
    bodies.push(message.body)
    message.ack()
    if (bodies.length === 3) break
  }
  assert.deepEqual(new Set(bodies), new Set(['one', 'two', '안녕']))
})

test('the line port of a broker may be a Unix socket, with a framing of its own', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'naru-line-'))
  const path = join(directory, 's')
  const line = { path, framing: 'chunk', bodies: 'bytes', queue: 'chunks' } as const
  try {
    await using broker = await Broker.open({ listen: { line } })
    assert.equal(broker.urls.line, `unix:${path}`)
    const socket = connect(path)
    socket.end(Uint8Array.of(0xff, 10, 0))
    await once(socket.resume(), 'close')
    const chunks = (await broker.queue('chunks')).consume()
    const { value: message } = await chunks.next()
    assert.deepEqual(message?.body, Uint8Array.of(0xff, 10, 0))
    await chunks.close()
  } finally {
    await rm(directory, { recursive: true })
  }
})

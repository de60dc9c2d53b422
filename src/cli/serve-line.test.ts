/** `naru serve --line` as its clients see it: text in by plain sockets, messages out by another protocol. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ack, consume } from '../../test/amqp/amqp-world.ts'
import { AmqpClient, type AmqpMessage } from '../../test/amqp/raw-client.ts'
import { NaruProcess } from '../../test/cli/naru-process.ts'
import { nodeWorld } from '../node/world.ts'

const PORTS = ['--only', 'amqp,line', '--amqp', '0', '--line', '0']
const CHANNEL = 1

/** Sends it, ends, and answers with what the server had to say. */
async function client(url: string | undefined, text: string): Promise<string> {
  const { hostname, port } = new URL(url ?? '')
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  let answer = ''
  socket.on('data', (piece: string) => {
    answer += piece
  })
  socket.end(text)
  await once(socket, 'close')
  return answer
}

/** Consumes so many messages of a queue by AMQP, and acknowledges them. */
async function consumed(
  url: string | undefined,
  queue: string,
  count: number,
): Promise<AmqpMessage[]> {
  const { hostname, port } = new URL(url ?? '')
  const address = { kind: 'tcp', host: hostname, port: Number(port) } as const
  const amqp = await AmqpClient.connect(nodeWorld().net, address)
  await amqp.ask(consume(CHANNEL, queue), 'basic.consume-ok')
  await amqp.until(() => (amqp.deliveries.length === count ? true : null))
  amqp.say(ack(CHANNEL, count, 'many'))
  await amqp.closeChannel()
  await amqp.close()
  return amqp.deliveries
}

const shown = ({ body, properties }: AmqpMessage): unknown[] => [
  Buffer.from(body).toString(),
  properties.contentType,
]

test('what clients of the line port send is consumed by AMQP, in memory and with no flag at all', async () => {
  await using naru = new NaruProcess('naru', ['serve', ...PORTS])
  const { urls } = await naru.ready()
  assert.equal(await client(urls.line, 'one\r\n둘\nthe last, with no end'), '')
  assert.deepEqual((await consumed(urls.amqp, 'line', 3)).map(shown), [
    ['one', 'text/plain'],
    ['둘', 'text/plain'],
    ['the last, with no end', 'text/plain'],
  ])
  assert.equal(naru.stdout.split('\n').length, 2, 'one line on stdout and nothing more')
})

test('what a client was told OK for outlives a killed server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'naru-serve-line-'))
  const flags = ['--dir', directory, '--line-queue', 'sensors', '--line-answers', 'ok']
  try {
    {
      await using naru = new NaruProcess('naru', ['serve', ...PORTS, ...flags])
      const { urls } = await naru.ready()
      assert.equal(await client(urls.line, '21.5\n21.7\n'), 'OK 1\nOK 2\n')
      naru.signal('SIGKILL')
      await naru.exit()
    }
    await using naru = new NaruProcess('naru', ['serve', ...PORTS, ...flags])
    const { urls } = await naru.ready()
    const messages = await consumed(urls.amqp, 'sensors', 2)
    assert.deepEqual(messages.map(shown), [
      ['21.5', 'text/plain'],
      ['21.7', 'text/plain'],
    ])
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('framing and length are flags, and a message that is too long is refused in a sentence', async () => {
  const flags = ['--line-framing', 'chunk', '--line-bodies', 'bytes', '--line-queue', 'chunks']
  await using chunks = new NaruProcess('naru', ['serve', ...PORTS, ...flags])
  const { urls } = await chunks.ready()
  assert.equal(await client(urls.line, 'one\ntwo\n'), '')
  const [message] = await consumed(urls.amqp, 'chunks', 1)
  assert.deepEqual(Buffer.from(message!.body).toString(), 'one\ntwo\n')
  await using short = new NaruProcess('naru', ['serve', ...PORTS, '--line-message-bytes', '8'])
  const told = await client((await short.ready()).urls.line, '123456789\n')
  assert.equal(told, 'ERR too long: limit 8 bytes\n')
})

test('what the line socket cannot be is one sentence about its flag', async () => {
  const mistakes: readonly (readonly [code: number, sentence: string, ...args: string[]])[] = [
    [2, '--line-framing is one of line, length, chunk, not xml', '--line-framing', 'xml'],
    [2, '--line-queue q: the line listener is not opened', '--line', 'off', '--line-queue', 'q'],
    [
      1,
      '--line-answers cannot be ok where messages are kept in memory only',
      ...['--only', 'line', '--line', '0', '--line-answers', 'ok'],
    ],
  ]
  for (const [code, sentence, ...args] of mistakes) {
    const naru = new NaruProcess('naru', ['serve', ...args])
    assert.deepEqual(await naru.exit(), { code, signal: null })
    assert.ok(naru.stderr.endsWith(`error: ${sentence}\n`), naru.stderr)
    assert.equal(naru.stdout, '')
  }
})

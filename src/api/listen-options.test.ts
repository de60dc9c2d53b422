/** What `listen` may be, and the sentence for what it may not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Broker } from '../mod.ts'
import { planListen } from './listen-options.ts'

type Listen = Parameters<typeof planListen>[0]

function places(listen: Listen): unknown[] {
  return planListen(listen).map(({ kind, address }) => [kind.name, address])
}

function refuses(listen: object, sentence: RegExp): void {
  assert.throws(() => planListen(listen), { code: 'REFUSED', message: sentence })
}

const loopback = (port: number) => ({ kind: 'tcp', host: '127.0.0.1', port })

test('a port is one on the loopback, and a line socket may be elsewhere', () => {
  assert.deepEqual(places({ kafka: 1, amqp: 0 }), [
    ['amqp', loopback(0)],
    ['kafka', loopback(1)],
  ])
  assert.deepEqual(places({ line: 12345 }), [['line', loopback(12345)]])
  assert.deepEqual(places({ line: { port: 0 } }), [['line', loopback(0)]])
  const everywhere = { ...loopback(7), host: '0.0.0.0' }
  assert.deepEqual(places({ line: { port: 7, host: '0.0.0.0' } }), [['line', everywhere]])
  const path = '/run/naru.sock'
  assert.deepEqual(places({ line: { path } }), [['line', { kind: 'unix', path }]])
})

test('what cannot be is refused before anything is opened', () => {
  refuses({ telnet: 0 }, /^no listener 'telnet'; there are amqp, kafka, line$/)
  refuses({ amqp: 65_536 }, /^listen.amqp: a port is a number from 0 to 65535, not 65536$/)
  refuses({ line: '1' }, /^listen.line: a port is a number/)
  refuses({ line: {} }, /^listen.line: either a port, or the path of a Unix socket$/)
  refuses({ line: { port: 1, path: 's' } }, /^listen.line: either a port, or the path/)
  refuses({ line: { path: '' } }, /^listen.line: path is the name of a socket file$/)
  refuses({ line: { path: 's', host: 'localhost' } }, /^listen.line: .* so it has no host$/)
  refuses({ line: { port: 1, frame: 'line' } }, /^listen.line has no option 'frame'; it has port, /)
  refuses({ line: { port: 1, framing: 'xml' } }, /^listen.line: framing is one of line, /)
  refuses({ line: { port: 1, answers: true } }, /^listen.line: answers is one of none, ok, /)
  refuses({ line: { port: 1, messageBytesMax: 0 } }, /^listen.line: messageBytesMax is a whole/)
  refuses({ line: { port: 1, clientsMax: 0.5 } }, /^listen.line: clientsMax is a whole number/)
})

test('what only the broker can judge is refused in the same words, and nothing stays open', async () => {
  const refused = async (line: NonNullable<Listen['line']>, message: RegExp): Promise<void> => {
    await assert.rejects(Broker.open({ listen: { line } }), { code: 'REFUSED', message })
  }
  await refused({ port: 0, answers: 'ok' }, /^listen.line: answers cannot be ok where /)
  await refused({ port: 0, queue: '' }, /^listen.line: queue cannot be '': it is empty$/)
  await refused({ port: 0, messageBytesMax: 1e8 }, /^listen.line: messageBytesMax is at most /)
})

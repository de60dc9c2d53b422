/**
 * A server that takes text from any number of clients into a queue, which the main loop drains: what
 * `naru serve --line 12345` does, as part of a program. The clients here are plain sockets; one of them ends
 * without a line end, one sends its characters in pieces, one sends what is no text.
 * Run it: `node build/examples/socket-queue-server.js`.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Broker } from 'naru'

const broker = await Broker.open({ listen: { line: { port: 0, queue: 'received' } } })
const { hostname, port } = new URL(broker.urls.line ?? '')

/** Sends the pieces one by one, ends, and answers with what the server had to say. */
async function client(...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect({ port: Number(port), host: hostname, noDelay: true })
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes.toString()
  })
  for (const piece of pieces) await new Promise((sent) => socket.write(piece, sent))
  socket.end()
  await once(socket, 'close')
  return answer.trim()
}

// The main loop.
const queue = await broker.queue<string>('received')
const draining = (async () => {
  let count = 0
  for await (const message of queue.consume({ prefetch: 2 })) {
    console.log(`message: ${message.text()}`)
    message.ack()
    count++
    if (message.text() === 'that is all') break
  }
  return count
})()

const korean = Buffer.from('안녕하세요\n')
await client('hello, no line end')
await client(korean.subarray(0, 4), korean.subarray(4))
await client('one\r\ntwo\nthree\nfour\nfive\n')
const refused = await client('fine so far\n', Uint8Array.of(0xff, 0xfe, 10))
await client('that is all')

console.log(`${await draining} messages; one client was told ${refused}`)
await broker.close()

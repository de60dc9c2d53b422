/**
 * A server that takes text from any number of clients into a queue, which the main loop drains: what
 * `naru serve --line 12345` does, as part of a program. The clients here are plain sockets; one of them ends
 * without a line end, one sends its characters in pieces, one sends what is no text.
 * Run it: `node build/examples/socket-queue-server.js`.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { channel } from '../src/channels/mod.ts'
import { openLineListener } from '../src/gateway/line/listener.ts'
import type { LineMessage } from '../src/gateway/line/message.ts'
import { channelSink } from '../src/gateway/line/sink.ts'
import { nodeWorld } from '../src/node/world.ts'

const queue = channel<LineMessage>({ name: 'received', capacity: 2 })
const server = await openLineListener({
  world: nodeWorld(),
  address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
  sink: channelSink(queue), // a full queue slows the clients down
})
const { port } = server.address as { readonly port: number }

/** Sends the pieces one by one, ends, and answers with what the server had to say. */
async function client(...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
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
const draining = (async () => {
  for await (const { body } of queue) console.log(`message: ${String(body)}`)
})()

const korean = Buffer.from('안녕하세요\n')
await client('hello, no line end')
await client(korean.subarray(0, 4), korean.subarray(4))
await client('one\r\ntwo\nthree\nfour\nfive\n')
console.log(`refused: ${await client('fine so far\n', Uint8Array.of(0xff, 0xfe, 10))}`)

await server.close()
queue.close()
await draining
const { clientsEver, messages, refused } = server.counters()
console.log(`${clientsEver} clients, ${messages} messages, ${refused} refused`)

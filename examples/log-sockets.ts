/**
 * Logs of programs that know nothing of Naru: each writes lines into a Unix socket, and the collector gathers
 * them into batches. A slow disk slows the programs down a little, instead of filling memory or losing lines.
 * Run it: `node build/examples/log-sockets.js`.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { batch, channel } from '../src/channels/mod.ts'
import { openLineListener } from '../src/gateway/line/listener.ts'
import type { LineMessage } from '../src/gateway/line/message.ts'
import { channelSink } from '../src/gateway/line/sink.ts'
import { nodeWorld } from '../src/node/world.ts'

const folder = await mkdtemp(join(tmpdir(), 'naru-example-'))
const path = join(folder, 'log.sock')
const lines = channel<LineMessage>({ name: 'log', capacity: 50 })
const collector = await openLineListener({
  world: nodeWorld(),
  address: { kind: 'unix', path },
  sink: channelSink(lines),
})

let written = 0
let writes = 0
const perService = new Map<string, number>()
const writing = (async () => {
  for await (const taken of batch(lines, { count: 100, withinMs: 20 })) {
    await sleep(1) // the disk
    writes++
    written += taken.length
    for (const { body } of taken) {
      const service = String(body).split(' ')[0] ?? ''
      perService.set(service, (perService.get(service) ?? 0) + 1)
    }
  }
})()

/** Any program that can write to a socket: a shell with `nc -U`, say. */
async function service(name: string, count: number): Promise<void> {
  const socket = connect(path)
  for (let line = 0; line < count; line++) {
    if (!socket.write(`${name} did something, number ${line}\n`)) await once(socket, 'drain')
  }
  socket.end()
  await once(socket, 'close')
}

await Promise.all([service('shop', 2_000), service('bank', 1_000), service('mail', 500)])
await collector.close()
lines.close()
await writing
await rm(folder, { recursive: true })

for (const [name, count] of [...perService].sort(([left], [right]) => left.localeCompare(right)))
  console.log(`${name}: ${count} lines`)
console.log(`${written} lines, and far fewer writes: ${String(writes < written / 10)}`)

/**
 * Logs of programs that know nothing of Naru: each writes lines into a Unix socket, and the collector takes them
 * from a queue in batches. A slow disk makes the queue longer, and slows the programs down when there is no room
 * left, instead of losing lines.
 * Run it: `node build/examples/log-sockets.js`.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Broker } from 'naru'

const folder = await mkdtemp(join(tmpdir(), 'naru-example-'))
const path = join(folder, 'log.sock')
const broker = await Broker.open({ listen: { line: { path, queue: 'log' } } })
const log = await broker.queue<string>('log')

const total = 3_500
let written = 0
let writes = 0
const perService = new Map<string, number>()
const writing = (async () => {
  for await (const batch of log.consumeBatches({ messagesMax: 100 })) {
    await sleep(1) // the disk
    writes++
    written += batch.messages.length
    for (const message of batch.messages) {
      const service = message.text().split(' ')[0] ?? ''
      perService.set(service, (perService.get(service) ?? 0) + 1)
    }
    batch.ack()
    if (written === total) break
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
await writing
await broker.close()
await rm(folder, { recursive: true })

for (const [name, count] of [...perService].sort(([left], [right]) => left.localeCompare(right)))
  console.log(`${name}: ${count} lines`)
console.log(`${written} lines, and far fewer writes: ${String(writes < written / 10)}`)

/**
 * A web server that hands the heavy requests to workers, so that it always has time for the light ones. When too
 * many wait it says so at once (503), and what takes too long is given up (504). Then it asks itself a few things.
 * Run it: `node build/examples/web-server.js`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
// In your program: from 'naru/pool'.
import { Pool, PoolQueueFull, PoolTaskTimeout } from '../src/pool/mod.ts'

const pool = Pool.processes<typeof import('./pool-work.ts')>({
  module: new URL('./pool-work.js', import.meta.url),
  size: 1,
  queueMax: 2, // more would wait longer than a visitor does
  whenFull: 'reject',
  timeoutMs: 500,
})

async function answer(request: IncomingMessage): Promise<[status: number, text: string]> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (url.pathname === '/health') return [200, 'well']
  try {
    const n = Number(url.searchParams.get('n'))
    return [200, String(await pool.run('fibonacci', [n]))]
  } catch (error) {
    if (error instanceof PoolQueueFull) return [503, 'too busy, come back later']
    if (error instanceof PoolTaskTimeout) return [504, 'that took too long']
    return [400, String(error)]
  }
}

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  void answer(request).then(([status, text]) => response.writeHead(status).end(text))
})
await pool.ready()
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

async function ask(path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return `${path}: ${response.status} ${await response.text()}`
}

console.log(await ask('/fibonacci?n=20'))
console.log(await ask('/fibonacci?n=100'))
// One runs and will be given up, two wait, the fourth is one too many; the server itself is as quick as ever.
const slow = ask('/fibonacci?n=45')
while (pool.counters().underWay === 0) await new Promise((resolve) => setImmediate(resolve))
const waiting = [ask('/fibonacci?n=10'), ask('/fibonacci?n=11')]
while (pool.counters().queued < 2) await new Promise((resolve) => setImmediate(resolve))
console.log(await ask('/fibonacci?n=12'))
console.log(await ask('/health'))
for (const line of await Promise.all([slow, ...waiting])) console.log(line)

server.close()
server.closeAllConnections()
await pool.close()

/**
 * A thread that answers calls: an interface, somebody who serves it in a thread of its own, and a client that looks
 * like it. Run it: `node build/examples/thread-rpc.js`.
 */
import { Worker } from 'node:worker_threads'
// In your program: from 'naru/channels' and 'naru/channels/threads'.
import { client } from '../src/channels/mod.ts'
import { createRpc } from '../src/channels/threads/mod.ts'
import type { Numbers } from './thread-rpc-worker.ts'

const caller = createRpc({ name: 'numbers' })
const url = new URL('./thread-rpc-worker.js', import.meta.url)
const worker = new Worker(url, { workerData: caller.handle })
caller.isFor(worker.threadId) // if it dies, its calls fail at once

const numbers = client<Numbers>(caller.peer, { factors: 'stream' })
console.log(`7919 is prime: ${await numbers.isPrime(7919)}`)
for await (const factor of numbers.factors(2_520)) console.log(`factor ${factor}`)

// It computes for ever; only the end of its thread can stop it.
const endless = numbers.forever().catch((error: Error & { code?: string }) => error.code)
await worker.terminate()
console.log(`the call that was under way: ${await endless}`)

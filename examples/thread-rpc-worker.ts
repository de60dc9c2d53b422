/** The thread of examples/thread-rpc.ts: it serves calls until whoever made it has enough. */
import { isMainThread, workerData } from 'node:worker_threads'
// In your program: from 'naru/channels/threads'.
import { attachRpc, type ThreadRpcHandle } from '../src/channels/threads/mod.ts'

export interface Numbers {
  isPrime(n: number): Promise<boolean>
  factors(n: number): AsyncIterable<number>
  forever(): Promise<never>
}

async function* factors(n: number): AsyncGenerator<number> {
  let rest = n
  for (let divisor = 2; rest > 1; divisor++) {
    for (; rest % divisor === 0; rest /= divisor) yield divisor
  }
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return n > 1
}

if (!isMainThread) {
  const peer = attachRpc(workerData as ThreadRpcHandle)
  peer.serveAll<Numbers>({
    isPrime,
    factors,
    forever: () => {
      for (;;);
    },
  })
}

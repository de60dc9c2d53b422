/** Runs inside a thread that serves calls, until it is told to end in one way or another. */
import { workerData } from 'node:worker_threads'
import type { CallContext } from '../../src/channels/mod.ts'
import { attachRpc, type ThreadRpcHandle } from '../../src/channels/threads/mod.ts'

export interface Calls {
  double(n: number): Promise<number>
  /** Answers when its signal has fired, with how many had fired before. */
  wait(): Promise<number>
  fired(): Promise<number>
  count(to: number): AsyncIterable<number>
  leave(how: 'exit' | 'crash' | 'forever'): Promise<never>
}

const peer = attachRpc(workerData as ThreadRpcHandle)
let fired = 0
peer.serveAll<Calls>({
  double: (n) => n * 2,
  wait: (_none, { signal }: CallContext) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(fired++))
    }),
  fired: () => fired,
  count: async function* (to) {
    for (let n = 1; n <= to; n++) yield n
  },
  leave: (how) => {
    if (how === 'exit') process.exit(0)
    if (how === 'crash') setImmediate(() => raise())
    while (how === 'forever') fired += 0
    return new Promise(() => undefined)
  },
})

function raise(): never {
  throw new Error('nobody catches this')
}

/**
 * Calls with an answer: an interface, somebody who serves it, and a client that looks like it. Here both live
 * in one process; over threads, processes and hosts only the wire is another. Run it: `node build/examples/rpc.js`.
 */
import {
  type CallContext,
  client,
  RemoteError,
  RpcError,
  rpc,
  wirePair,
} from '../src/channels/mod.ts'

interface Shop {
  price(args: { readonly item: string }): Promise<number>
  slow(): Promise<never>
  countdown(args: { readonly from: number }): AsyncIterable<number>
}

const prices = new Map([
  ['book', 20],
  ['pen', 3],
])

async function* countdown({ from }: { readonly from: number }): AsyncGenerator<number> {
  for (let value = from; value > 0; value--) yield value
}

const [near, far] = wirePair()
await using server = rpc(far)
server.serveAll<Shop>({
  price: ({ item }) => {
    const price = prices.get(item)
    if (price === undefined) throw Object.assign(new Error(`no ${item}`), { code: 'NO_SUCH_ITEM' })
    return price
  },
  // The signal fires when nobody waits for the answer any more.
  slow: (_args, { signal }: CallContext) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    ),
  countdown,
})

await using peer = rpc(near)
const shop = client<Shop>(peer, { countdown: 'stream' })

const asked = [shop.price({ item: 'book' }), shop.price({ item: 'pen' })] // both under way at once
console.log(`prices ${(await Promise.all(asked)).join(' and ')}`)

await shop.price({ item: 'car' }).catch((error: unknown) => {
  if (error instanceof RemoteError) console.log(`refused: ${error.code}, ${error.message}`)
})
await shop.slow(undefined, { deadlineMs: 10 }).catch((error: unknown) => {
  if (error instanceof RpcError) console.log(`given up: ${error.code}`)
})
for await (const value of shop.countdown({ from: 3 })) console.log(`countdown ${value}`)

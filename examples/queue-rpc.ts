/** Calls over a broker: two servers share the callers of one name, and the caller knows neither. */
import { Broker } from 'naru'
import { client, Service } from 'naru/channels'
import { connectRpc, listenRpc } from 'naru/client'

interface Prices {
  price(args: { readonly item: string }): Promise<number>
  history(args: { readonly item: string }): AsyncIterable<number>
}

const broker = await Broker.open()

const service = new Service()
service.serveAll<Prices>({
  price: ({ item }) => item.length * 10,
  history: async function* ({ item }) {
    for (const year of [1, 2, 3]) yield item.length * (6 + year)
  },
})
const servers = [
  await listenRpc(broker, 'prices', { service }),
  await listenRpc(broker, 'prices', { service }),
]

const peer = await connectRpc(broker, 'prices', { timeoutMs: 5_000 })
const prices = client<Prices>(peer, { history: 'stream' })
console.log(`tea costs ${await prices.price({ item: 'tea' }, { deadlineMs: 5_000 })}`)
for await (const price of prices.history({ item: 'tea' })) console.log(`it has cost ${price}`)
console.log(`callers of the two: ${servers.flatMap((server) => server.callers).length}`)

await peer.close()
for (const server of servers) await server.close()
await broker.close()

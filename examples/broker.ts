/** A broker inside a program: a queue whose messages are settled, and a stream that is read twice. */
import { Broker } from 'naru'

const broker = await Broker.open() // in memory; with { dir: './data' } an answer means "on disk"

const jobs = await broker.queue<{ image: number }>('jobs', {})
await jobs.sendMany([{ image: 17 }, { image: 18 }])
let left = 2
for await (const message of jobs.consume({ prefetch: 10 })) {
  console.log(`work on ${message.body.image}`)
  message.ack() // gone; without it somebody else gets the message
  left -= 1
  if (left === 0) break
}

const orders = await broker.stream<string>('orders', { partitions: 4 })
const { partition, offset } = await orders.append({ key: 'alice', body: 'paid 12' })
for (const reader of ['billing', 'audit']) {
  for await (const record of orders.read({ group: reader })) {
    console.log(`${reader} reads ${record.text()} at ${partition}:${offset}`)
    break
  }
}

await broker.close()

/** A channel whose values outlive the program: the same calls, over a queue of a broker. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker } from 'naru'
import { queueChannel } from 'naru/client'

const dir = await mkdtemp(join(tmpdir(), 'naru-example-'))

async function produce(): Promise<void> {
  await using broker = await Broker.open({ dir })
  await using orders = queueChannel<string>(await broker.queue('orders', {}))
  for (const order of ['tea', 'rice', 'salt']) await orders.put(order) // each is on the disk
}

async function work(count: number): Promise<void> {
  await using broker = await Broker.open({ dir })
  await using orders = queueChannel<string>(await broker.queue('orders'), { acks: 'on-task-done' })
  for (let left = count; left > 0; left--) {
    console.log(`made ${await orders.get()}`)
    orders.taskDone() // leaves the queue
  }
  console.log(`fails while making ${await orders.get()}`)
}

async function finish(): Promise<void> {
  await using broker = await Broker.open({ dir })
  await using orders = queueChannel<string>(await broker.queue('orders'))
  orders.close() // nothing more goes in; what is there is still received
  for await (const order of orders) console.log(`made ${order} after all`)
}

await produce()
await work(1)
await finish()
await rm(dir, { recursive: true })

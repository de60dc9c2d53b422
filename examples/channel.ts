/** Two producers and two consumers share a queue of three: `put` waits while it is full. */
import { channel } from 'naru/channels'

const orders = channel<string>({ capacity: 3 })

async function produce(name: string): Promise<void> {
  for (let number = 1; number <= 5; number += 1) await orders.put(`${name} ${number}`)
}

async function consume(): Promise<number> {
  let count = 0
  for await (const order of orders) {
    console.log(order)
    count += 1
  }
  return count
}

const consumers = [consume(), consume()]
await Promise.all([produce('tea'), produce('rice')])
orders.close() // what is inside is still received
const counts = await Promise.all(consumers)
console.log(`${counts.reduce((sum, count) => sum + count)} orders`)

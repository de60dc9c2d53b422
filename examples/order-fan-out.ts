/**
 * One order, three listeners: payment, stock and notification each get every order and know nothing of each
 * other. The slowest sets the pace. Run it: `node build/examples/order-fan-out.js`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
// In your program: from 'naru/channels'.
import { channel, tee } from '../src/channels/mod.ts'

interface Order {
  readonly id: number
  readonly item: string
  readonly price: number
}

const orders = channel<Order>({ capacity: 10 })
const [payment, stock, notification] = tee(orders, { branches: 3 })

async function charge(): Promise<number> {
  let total = 0
  for await (const { price } of payment) total += price
  return total
}

async function ship(): Promise<ReadonlyMap<string, number>> {
  const left = new Map([
    ['book', 2],
    ['pen', 1],
  ])
  for await (const { item } of stock) left.set(item, (left.get(item) ?? 0) - 1)
  return left
}

async function notify(): Promise<void> {
  for await (const { id, item } of notification) {
    await sleep(2) // a mail server is slow
    console.log(`mail: order ${id}, your ${item} is on its way`)
  }
}

const listening = Promise.all([charge(), ship(), notify()])
await orders.put({ id: 1, item: 'book', price: 20 })
await orders.put({ id: 2, item: 'pen', price: 3 })
await orders.put({ id: 3, item: 'book', price: 20 })
orders.close()

const [total, left] = await listening
console.log(`charged ${total}`)
console.log(`left: ${[...left].map(([item, count]) => `${count} ${item}`).join(', ')}`)

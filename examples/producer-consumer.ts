/**
 * A producer and a consumer over a channel with room for three: the fast one waits for the slow one, and
 * nobody shares memory. Run it: `node build/examples/producer-consumer.js`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
// In your program: from 'naru/channels'.
import { channel } from '../src/channels/mod.ts'

const queue = channel<string>({ capacity: 3 })

async function produce(): Promise<void> {
  for (let number = 1; number <= 6; number++) {
    await queue.put(`message ${number}`) // waits while three are inside
    console.log(`put  message ${number}`)
  }
}

async function consume(): Promise<void> {
  // Ends when the channel is closed and empty.
  for await (const message of queue) {
    await sleep(5) // the work
    console.log(`done ${message}`)
    queue.taskDone()
  }
}

const consuming = consume()
await produce()
await queue.join() // until taskDone was said for every message
queue.close()
await consuming
console.log('all done')

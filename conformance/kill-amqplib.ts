/**
 * The library amqplib as the client of a broker that is killed: publishes with confirms and consumes beside it until
 * the connection is gone (`load`), or consumes everything there is (`drain`). What it says is in
 * test/kill/client-lines.ts.
 */
import { clientBody, counterOf } from '../test/kill/client-bodies.ts'
import { say } from '../test/kill/say.ts'
import { realClient } from './real-client.ts'

interface Message {
  readonly content: Buffer
  readonly fields: { readonly redelivered: boolean }
}

interface Channel {
  assertQueue(queue: string, options: object): Promise<unknown>
  checkQueue(queue: string): Promise<{ readonly messageCount: number }>
  prefetch(count: number): Promise<unknown>
  consume(queue: string, take: (message: Message | null) => void): Promise<unknown>
  ack(message: Message): void
  publish(
    exchange: string,
    key: string,
    body: Buffer,
    options: object,
    confirmed: (error: Error | null) => void,
  ): boolean
  on(event: 'error', heard: (error: Error) => void): void
}

interface Connection {
  createConfirmChannel(): Promise<Channel>
  on(event: 'close' | 'error', heard: () => void): void
  close(): Promise<void>
}

type Library = { connect(url: string): Promise<Connection> }

const [mode = '', port = '', round = '', firstText = '0'] = process.argv.slice(2)
const library = realClient('amqplib') as Library
const QUEUE = 'kill'
const PRODUCER = 'p'
const WINDOW = 500
const PREFETCH = 1_000
const KEPT_ONE_IN = 7
const IDLE_MS = 5 // between two looks at a queue that is being emptied

async function open(): Promise<{ readonly channel: Channel; readonly connection: Connection }> {
  const connection = await library.connect(`amqp://guest:guest@127.0.0.1:${port}`)
  connection.on('error', () => {})
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => {})
  await channel.assertQueue(QUEUE, { durable: true })
  await channel.prefetch(PREFETCH)
  return { channel, connection }
}

function publish(channel: Channel, first: number): void {
  let counter = first
  let underWay = 0
  const fill = (): void => {
    while (underWay < WINDOW) {
      const own = counter++
      underWay++
      say('try', PRODUCER, own, QUEUE)
      channel.publish('', QUEUE, clientBody(own), { persistent: true }, (error) => {
        underWay--
        // A connection that ends answers everybody with an error: that refuses nothing.
        if (error === null) say('ok', PRODUCER, own, QUEUE)
        else return
        setImmediate(fill)
      })
    }
  }
  fill()
}

async function take(channel: Channel, kept: 'some-kept' | 'none-kept'): Promise<() => number> {
  let taken = 0
  await channel.consume(QUEUE, (message) => {
    if (message === null) return
    taken++
    const counter = counterOf(message.content)
    const again = message.fields.redelivered ? 'again' : 'new'
    say('got', PRODUCER, counter, QUEUE, again, `${mode}${round}`)
    if (kept === 'some-kept' && counter % KEPT_ONE_IN === 0) return
    say('settling', PRODUCER, counter, QUEUE)
    channel.ack(message)
  })
  return () => taken
}

async function drain(): Promise<void> {
  const [consumer, watcher] = [await open(), await open()]
  const count = await take(consumer.channel, 'none-kept')
  for (let before = -1; ; ) {
    const { messageCount } = await watcher.channel.checkQueue(QUEUE)
    // What was handed out before this answer is here, too.
    await consumer.channel.prefetch(PREFETCH)
    if (messageCount === 0 && count() === before) break
    before = count()
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  }
  say('left', QUEUE, 0)
  await consumer.connection.close()
  await watcher.connection.close()
}

async function load(): Promise<void> {
  const [producer, consumer] = [await open(), await open()]
  const gone = new Promise<void>((resolve) => producer.connection.on('close', resolve))
  publish(producer.channel, Number(firstText))
  // The broker may be gone before it has answered.
  await take(consumer.channel, 'some-kept').catch(() => undefined)
  await gone
}

await (mode === 'drain' ? drain() : load())
process.exit()

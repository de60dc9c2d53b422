/**
 * An AMQP client of a broker that is killed: publishes with confirms and consumes beside it until the connection is
 * gone (`load`), or consumes everything there is (`drain`). What it says is in client-lines.ts.
 */
import { nodeWorld } from '../../src/node/world.ts'
import { ack, consume, declare, method, qos } from '../amqp/amqp-world.ts'
import { AmqpClient, AmqpClosed, type AmqpMessage } from '../amqp/raw-client.ts'
import { clientBody, counterOf } from './client-bodies.ts'
import { say } from './say.ts'

const [mode = '', port = '', round = '', firstText = '0'] = process.argv.slice(2)
const { net } = nodeWorld()
const address = { kind: 'tcp', host: '127.0.0.1', port: Number(port) } as const
const CHANNEL = 1
const QUEUE = 'kill'
const PRODUCER = 'p'
/** Published and not confirmed, at most: deep enough for commits of many messages. */
const WINDOW = 500
const PREFETCH = 1_000
/** One in so many is taken and never acknowledged, so that there is something to deliver again. */
const KEPT_ONE_IN = 7

async function connect(): Promise<AmqpClient> {
  const client = await AmqpClient.connect(net, address)
  await client.ask(declare(CHANNEL, QUEUE, { durable: true }), 'queue.declare-ok')
  return client
}

async function publish(client: AmqpClient, first: number): Promise<never> {
  let told = 0
  client.onConfirm = (tag, many, verdict) => {
    const from = many === 'many' ? told + 1 : tag
    for (let each = from; each <= tag; each++) {
      say(verdict === 'ack' ? 'ok' : 'refused', PRODUCER, first + each - 1, QUEUE)
    }
    told = Math.max(told, tag)
  }
  for (let counter = first; ; counter++) {
    await client.until(() => (client.published - client.confirmed < WINDOW ? true : null))
    say('try', PRODUCER, counter, QUEUE)
    const content = {
      body: clientBody(counter),
      contentType: null,
      persistence: 'persistent',
    } as const
    client.publish({ queue: QUEUE, ...content })
  }
}

async function startConsuming(client: AmqpClient): Promise<void> {
  await client.ask(qos(CHANNEL, PREFETCH, 'consumer'), 'basic.qos-ok')
  await client.ask(consume(CHANNEL, QUEUE), 'basic.consume-ok')
}

/** Says what came, and acknowledges it but for those that are kept. */
function take(client: AmqpClient, message: AmqpMessage, kept: 'some-kept' | 'none-kept'): void {
  const { name, fields } = message.method
  if (name !== 'basic.deliver') throw new Error(`a delivery by ${name}`)
  const counter = counterOf(message.body)
  say('got', PRODUCER, counter, QUEUE, fields.redelivered ? 'again' : 'new', `${mode}${round}`)
  if (kept === 'some-kept' && counter % KEPT_ONE_IN === 0) return
  say('settling', PRODUCER, counter, QUEUE)
  client.say(ack(CHANNEL, Number(fields.deliveryTag)))
}

async function consumeSome(client: AmqpClient): Promise<never> {
  await startConsuming(client)
  for (;;) {
    const messages = await client.until(() => {
      return client.deliveries.length > 0 ? client.deliveries.splice(0) : null
    })
    for (const message of messages) take(client, message, 'some-kept')
  }
}

async function drain(client: AmqpClient, other: AmqpClient): Promise<void> {
  await startConsuming(client)
  for (;;) {
    const asked = other.ask(declare(CHANNEL, QUEUE, { passive: true }), 'queue.declare-ok')
    const answer = await asked
    if (!('name' in answer) || answer.name !== 'queue.declare-ok') throw new Error('no queue')
    // Whatever was handed out until now lies before this answer.
    await client.ask(qos(CHANNEL, PREFETCH, 'consumer'), 'basic.qos-ok')
    const messages = client.deliveries.splice(0)
    for (const message of messages) take(client, message, 'none-kept')
    if (answer.fields.messageCount === 0 && messages.length === 0) break
  }
  const fields = { consumerTag: 'c', noWait: false }
  await client.ask(method(CHANNEL, 'basic.cancel', fields), 'basic.cancel-ok')
  say('left', QUEUE, 0)
  await client.close()
  await other.close()
}

const [client, other] = [await connect(), await connect()]
if (mode === 'drain') await drain(client, other)
else {
  // The broker is killed under us: that is the end of the work, and no failure.
  await Promise.all([publish(client, Number(firstText)), consumeSome(other)]).catch(
    (error: unknown) => {
      if (!(error instanceof AmqpClosed)) throw error
    },
  )
}
process.exit()

/** A full disk over AMQP: publishers are held and told, consumers drain, publishers go on, and nothing is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from '../../src/base/ports.ts'
import { Runtime } from '../../src/broker/runtime.ts'
import { openAmqpListener } from '../../src/gateway/amqp/listener.ts'
import { tinyLimits } from '../journal/journal-world.ts'
import { Simulation } from '../sim/simulation.ts'
import { ack, capable, consume, declare, handshake, handshakeWith, qos } from './amqp-world.ts'
import { AmqpClient, type AmqpMessage } from './raw-client.ts'

const CHANNEL = 1
const QUEUE = 'jobs'
const ADDRESS = { kind: 'tcp', host: '127.0.0.1', port: 5672 } as const
const FILE_BYTES = 4_096
const FULL_FILES = 14 // the tiny journal begins with seven
const PLENTY_BYTES = 2 ** 40
const MESSAGES = 200 // more than fit
const SECONDS = 1_000

type Setting = {
  readonly simulation: Simulation
  readonly connect: (greeting: Uint8Array) => Promise<AmqpClient>
  readonly makeRoom: () => void
  readonly until: (isMet: () => boolean) => Promise<void>
}

/** Runs a story on a small disk; when it is over the broker stops and the messages that are left are answered. */
function onSmallDisk(story: (setting: Setting) => Promise<void>): Promise<number> {
  const simulation = new Simulation({ seed: 1 })
  const machine = simulation.machine('broker', { capacityBytes: FULL_FILES * FILE_BYTES })
  const open = (world: World): Promise<Runtime> => {
    // Without scratch files: on a disk as small as this there are none.
    const memory = { transientBytes: 8_192, scratchBytes: 1 }
    const limits = { bodyBytes: 600, batchBytes: 1_000, settleRanges: 30, ...memory }
    const log = { info: () => undefined, warn: () => undefined, error: assert.fail }
    const options = { world, directory: 'data', durability: 'fsync', log } as const
    return Runtime.open({ ...options, limits, journalLimits: tinyLimits })
  }
  return simulation.run(async () => {
    const broker = await open(machine.start())
    const listener = await openAmqpListener({ broker, address: ADDRESS, log: broker.log })
    const net = simulation.network.host('127.0.0.1')
    await story({
      simulation,
      connect: (greeting) => AmqpClient.connect(net, ADDRESS, greeting),
      makeRoom: () => {
        machine.disk.capacityBytes = PLENTY_BYTES
      },
      until: async (isMet) => {
        for (let tries = 0; !isMet(); tries++) {
          assert(tries < 60 * SECONDS, 'it never came')
          await simulation.sleep(1)
        }
      },
    })
    await listener.close()
    await broker.close()
    machine.stopped()
    const again = await open(machine.start())
    const left = again.namespace('/')!.queues.get(QUEUE)!.readyCount
    await again.close()
    machine.stopped()
    return left
  })
}

const hearing = handshakeWith({ clientProperties: capable('connection.blocked') })

function bodyOf(counter: number): Uint8Array {
  return Buffer.from(`${counter} ${'x'.repeat(400)}`)
}

function publish(client: AmqpClient, persistence: 'persistent' | 'transient' = 'persistent'): void {
  for (let counter = 0; counter < MESSAGES; counter++) {
    const content = { body: bodyOf(counter), contentType: null, persistence }
    client.publish({ queue: QUEUE, ...content })
  }
}

async function declareQueue(client: AmqpClient): Promise<void> {
  await client.ask(declare(CHANNEL, QUEUE, { durable: true }), 'queue.declare-ok')
}

/** Acknowledges what comes, and remembers it. */
async function drain(client: AmqpClient, got: number[], count: number): Promise<void> {
  await client.ask(qos(CHANNEL, 10, 'consumer'), 'basic.qos-ok')
  await client.ask(consume(CHANNEL, QUEUE), 'basic.consume-ok')
  while (got.length < count) {
    const messages: AmqpMessage[] = await client.until(() => {
      return client.deliveries.length > 0 ? client.deliveries.splice(0) : null
    })
    for (const { method: delivered, body } of messages) {
      assert(delivered.name === 'basic.deliver')
      got.push(Number(Buffer.from(body).toString().split(' ')[0]))
      client.say(ack(CHANNEL, Number(delivered.fields.deliveryTag)))
    }
  }
}

test('publishers are held and told, consumers drain, publishers go on, nothing is lost', async () => {
  const left = await onSmallDisk(async ({ simulation, connect, until, makeRoom }) => {
    const [publisher, consumer] = [await connect(hearing), await connect(hearing)]
    await declareQueue(publisher)
    publish(publisher)
    await until(() => publisher.blocked.length > 0)
    assert.deepEqual(publisher.blocked, ['low on disk'])
    await simulation.sleep(10 * SECONDS)
    const { confirmed } = publisher
    assert(confirmed > 10 && confirmed < MESSAGES, `${confirmed} confirmed`)
    assert.deepEqual(publisher.blocked, ['low on disk'], 'once, however often it was tried again')
    assert.deepEqual(consumer.blocked, [], 'whoever publishes nothing is not blocked')
    const got: number[] = []
    const drained = drain(consumer, got, MESSAGES)
    await until(() => got.length >= confirmed)
    // What is freed by cleaning goes round; the rest needs a larger disk.
    makeRoom()
    await drained
    await publisher.allConfirmed()
    assert.deepEqual(publisher.blocked.slice(0, 2), ['low on disk', ''])
    assert.equal(publisher.blocked.at(-1), '', 'in the end nobody is blocked')
    assert.deepEqual(
      got,
      Array.from({ length: MESSAGES }, (_, counter) => counter),
    )
    await publisher.close()
    await consumer.close()
  })
  assert.equal(left, 0)
})

test('what was confirmed on a full disk is there after a restart', async () => {
  let confirmed = 0
  const left = await onSmallDisk(async ({ connect, until }) => {
    const publisher = await connect(hearing)
    await declareQueue(publisher)
    publish(publisher)
    await until(() => publisher.blocked.length > 0)
    confirmed = publisher.confirmed
    publisher.drop()
  })
  assert(left >= confirmed && left < MESSAGES, `${confirmed} confirmed, ${left} there`)
})

test('whoever does not hear of it is refused each message that it waits for', async () => {
  await onSmallDisk(async ({ connect, until }) => {
    const publisher = await connect(handshake())
    await declareQueue(publisher)
    let refused = 0
    publisher.onConfirm = (_tag, _many, verdict) => {
      if (verdict === 'nack') refused++
    }
    publish(publisher)
    await until(() => publisher.confirmed === MESSAGES)
    assert(refused > 0)
    assert.deepEqual(publisher.blocked, [])
    await publisher.close()
  })
})

test('messages that are only in memory block their publisher until some are consumed', async () => {
  await onSmallDisk(async ({ connect, until }) => {
    const [publisher, consumer] = [await connect(hearing), await connect(hearing)]
    await declareQueue(publisher)
    publish(publisher, 'transient')
    await until(() => publisher.blocked.length > 0)
    assert.equal(publisher.blocked[0], 'low on memory')
    const got: number[] = []
    await drain(consumer, got, MESSAGES)
    await publisher.allConfirmed()
    assert.equal(publisher.blocked.at(-1), '')
    assert.equal(got.length, MESSAGES)
    await publisher.close()
    await consumer.close()
  })
})

test('a blocked publisher is not taken for dead, and hears heartbeats', async () => {
  await onSmallDisk(async ({ simulation, connect, until, makeRoom }) => {
    const terms = { clientProperties: capable('connection.blocked'), heartbeat: 1 }
    const publisher = await connect(handshakeWith(terms))
    await declareQueue(publisher)
    publish(publisher)
    await until(() => publisher.blocked.length > 0)
    const before = publisher.heartbeats
    await simulation.sleep(10 * SECONDS)
    assert.equal(publisher.isLost, false)
    assert(publisher.heartbeats - before >= 10, `${publisher.heartbeats - before} heartbeats`)
    makeRoom()
    await publisher.allConfirmed()
    await publisher.close()
  })
})

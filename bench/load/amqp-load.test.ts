/** The AMQP load client: what it counts, however its bytes are cut, and against a real broker. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Broker } from '../../src/mod.ts'
import { Histogram } from '../histogram.ts'
import { AmqpRefused } from './amqp-client.ts'
import { ConfirmReader } from './amqp-confirms.ts'
import { DeliveryCounter } from './amqp-deliveries.ts'
import { method, publish, shortString, u8, u64 } from './amqp-frames.ts'
import { AmqpLoad, type AmqpLoadKind } from './amqp-load.ts'

const confirm = (tag: number, multiple: 0 | 1): Buffer =>
  method(1, [60, 80], [u64(tag), u8(multiple)])

const BODY_BYTES = 100
const body = new Uint8Array(BODY_BYTES).fill(97)

/** What a broker sends for a message: as published, but for its method. */
function deliver(tag: number): Buffer {
  const published = publish({ queue: 'q', body, persistence: 'persistent' })
  const publishMethodSize = published.readUInt32BE(3) + 8
  const parts = [shortString('c'), u64(tag), u8(0), shortString(''), shortString('q')]
  return Buffer.concat([method(1, [60, 60], parts), published.subarray(publishMethodSize)])
}

/** The same bytes in pieces of these sizes, again and again. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 })

const kind: AmqpLoadKind = {
  queue: 'load',
  durability: 'durable',
  arguments: {},
  bodyBytes: BODY_BYTES,
  persistence: 'persistent',
  acknowledgedBy: 'confirm',
  ackEvery: 7,
}

const countOf = (operations: number) => ({ operations, over: (sent: number) => sent >= operations })

async function loadAgainstBroker(changes: Partial<AmqpLoadKind>): Promise<number> {
  await using broker = await Broker.open({ listen: { amqp: 0 } })
  const port = Number(new URL(broker.urls.amqp ?? '').port)
  const address = { kind: 'tcp', host: '127.0.0.1', port } as const
  await using load = await AmqpLoad.open(address, { ...kind, ...changes })
  const latency = new Histogram()
  const count = await load.run({ window: 50, until: countOf(1_003), latency })
  assert.equal(latency.count, count)
  return count
}

describe('confirms', () => {
  it('count messages without a gap, in whatever order and pieces they come', () => {
    const permutation = fc.integer({ min: 1, max: 40 }).chain((count) =>
      fc.shuffledSubarray(
        Array.from({ length: count }, (_, i) => i + 1),
        { minLength: count },
      ),
    )
    fc.assert(
      fc.property(permutation, cuts, (tags, sizes) => {
        const reader = new ConfirmReader()
        const bytes = Buffer.concat(tags.map((tag) => confirm(tag, 0)))
        let through = 0
        let read = 0
        for (const piece of pieces(bytes, sizes)) {
          through = reader.read(piece)
          read += piece.length
          const whole = new Set(tags.slice(0, Math.floor(read / 21)))
          let expected = 0
          while (whole.has(expected + 1)) expected++
          assert.equal(through, expected)
        }
        assert.equal(through, tags.length)
      }),
    )
  })

  it('that speak of many close the gaps below them', () => {
    const reader = new ConfirmReader()
    assert.equal(reader.read(confirm(3, 0)), 0)
    assert.equal(reader.read(confirm(6, 0)), 0)
    assert.equal(reader.read(confirm(4, 1)), 4)
    assert.equal(reader.read(confirm(5, 0)), 6)
  })

  it('are the only thing that a publisher takes', () => {
    assert.throws(() => new ConfirmReader().read(deliver(1)), /no confirm/)
  })
})

describe('deliveries', () => {
  it('are counted whole, whatever pieces they come in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), cuts, (count, sizes) => {
        const counter = new DeliveryCounter(BODY_BYTES)
        const one = deliver(1)
        const bytes = Buffer.concat(Array.from({ length: count }, (_, index) => deliver(index + 1)))
        let read = 0
        let counted = 0
        for (const piece of pieces(bytes, sizes)) {
          read += piece.length
          counted = counter.read(piece)
          assert.equal(counted, Math.floor(read / one.length))
        }
        assert.equal(counted, count)
        assert.equal(counter.isWhole, true)
      }),
    )
  })

  it('of another size are noticed', () => {
    const counter = new DeliveryCounter(BODY_BYTES)
    counter.read(deliver(1))
    counter.read(deliver(2).subarray(1))
    assert.equal(counter.isWhole, false)
    assert.throws(() => new DeliveryCounter(BODY_BYTES + 1).read(deliver(1)), /another size/)
  })
})

describe('a load over AMQP', { timeout: 30_000 }, () => {
  it('counts what was confirmed, delivered and settled', async () => {
    assert.equal(await loadAgainstBroker({}), 1_003)
  })

  it('counts deliveries where nothing is confirmed', async () => {
    const transient = { durability: 'transient', persistence: 'transient' } as const
    assert.equal(await loadAgainstBroker({ ...transient, acknowledgedBy: 'delivery' }), 1_003)
    const noAck = { acknowledgedBy: 'delivery', ackEvery: 0 } as const
    assert.equal(await loadAgainstBroker({ ...transient, ...noAck }), 1_003)
  })

  it('fails with the words of a broker that refuses', async () => {
    const refused = loadAgainstBroker({ arguments: { 'x-queue-type': 'no such type' } })
    await assert.rejects(
      refused,
      (error) => error instanceof AmqpRefused && /no such type|406|540/.test(error.message),
    )
  })
})

/** The Kafka load client: what it counts, however its bytes are cut, and against a real broker. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Broker } from '../../src/mod.ts'
import { Histogram } from '../histogram.ts'
import { FetchedReader } from './kafka-fetched.ts'
import { recordBatch } from './kafka-frames.ts'
import { fetchLoad, produceLoad } from './kafka-load.ts'
import { ProducedReader } from './kafka-produced.ts'

const TOPIC = 'load'
const BODY = new Uint8Array(10).fill(97)

/** Integers of 16, 32 and 64 bits, and texts. */
type Part = readonly [bits: 16 | 32 | 64, value: number] | string | Uint8Array

function bytesOf(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string')
        return Buffer.concat([bytesOf([[16, part.length]]), Buffer.from(part)])
      if (part instanceof Uint8Array) return part
      const [bits, value] = part
      const bytes = Buffer.alloc(bits / 8)
      bytes.writeIntBE(value, Math.max(0, bits / 8 - 6), Math.min(6, bits / 8))
      return bytes
    }),
  )
}

function framed(parts: readonly Part[]): Buffer {
  const rest = bytesOf(parts)
  return bytesOf([[32, rest.length], rest])
}

function produced(error: number): Buffer {
  return framed([[32, 0], [32, 1], TOPIC, [32, 1], [32, 0], [16, error], [64, 7], [64, 0], [32, 0]])
}

function fetched(records: Uint8Array): Buffer {
  const head: Part[] = [
    [32, 0],
    [32, 0],
    [32, 1],
    TOPIC,
    [32, 1],
    [32, 0],
    [16, 0],
    [64, 9],
    [64, 9],
  ]
  return framed([...head, [32, 0], [32, records.length], records])
}

function batchAt(offset: number, count: number): Buffer {
  const batch = recordBatch(count, BODY)
  batch.writeBigInt64BE(BigInt(offset), 0)
  return batch
}

describe('answers to Produce', () => {
  it('are counted whole, whatever pieces they come in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 99 }),
        (count, size) => {
          const bytes = Buffer.concat(Array.from({ length: count }, () => produced(0)))
          const reader = new ProducedReader(TOPIC)
          for (let at = 0; at < bytes.length; at += size) {
            const whole = Math.floor(Math.min(bytes.length, at + size) / produced(0).length)
            assert.equal(reader.read(bytes.subarray(at, at + size)), whole)
          }
        },
      ),
    )
  })

  it('that are errors count for nothing', () => {
    assert.throws(() => new ProducedReader(TOPIC).read(produced(10)), /error 10/)
  })
})

describe('answers to Fetch', () => {
  it('hold the records of their whole batches', () => {
    const answer = fetched(
      Buffer.concat([batchAt(40, 3), batchAt(43, 5), batchAt(48, 5).subarray(0, 70)]),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: answer.length }), (cut) => {
        const reader = new FetchedReader(TOPIC)
        const first = reader.read(answer.subarray(0, cut))
        const whole = cut === answer.length ? first : reader.read(answer.subarray(cut))
        assert.deepEqual(whole, { records: 8, nextOffset: 48 })
      }),
    )
  })
})

describe('a load over Kafka', { timeout: 30_000 }, () => {
  it('produces and fetches what the broker then has', async () => {
    await using broker = await Broker.open({ listen: { kafka: 0 } })
    const stream = await broker.stream(TOPIC, {})
    const port = Number(broker.urls.kafka?.split(':').at(-1))
    const address = { kind: 'tcp', host: '127.0.0.1', port } as const
    const topic = { name: TOPIC, bodyBytes: BODY.length, batchRecords: 10 }
    const until = { operations: 205, over: (sent: number) => sent >= 205 }
    const latency = new Histogram()
    assert.equal(await produceLoad(address, topic, { window: 30, until, latency }), 210)
    assert.equal(latency.count, 21)
    assert.deepEqual(stream.range(0), { first: 0, next: 210 })
    const twice = { operations: 0, over: (count: number) => count >= 420 }
    const run = { bytesMax: 300, records: 210, until: twice, latency: new Histogram() }
    assert.equal(await fetchLoad(address, TOPIC, run), 420)
  })
})

/** Raw Kafka load on one connection each: a producer of one batch again and again, a consumer of what is there. */
import { assert } from '../../src/base/assert.ts'
import type { Address } from '../../src/base/ports.ts'
import { Histogram } from '../histogram.ts'
import { FetchedReader } from './kafka-fetched.ts'
import { fetchRequest, produceRequest, recordBatch } from './kafka-frames.ts'
import { ProducedReader } from './kafka-produced.ts'
import { Link } from './link.ts'
import { type LoadEnd, runLoad } from './load.ts'
import { repeated } from './source.ts'

export type Topic = {
  readonly name: string
  readonly bodyBytes: number
  /** Of one request. */
  readonly batchRecords: number
}

export type ProduceRun = {
  /** Records in requests that are not answered, at most. */
  readonly window: number
  readonly until: LoadEnd
  /** Of requests. */
  readonly latency: Histogram
}

/** Resolves with the records that were acknowledged: all that were sent. */
export async function produceLoad(
  address: Address,
  topic: Topic,
  { window, until, latency }: ProduceRun,
): Promise<number> {
  const { name, batchRecords, bodyBytes } = topic
  await using link = await Link.connect(address)
  const batch = recordBatch(batchRecords, new Uint8Array(bodyBytes).fill(97))
  const answers = new ProducedReader(name)
  const requests = await runLoad({
    link,
    source: repeated(produceRequest(name, batch)),
    acks: (bytes) => answers.read(bytes),
    window: Math.floor(window / batchRecords),
    pace: { kind: 'closed' },
    until: {
      operations: Math.ceil(until.operations / batchRecords),
      over: (sent) => until.over(sent * batchRecords),
    },
    latency,
    late: new Histogram(),
  })
  return requests * batchRecords
}

export type FetchRun = {
  readonly bytesMax: number
  /** Records that are there: behind the last one it begins anew. */
  readonly records: number
  readonly until: LoadEnd
  /** Of requests. */
  readonly latency: Histogram
}

/** One request after the other, as a client's own; resolves with the records that came. */
export async function fetchLoad(address: Address, topic: string, run: FetchRun): Promise<number> {
  const { bytesMax, records, until, latency } = run
  await using link = await Link.connect(address)
  const reader = new FetchedReader(topic)
  return await new Promise((resolve, reject) => {
    let count = 0
    let offset = 0
    let sentMs = 0
    const ask = (): void => {
      sentMs = performance.now()
      link.write(fetchRequest({ topic, offset, bytesMax }))
    }
    const take = (bytes: Uint8Array): void => {
      const fetched = reader.read(bytes)
      if (fetched === null) return
      latency.record(performance.now() - sentMs)
      assert(fetched.nextOffset === offset + fetched.records, 'records are missing')
      count += fetched.records
      offset = fetched.nextOffset === records ? 0 : fetched.nextOffset
      if (until.over(count)) resolve(count)
      else ask()
    }
    link.onLost(reject)
    link.read((bytes) => {
      try {
        take(bytes)
      } catch (error) {
        reject(error)
      }
    })
    ask()
  })
}

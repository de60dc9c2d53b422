/**
 * A Kafka client of a broker that is killed: produces with acks=all to two partitions, reads and commits beside it,
 * until the connection is gone (`load`), or reads everything from the first offset (`drain`). What it says is in
 * client-lines.ts.
 */
import { NetError } from '../../src/base/ports.ts'
import { nodeWorld } from '../../src/node/world.ts'
import { readStoredBatch } from '../../src/wire/kafka/batch.ts'
import { readRecords, recordBytesOf } from '../../src/wire/kafka/read-records.ts'
import { writeRecords } from '../../src/wire/kafka/write-records.ts'
import { KafkaClient, KafkaLost } from '../kafka/raw-client.ts'
import { clientBody, counterOf } from './client-bodies.ts'
import { say } from './say.ts'

const [mode = '', port = '', , firstText = '0,0'] = process.argv.slice(2)
const { net } = nodeWorld()
const address = { kind: 'tcp', host: '127.0.0.1', port: Number(port) } as const
const TOPIC = 'kill'
const GROUP = 'readers'
const PARTITIONS = 2
/** Requests under way for each partition. */
const WINDOW = 5
const RECORDS_MAX = 20 // of one batch: from a single record up

function queueOf(partition: number): string {
  return `${TOPIC}/${partition}`
}

function batchOf(partition: number, first: number, count: number): Uint8Array {
  return writeRecords(
    Array.from({ length: count }, (_, index) => ({
      timestampMs: 1_000 + first + index,
      key: Buffer.from(`p${partition}`),
      value: clientBody(first + index),
      headers: [],
    })),
  )
}

/** One of the producers of a partition: counters are dense over all of them. */
async function produce(partition: number, first: number): Promise<never> {
  const client = await KafkaClient.connect(net, address)
  let counter = first
  const one = async (): Promise<never> => {
    for (;;) {
      const count = 1 + (counter % RECORDS_MAX)
      const from = counter
      counter += count
      for (let each = from; each < counter; each++)
        say('try', `p${partition}`, each, queueOf(partition))
      const [done] = await client.produce(TOPIC, [
        { partition, bytes: batchOf(partition, from, count) },
      ])
      for (let index = 0; index < count; index++) {
        const place = [`p${partition}`, from + index, queueOf(partition)]
        if (done!.error === 0) say('ok', ...place, done!.offset + index)
        else say('refused', ...place)
      }
    }
  }
  return Promise.race(Array.from({ length: WINDOW }, one))
}

/** Says what lies from `offset` on, as far as one answer goes; answers the next offset. */
async function read(
  client: KafkaClient,
  partition: number,
  offset: number,
): Promise<{ readonly next: number; readonly end: number }> {
  const { error, end, bytes } = await client.fetch(TOPIC, { partition, offset, waitMs: 20 })
  if (error !== 0) throw new Error(`fetch of ${partition} at ${offset} failed with ${error}`)
  let next = offset
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at)
    const head = readStoredBatch(rest)
    const base = Number(Buffer.from(rest).readBigInt64BE(0))
    for (const [index, record] of readRecords(
      recordBytesOf(rest.subarray(0, head.sizeBytes)),
      head,
    ).entries()) {
      if (base + index < offset) continue
      if (base + index !== next) throw new Error(`offset ${base + index} where ${next} was due`)
      const counter = counterOf(record.value ?? new Uint8Array(0))
      say('at', Buffer.from(record.key ?? []).toString(), counter, queueOf(partition), next)
      next++
    }
    at += head.sizeBytes
  }
  return { next, end }
}

async function readAndCommit(partition: number): Promise<never> {
  const client = await KafkaClient.connect(net, address)
  let offset = Math.max(0, await client.committed(GROUP, TOPIC, partition))
  for (;;) {
    const { next } = await read(client, partition, offset)
    if (next === offset) continue
    offset = next
    const error = await client.commit(GROUP, TOPIC, { partition, offset })
    if (error === 0) say('committed', queueOf(partition), offset)
  }
}

async function drain(): Promise<void> {
  const client = await KafkaClient.connect(net, address)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const committed = await client.committed(GROUP, TOPIC, partition)
    say('resumed', queueOf(partition), Math.max(0, committed))
    for (let offset = 0; ; ) {
      const { next, end } = await read(client, partition, offset)
      offset = next
      if (offset >= end) break
    }
    say('left', queueOf(partition), 0)
  }
  client.drop()
}

async function load(): Promise<void> {
  const client = await KafkaClient.connect(net, address)
  await client.createTopic(TOPIC, PARTITIONS)
  client.drop()
  const firsts = firstText.split(',').map(Number)
  const works = firsts.flatMap((first, partition) => [
    produce(partition, first),
    readAndCommit(partition),
  ])
  await Promise.all(works)
}

try {
  await (mode === 'drain' ? drain() : load())
} catch (error) {
  // The broker is killed under us: that is the end of the work, and no failure.
  const isGone = error instanceof KafkaLost || error instanceof NetError
  if (mode === 'drain' || !isGone) throw error
}
process.exit()

/** Batches that the disk does not give back: their clients are told to try again, and others get what they ask for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COLD_BATCHES, openColdWorld } from '../../../test/kafka/cold-world.ts'
import { get, put } from '../../../test/kafka/consuming.ts'
import type { KafkaClient } from '../../../test/kafka/kafka-client.ts'
import type { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { listOffsets } from '../../../test/kafka/messages.ts'
import { FailingReads } from '../../../test/sim/failing-reads.ts'
import { EMPTY } from '../../base/bytes.ts'
import { Batch } from '../../machine/batch.ts'
import { FORMAT_PLAIN } from '../../machine/message.ts'
import { PlainRecordsWriter } from '../../wire/plain/records.ts'

const KAFKA_STORAGE_ERROR = 56

const ALL = Array.from({ length: COLD_BATCHES }, (_, offset) => offset)

function wanted(
  ...topics: readonly string[]
): { readonly topic: string; readonly offset: number }[] {
  return topics.map((topic) => ({ topic, offset: 0 }))
}

/** Appends what no Kafka client wrote, so that answers with it have to be put together from pieces. */
function putPlain(world: KafkaWorld, topic: string): void {
  const writer = new PlainRecordsWriter(64)
  writer.add({ key: null, kind: 'text', body: EMPTY, timeMs: 0 })
  const batch = new Batch()
  batch.format = FORMAT_PLAIN
  batch.count = writer.count
  batch.bytes = writer.bytes
  batch.size = writer.size
  world.broker.append(world.broker.namespace('/')!.streams.get(topic)!.partitions[0]!, batch)
}

for (const code of ['io', 'handles'] as const) {
  test(`a fetch of what cannot be read (${code}) is told to try again, beside what can, and then has all`, async () => {
    const world = await openColdWorld(['t'])
    await world.topic('hot')
    const client = world.connect()
    await put(client, ['new'], { topic: 'hot' })
    const reads = new FailingReads(world.disk)
    reads.begin(code)
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await get(client, wanted('t', 'hot')), [{ error: KAFKA_STORAGE_ERROR }, [0]])
    }
    assert.equal(world.warnings.length, 1)
    assert.match(world.warnings[0]!, /could not be read .*data\/journal-.* told to try again/)
    reads.end()
    assert.deepEqual(await get(client, wanted('t', 'hot')), [ALL, [0]])
    world.check()
  })
}

/** Fetches with the nth read failing, for every n until none does. */
async function failEachRead(
  world: KafkaWorld,
  client: KafkaClient,
  judge: (got: Awaited<ReturnType<typeof get>>[number], isMet: boolean) => void,
): Promise<number> {
  for (let nth = 1; ; nth++) {
    let reads = 0
    let isOver: boolean = false
    world.disk.observe({
      issued: ({ kind, number: call }) => {
        if (kind !== 'read' || isOver || ++reads !== nth) return
        world.disk.faults.plan({ call, code: 'io', lasts: 'once', writtenBytes: 0 })
      },
    })
    const [got] = await get(client, wanted('t'))
    isOver = true
    judge(got!, reads >= nth)
    if (reads < nth) return nth
    assert.deepEqual(await get(client, wanted('t')), [ALL])
  }
}

test('what stands before a batch that cannot be read is given', async () => {
  const world = await openColdWorld(['t'])
  const sizes = new Set<number>()
  const rounds = await failEachRead(world, world.connect(), (got, isMet) => {
    if (!isMet || !Array.isArray(got)) {
      assert.deepEqual(got, isMet ? { error: KAFKA_STORAGE_ERROR } : ALL)
      return
    }
    assert.deepEqual(got, ALL.slice(0, got.length))
    sizes.add(got.length)
  })
  assert(rounds > 10 && sizes.size > 5, `${rounds} rounds, ${sizes.size} lengths`)
  world.check()
})

test('so it is where records have to be converted', async () => {
  const world = await openColdWorld(['t'])
  putPlain(world, 't')
  await world.pass(0)
  const client = world.connect()
  const whole = [...ALL, COLD_BATCHES]
  const reads = new FailingReads(world.disk)
  reads.begin('io')
  assert.deepEqual(await get(client, wanted('t')), [{ error: KAFKA_STORAGE_ERROR }])
  reads.end()
  assert.deepEqual(await get(client, wanted('t')), [whole])
  world.check()
})

test('a time that is looked up in what cannot be read is to be asked for again', async () => {
  const world = await openColdWorld(['t'])
  const client = world.connect()
  const reads = new FailingReads(world.disk)
  const ask = async (): Promise<readonly (readonly [error: number, offset: number])[]> => {
    const { topics } = await client.ask(
      'ListOffsets',
      7,
      listOffsets([{ topic: 't', timestamp: 0 }]),
    )
    return topics.flatMap(({ partitions }) =>
      partitions.map((each) => [each.errorCode, Number(each.offset)] as const),
    )
  }
  reads.begin('io')
  assert.deepEqual(await ask(), [[KAFKA_STORAGE_ERROR, -1]])
  reads.end()
  assert.deepEqual(await ask(), [[0, 0]])
  world.check()
})

/** A stream within one program: appended in batches, read in batches by one group that commits as it goes. */
import { join } from 'node:path'
import { assert } from '../../src/base/assert.ts'
import { Broker, type BrokerStream, type NewRecord, type RecordBatch } from '../../src/mod.ts'
import { Rig } from '../journal/rig.ts'
import type { Section, Stage } from '../stage.ts'
import { atLeastPerSecond, ratioTo } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { Flow } from './flow.ts'

const SMALL_BYTES = 100
const LARGE_BYTES = 10 * 1024
const SMALL_BATCH = 1_000
const LARGE_BATCH = 24 // a quarter of a megabyte, as 1,000 small ones with what they cost beside their bodies
const SMALL_IN_FLIGHT = 50_000
const LARGE_IN_FLIGHT = 2_400 // 24 MB: fills the journal, and what is read is still in memory
const LARGE_COUNT = 200_000 // 2 GB of disk, because a stream keeps what was read
const ENTRY_RECORDS = 6 // of 10 KiB: the entries of 64 KiB that a stream writes

type Body = Uint8Array

/** Commits the newest batch whenever the commit before it is durable; the last one when asked to. */
class Committing {
  #newest: RecordBatch<Body> | null = null
  #running: Promise<void> = Promise.resolve()
  #isRunning = false

  read(batch: RecordBatch<Body>): void {
    this.#newest = batch
    if (!this.#isRunning) this.#running = this.#run()
  }

  /** Resolves when the newest is committed. */
  async finish(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    for (let batch = this.#newest; batch !== null; batch = this.#newest) {
      this.#newest = null
      await batch.commit()
    }
    this.#isRunning = false
  }
}

type Reading = {
  readonly flow: Flow
  readonly committing: Committing
  readonly signal: AbortSignal
}

async function read(stream: BrokerStream<Body>, reading: Reading): Promise<void> {
  const { flow, committing, signal } = reading
  for await (const batch of stream.readBatches({ group: 'bench', signal })) {
    committing.read(batch)
    flow.consumed(batch.records.length)
  }
}

async function append(
  stream: BrokerStream<Body>,
  { flow, records }: { readonly flow: Flow; readonly records: readonly NewRecord<Body>[] },
  { section, inFlight }: { readonly section: Section; readonly inFlight: number },
): Promise<void> {
  const appends: Promise<void>[] = []
  while (!section.over(flow.sent)) {
    await flow.room(records.length)
    const startMs = performance.now()
    const appended = stream.appendMany(records)
    appends.push(appended.then(() => section.latency.record(performance.now() - startMs)))
    // What was read was durable before: its appends are settled, and one that failed is seen here.
    if (appends.length > inFlight / records.length) await appends.shift()
  }
  await Promise.all(appends)
}

async function run(stage: Stage, batch: number): Promise<void> {
  await using broker = await Broker.open({ dir: join(stage.directory, 'broker') })
  const stream = await broker.stream<Body>('facts', {})
  const record: NewRecord<Body> = { body: new Uint8Array(stage.payloadBytes).fill(97) }
  const records = new Array<NewRecord<Body>>(batch).fill(record)
  await stage.drive(async (section) => {
    const flow = new Flow(stage.inFlight)
    const ended = new AbortController()
    const committing = new Committing()
    const { next } = stream.range(0)
    const reading = read(stream, { flow, committing, signal: ended.signal })
    const { inFlight } = stage
    await Promise.race([append(stream, { flow, records }, { section, inFlight }), reading])
    await Promise.race([flow.empty(), reading])
    await committing.finish()
    section.acknowledged = flow.consumedCount
    ended.abort()
    await reading
    assert(flow.sent === flow.consumedCount, 'the reader ended before its time')
    assert(stream.range(0).next === next + flow.sent, 'offsets and records differ in number')
  })
}

/** The same bytes into a journal, in entries as large as the stream's; nobody reads them. */
async function writeJournal(stage: Stage): Promise<void> {
  const rig = await Rig.open(stage, { after: 'keep' })
  const body = new Uint8Array(ENTRY_RECORDS * stage.payloadBytes).fill(97)
  const entries = LARGE_BATCH / ENTRY_RECORDS
  await stage.drive(async (section) => {
    let started = 0
    while (!section.over(started)) {
      await rig.append(entries, body)
      started += LARGE_BATCH
    }
    await rig.settled()
    section.acknowledged = started
  })
  await rig.close()
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'embedded stream, one group',
    area: 'slice',
    durability: 'fsync',
    unit: 'records',
    payloadBytes: SMALL_BYTES,
    inFlight: SMALL_IN_FLIGHT,
    length: { kind: 'seconds', warmUp: 2, measured: 5 },
    targets: [atLeastPerSecond(1_500_000)],
    variants: [
      {
        name: 'naru',
        role: 'ours',
        settings:
          'appendMany of 1,000, latency of one; batches of 500 at most, one commit at a time',
        run: (stage) => run(stage, SMALL_BATCH),
      },
    ],
  }),
  defineWorkload({
    name: 'embedded stream, 10-KiB records',
    area: 'slice',
    durability: 'fsync',
    unit: 'records',
    payloadBytes: LARGE_BYTES,
    inFlight: LARGE_IN_FLIGHT,
    length: { kind: 'operations', warmUp: LARGE_COUNT / 10, measured: LARGE_COUNT },
    targets: [ratioTo('journal').atLeast(0.8)],
    variants: [
      {
        name: 'naru',
        role: 'ours',
        settings: `appendMany of ${LARGE_BATCH}, latency of one; read by one group meanwhile`,
        run: (stage) => run(stage, LARGE_BATCH),
      },
      {
        name: 'journal',
        role: 'yardstick',
        settings: `the same bytes in entries of ${ENTRY_RECORDS} records; nobody reads`,
        run: writeJournal,
      },
    ],
  }),
]

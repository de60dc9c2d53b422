/**
 * Ten million persistent messages that nobody consumes yet: what they cost in memory while they are sent, while
 * they lie there and while they are drained, and how long their directory takes to open again.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from '../../src/base/assert.ts'
import { MiB } from '../../src/base/bytes.ts'
import { Broker, type BrokerQueue } from '../../src/mod.ts'
import type { Section, Stage } from '../stage.ts'
import { atMost, ownAtMost } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { RssWatch } from './rss-watch.ts'

const OPENER = fileURLToPath(new URL('./open-backlog.js', import.meta.url))

const MESSAGES = 10_000_000
const BODY_BYTES = 100
const BATCH = 1_000
const SENDS_IN_FLIGHT = 50
const SITS_MS = 2_000 // what the garbage collector and housekeeping do to a broker at rest shows by then

const BUILD = 'most MiB while it builds'
const SIT = 'most MiB while it sits'
const OPEN = 'ms to open it again'
const DRAIN = 'most MiB while it drains'

async function build(queue: BrokerQueue<Uint8Array>, count: number): Promise<void> {
  const bodies = new Array<Uint8Array>(BATCH).fill(new Uint8Array(BODY_BYTES).fill(97))
  const sends: Promise<void>[] = []
  for (let sent = 0; sent < count; sent += BATCH) {
    sends.push(queue.sendMany(bodies))
    if (sends.length >= SENDS_IN_FLIGHT) await sends.shift()
  }
  await Promise.all(sends)
}

async function drain(queue: BrokerQueue<Uint8Array>, count: number): Promise<void> {
  let consumed = 0
  for await (const batch of queue.consumeBatches()) {
    batch.ack()
    consumed += batch.messages.length
    if (consumed === count) break
  }
  assert(queue.readyCount === 0, 'messages are left over')
}

/** Most memory that was resident during the phase, in MiB. */
async function watched(phase: () => Promise<void>): Promise<number> {
  const watch = new RssWatch()
  try {
    await phase()
  } finally {
    watch.stop()
  }
  return watch.mostBytes / MiB
}

/** Built, at rest and drained in one process; built once more and opened in another. */
async function run(stage: Stage): Promise<void> {
  const dir = join(stage.directory, 'broker')
  await stage.measure(async (section: Section) => {
    const count = Math.ceil(section.operations / BATCH) * BATCH
    await using broker = await Broker.open({ dir })
    const queue = await broker.queue<Uint8Array>('backlog', {})
    stage.figure(BUILD, await watched(() => build(queue, count)))
    stage.figure(SIT, await watched(() => delay(SITS_MS)))
    assert(queue.readyCount === count, 'messages are missing')
    stage.figure(DRAIN, await watched(() => drain(queue, count)))
    await build(queue, count)
    section.acknowledged = count
    await broker.close()
    stage.figure(OPEN, await openElsewhere(dir, count))
  })
}

/** Milliseconds that a fresh process takes to open the directory. */
async function openElsewhere(dir: string, count: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [OPENER, dir])
  const [ready, ms] = stdout.trim().split(' ').map(Number)
  assert(ready === count, 'messages are missing after the restart')
  return ms!
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'backlog of 10 million',
    area: 'slice',
    durability: 'fsync',
    unit: 'msgs',
    payloadBytes: BODY_BYTES,
    inFlight: SENDS_IN_FLIGHT * BATCH,
    length: { kind: 'operations', warmUp: 0, measured: MESSAGES },
    figures: [BUILD, SIT, OPEN, DRAIN].map((name) => ({ name, better: 'lower' as const })),
    targets: [atMost('peakRssBytes', 300e6), ownAtMost(OPEN, 5_000)],
    variants: [
      {
        name: 'naru',
        role: 'ours',
        settings:
          'sent, 2 s of rest, drained in batches; sent again, opened by another process; all of it is the time',
        run,
      },
    ],
  }),
]

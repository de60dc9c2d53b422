/** A queue within one program: sent in batches of 1,000, consumed in batches or one by one, acknowledged. */
import { join } from 'node:path'
import { assert } from '../../src/base/assert.ts'
import { Broker, type BrokerQueue } from '../../src/mod.ts'
import type { Section, Stage } from '../stage.ts'
import { atLeastPerSecond } from '../target.ts'
import { type Durability, defineWorkload, type Workload } from '../workload.ts'
import { Flow } from './flow.ts'

const BODY_BYTES = 100
const BATCH = 1_000
const IN_FLIGHT = 50_000
const DRAIN_TURNS_MAX = 100_000 // turns of an idle loop take microseconds, a commit milliseconds

type Persistence = 'persistent' | 'transient'
type Consuming = 'in batches' | 'one by one'
type Kind = { readonly persistence: Persistence; readonly consuming: Consuming }

async function consume(
  queue: BrokerQueue<Uint8Array>,
  { consuming, flow }: { readonly consuming: Consuming; readonly flow: Flow },
  signal: AbortSignal,
): Promise<void> {
  if (consuming === 'one by one') {
    for await (const message of queue.consume({ signal })) {
      assert(message.bytes.length === BODY_BYTES, 'a body of another size')
      message.ack()
      flow.consumed(1)
    }
    return
  }
  for await (const batch of queue.consumeBatches({ signal })) {
    batch.ack()
    flow.consumed(batch.messages.length)
  }
}

async function produce(
  queue: BrokerQueue<Uint8Array>,
  { persistence, flow }: { readonly persistence: Persistence; readonly flow: Flow },
  section: Section,
): Promise<void> {
  const bodies = new Array<Uint8Array>(BATCH).fill(new Uint8Array(BODY_BYTES).fill(97))
  const sends: Promise<void>[] = []
  while (!section.over(flow.sent)) {
    await flow.room(BATCH)
    const startMs = performance.now()
    const sent = queue.sendMany(bodies, { persistence })
    sends.push(sent.then(() => section.latency.record(performance.now() - startMs)))
    // What was consumed was durable before: its sends are settled, and one that failed is seen here.
    if (sends.length > IN_FLIGHT / BATCH) await sends.shift()
  }
  await Promise.all(sends)
}

/** An acknowledgement is written at the end of its turn, or when the journal has room for it. */
async function drained(queue: BrokerQueue<Uint8Array>): Promise<void> {
  for (let turn = 0; queue.readyCount + queue.heldCount > 0; turn++) {
    assert(turn < DRAIN_TURNS_MAX, 'messages are left over')
    await new Promise(setImmediate)
  }
}

async function run(stage: Stage, kind: Kind): Promise<void> {
  await using broker = await Broker.open({ dir: join(stage.directory, 'broker') })
  const queue = await broker.queue<Uint8Array>('work', {})
  await stage.drive(async (section) => {
    const flow = new Flow(stage.inFlight)
    const ended = new AbortController()
    const consuming = consume(queue, { consuming: kind.consuming, flow }, ended.signal)
    await Promise.race([
      produce(queue, { persistence: kind.persistence, flow }, section),
      consuming,
    ])
    await Promise.race([flow.empty(), consuming])
    section.acknowledged = flow.consumedCount
    ended.abort()
    await consuming
    assert(flow.sent === flow.consumedCount, 'the consumption ended before its time')
    await drained(queue)
  })
}

function workload(kind: Kind, perSecond: number): Workload {
  const durability: Durability = kind.persistence === 'persistent' ? 'fsync' : 'memory'
  return defineWorkload({
    name: `embedded queue, ${kind.persistence}, consumed ${kind.consuming}`,
    area: 'slice',
    durability,
    unit: 'msgs',
    payloadBytes: BODY_BYTES,
    inFlight: IN_FLIGHT,
    length: { kind: 'seconds', warmUp: 2, measured: 5 },
    targets: [atLeastPerSecond(perSecond)],
    variants: [
      {
        name: 'naru',
        role: 'ours',
        settings: 'sendMany of 1,000, latency of a sendMany; durable queue, prefetch 1,000',
        run: (stage) => run(stage, kind),
      },
    ],
  })
}

export const workloads: readonly Workload[] = [
  workload({ persistence: 'persistent', consuming: 'in batches' }, 900_000),
  workload({ persistence: 'persistent', consuming: 'one by one' }, 500_000),
  workload({ persistence: 'transient', consuming: 'in batches' }, 2_000_000),
]

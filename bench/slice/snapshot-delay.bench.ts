/**
 * How late the event loop gets while a snapshot of a million live messages, every third of them gone, is
 * written beside a publisher. Uses the runtime, because programs cannot ask for snapshots.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { assert } from '../../src/base/assert.ts'
import { MiB } from '../../src/base/bytes.ts'
import { Consumer } from '../../src/broker/consumer.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import { HELD } from '../../src/broker/room.ts'
import { Runtime } from '../../src/broker/runtime.ts'
import { Content } from '../../src/machine/message.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { PLAIN_QUEUE } from '../../src/machine/queue-options.ts'
import { isRefusal } from '../../src/machine/refusal.ts'
import type { Route } from '../../src/machine/route.ts'
import { nodeWorld } from '../../src/node/world.ts'
import type { Section, Stage } from '../stage.ts'
import { atMost, ownAtLeast } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'

const LIVE = 1_000_000
const HOLE_EVERY = 3 // of so many messages one is acknowledged, so that no page is whole
const BODY_BYTES = 100
const PACE = 200 // messages a millisecond: a broker at work, whose own load makes nothing late
const NEVER = Number.MAX_SAFE_INTEGER
const TAKEN = 'snapshots begun'

class Rig {
  readonly runtime: Runtime
  readonly queue: Queue
  readonly #route: Route
  readonly #content = new Content()

  constructor(runtime: Runtime, queue: Queue, route: Route) {
    this.runtime = runtime
    this.queue = queue
    this.#route = route
    this.#content.body = new Uint8Array(BODY_BYTES).fill(97)
    this.#content.bodySize = BODY_BYTES
  }

  async publish(count: number): Promise<void> {
    for (let sent = 0; sent < count; ) {
      if (this.runtime.publish(this.#route, this.#content, 'persistent') !== HELD) sent++
      else await new Promise<void>((resolve) => this.runtime.whenRoom(resolve))
    }
  }

  /** Takes every message there is, settles one of three, gives the others back. */
  async punch(): Promise<void> {
    const { queue, runtime } = this
    const taken = queue.readyCount
    const sequences: number[] = []
    await new Promise<void>((resolve) => {
      const deliver = (delivery: Delivery): void => {
        sequences.push(delivery.sequence)
        if (sequences.length === taken) resolve()
      }
      const consumer = new Consumer({ deliver, cancelled: () => {} }, 'by-consumer', taken)
      runtime.join(queue, consumer)
    })
    for (const sequence of sequences) {
      if (sequence % HOLE_EVERY === 0) runtime.settle(queue, sequence, 1)
      else runtime.giveBack(queue, sequence, 1, 0)
    }
  }
}

type Snapshots = 'one after the other' | 'none'

async function open(stage: Stage, snapshots: Snapshots): Promise<Rig> {
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const directory = join(stage.directory, 'broker')
  const world = nodeWorld()
  const snapshotAfterBytes = snapshots === 'none' ? NEVER : 4 * MiB
  const journalLimits = { snapshotAfterBytes, snapshotGrowth: 1 }
  const { durability } = stage
  assert(durability !== 'none', 'a broker has a durability')
  const runtime = await Runtime.open({ world, directory, durability, log, journalLimits })
  const namespace = runtime.namespace('/')!
  const request = { name: 'live', options: PLAIN_QUEUE, owner: null }
  const queue = await runtime.declare.queue(namespace, request)
  assert(!isRefusal(queue), 'the queue was refused')
  const route = runtime.route(namespace, '', 'live')
  assert(!isRefusal(route), 'the route was refused')
  return new Rig(runtime, queue, route)
}

async function run(stage: Stage, snapshots: Snapshots): Promise<void> {
  const rig = await open(stage, snapshots)
  const live = stage.effort === 'quick' ? LIVE / 100 : LIVE
  await rig.publish(Math.ceil((live * HOLE_EVERY) / (HOLE_EVERY - 1)))
  await rig.punch()
  const { freezer } = rig.runtime.machine
  await stage.drive(async (section: Section) => {
    const before = freezer.epoch
    while (!section.over(section.acknowledged)) {
      await rig.publish(PACE)
      section.acknowledged += PACE
      await delay(1)
    }
    stage.figure(TAKEN, freezer.epoch - before)
  })
  assert(rig.queue.readyCount >= live, 'messages are missing')
  await rig.runtime.close()
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'snapshots of a million live messages',
    area: 'slice',
    durability: 'fsync',
    unit: 'msgs',
    payloadBytes: BODY_BYTES,
    length: { kind: 'seconds', warmUp: 2, measured: 8 },
    figures: [{ name: TAKEN, better: 'higher' }],
    targets: [atMost('loopMaxMs', 10), ownAtLeast(TAKEN, 1)],
    variants: [
      {
        name: 'naru',
        role: 'ours',
        settings:
          'a snapshot after each 4 MiB of journal, beside a publisher of 200 messages a millisecond',
        run: (stage) => run(stage, 'one after the other'),
      },
      {
        name: 'without',
        role: 'yardstick',
        settings: 'the same publisher, no snapshot',
        run: (stage) => run(stage, 'none'),
      },
    ],
  }),
]

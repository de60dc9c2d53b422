/**
 * A queue and a stream of the embedded API on a simulated disk with tiny files, which is easily full, and a signal that
 * a test fires.
 */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { Durable } from '../../src/api/durable.ts'
import { GroupDesks } from '../../src/api/group-desks.ts'
import { OpenEnds } from '../../src/api/open-ends.ts'
import { BrokerQueue } from '../../src/api/queue.ts'
import { BrokerStream } from '../../src/api/stream.ts'
import type { Runtime } from '../../src/broker/runtime.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { drained, settled } from '../sim/turn.ts'
import { DiskBroker } from './disk-broker.ts'

const FILE_BYTES = 4_096
/** So large that a disk that is nearly full has no room for it. */
export const LONG: string = 'x'.repeat(600)

const ALL = [LONG, 'x'.repeat(60), 'x']

/** Between an abort and the end of the call: each promise that hands on another takes three. */
const HOPS_MAX = 12

/** A queue and a stream on a simulated disk with tiny files, and the signal that the test fires. */
type Place = {
  readonly runtime: Runtime
  readonly queue: BrokerQueue<string>
  readonly stream: BrokerStream<string>
  readonly options: { readonly signal: AbortSignal }
  readonly reason: Error
  abort(): void
}

export async function openPlace(disk: CrashDisk = new CrashDisk(), partitions = 2): Promise<Place> {
  const limits = { bodyBytes: 1_000, bodyBytesMax: 3_000, arrivingBytes: 3_000 }
  const broker = await DiskBroker.open(disk, limits)
  const { runtime } = broker
  const parts = { durable: new Durable(runtime), groups: new GroupDesks(), ends: new OpenEnds() }
  const queue = await settled(broker.queue('q'), 'the queue')
  const namespace = runtime.namespace('/')!
  const place = { name: 's', partitions, identity: new Uint8Array(16), notes: new Uint8Array(0) }
  const request = { ...place, durability: null }
  await settled(runtime.declare.stream(namespace, request), 'the stream')
  const controller = new AbortController()
  const reason = new Error('enough')
  return {
    runtime,
    queue: new BrokerQueue<string>({ runtime, queue, ends: parts.ends }, parts.durable),
    stream: new BrokerStream<string>(runtime, namespace.streams.get('s')!, parts),
    options: { signal: controller.signal },
    reason,
    abort: () => controller.abort(reason),
  }
}

/** The same on a disk that is full for everything, or for long bodies, and stays so until somebody consumes. */
export async function openFullPlace(full: 'for-all' | 'for-long' = 'for-all'): Promise<Place> {
  const place = await openPlace(new CrashDisk({ capacityBytes: 14 * FILE_BYTES }))
  const bodies = full === 'for-all' ? ALL : [LONG]
  for (let tries = 0; tries < 3; tries++) {
    await fill(place, bodies)
    await drained()
  }
  assert.equal(place.runtime.isDiskFull, true)
  return place
}

/** Sends each of the bodies until there is no room for it. */
async function fill({ queue }: Place, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    for (let sent = queue.trySend(body); sent !== null; sent = queue.trySend(body)) {
      // A turn each: what is waited for is not the disk, but its space.
      await settled(sent, 'a message')
    }
  }
}

/** Sends until there is no room for the smallest message, in one turn, in which nothing gets to the disk. */
export function fillTurn({ queue }: Place): void {
  for (const body of ALL) while (queue.trySend(body) !== null);
}

/** Takes everything off the queue; answers the bodies. */
export async function drain({ queue }: Place): Promise<string[]> {
  const bodies: string[] = []
  const consumption = queue.consume()
  await drained()
  while (consumption.waitingCount > 0) {
    const { value } = await consumption.next()
    bodies.push(value!.body)
    value!.ack()
    await drained()
  }
  await consumption.close()
  return bodies
}

export function listenersOf({ options }: Place): number {
  return getEventListeners(options.signal, 'abort').length
}

/** Aborts, and sees that every call rejects with the reason as soon as promises can. */
export async function abortAll(place: Place, calls: readonly Promise<unknown>[]): Promise<void> {
  assert(listenersOf(place) >= calls.length, 'somebody does not listen')
  const reasons: unknown[] = []
  for (const call of calls) {
    call.then(
      () => reasons.push('resolved'),
      (reason: unknown) => reasons.push(reason),
    )
  }
  place.abort()
  for (let hops = 0; hops < HOPS_MAX; hops++) await Promise.resolve()
  assert.deepEqual(
    reasons,
    calls.map(() => place.reason),
  )
  assert.equal(listenersOf(place), 0)
}

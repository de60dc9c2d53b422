/** What every run of the broker in the world has: who gets what. Declared anew at each start, as clients do. */
import assert from 'node:assert/strict'
import type { Runtime } from '../../src/broker/runtime.ts'
import { NO_TTL } from '../../src/machine/message.ts'
import type { Namespace } from '../../src/machine/namespace.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { PLAIN_QUEUE } from '../../src/machine/queue-options.ts'
import { isRefusal } from '../../src/machine/refusal.ts'
import type { Stream } from '../../src/machine/stream.ts'
import type { Session } from './session.ts'

/** Kept over restarts. */
const WORK_QUEUES = ['work-0', 'work-1'] as const
/** Kept over restarts, with messages that wait for a time only. */
const TIMED_QUEUE = 'timed'
/** Lives as long as the run. */
const PASSING_QUEUE = 'passing'
export const QUEUES: readonly string[] = [...WORK_QUEUES, TIMED_QUEUE, PASSING_QUEUE]

/** Kept over restarts, and less durable than a broker that syncs. */
const LOOSE_QUEUES = { written: 'os', remembered: 'memory' } as const
export const ALL_QUEUES: readonly string[] = [...QUEUES, ...Object.keys(LOOSE_QUEUES)]

/** How long messages wait in it at most, whatever they say. */
export function queueTtlOf(queue: string): number {
  return queue === TIMED_QUEUE ? 400 : NO_TTL
}

/** Whether what it acknowledges need not be there when the power went. */
export function isLoose(queue: string): boolean {
  return queue === 'written'
}

/** Its key `both` reaches the queues of every world, `all` the less durable ones, too. */
const EXCHANGE = 'fan'
const STREAM = 'log'
export const PARTITIONS = 2
export const GROUPS: readonly string[] = ['audit', 'billing']

const NOTES = new Uint8Array(0)

/** Where messages go: an exchange and a key. */
export const ROUTES: readonly (readonly [exchange: string, key: string])[] = [
  ['', 'work-0'],
  ['', 'work-0'],
  ['', 'work-1'],
  ['', TIMED_QUEUE],
  ['', PASSING_QUEUE],
  [EXCHANGE, 'both'],
]

/** The same with those that are less durable. */
export const ALL_ROUTES: typeof ROUTES = [
  ...ROUTES,
  ['', 'written'],
  ['', 'written'],
  ['', 'remembered'],
  [EXCHANGE, 'all'],
]

/** Declares everything; false when the disk was too full for it. */
export async function declareTopology(session: Session): Promise<boolean> {
  const { declare } = session.runtime
  const namespace = namespaceOf(session.runtime)
  const answers: object[] = []
  for (const name of [...WORK_QUEUES, TIMED_QUEUE]) {
    const messageTtlMs = queueTtlOf(name)
    const request = { name, options: { ...PLAIN_QUEUE, messageTtlMs }, owner: null }
    answers.push(await session.answer(declare.queue(namespace, request)))
  }
  for (const [name, durability] of Object.entries(LOOSE_QUEUES)) {
    const request = { name, options: { ...PLAIN_QUEUE, durability }, owner: null }
    answers.push(await session.answer(declare.queue(namespace, request)))
  }
  const passing = { name: PASSING_QUEUE, options: { ...PLAIN_QUEUE, durable: false }, owner: null }
  answers.push(await session.answer(declare.queue(namespace, passing)))
  const fan = { kind: 'direct', durable: true, autoDelete: false, internal: false }
  const exchange = await session.answer(declare.exchange(namespace, EXCHANGE, fan))
  answers.push(exchange)
  if (!namespace.streams.has(STREAM)) {
    const request = { name: STREAM, partitions: PARTITIONS, identity: new Uint8Array(16) }
    answers.push(
      await session.answer(
        declare.stream(namespace, { ...request, notes: NOTES, durability: null }),
      ),
    )
  }
  const refused = answers.find(isRefusal)
  if (refused !== undefined || isRefusal(exchange)) {
    assert.deepEqual(refused, { kind: 'full' })
    return false
  }
  const bound = [
    ...QUEUES.map((name) => [name, 'both'] as const),
    ...ALL_QUEUES.map((name) => [name, 'all'] as const),
  ]
  for (const [name, key] of bound) {
    const binding = { queue: queueOf(session.runtime, name), key, notes: NOTES }
    const refusal = await session.answer(declare.bind(namespace, exchange, binding))
    if (refusal === null) continue
    assert.deepEqual(refusal, { kind: 'full' })
    return false
  }
  return true
}

export function namespaceOf(runtime: Runtime): Namespace {
  const namespace = runtime.namespace('/')
  assert(namespace !== undefined, 'the first namespace is there')
  return namespace
}

export function queueOf(runtime: Runtime, name: string): Queue {
  const queue = namespaceOf(runtime).queues.get(name)
  assert(queue !== undefined, `queue ${name} is there`)
  return queue
}

export function streamOf(runtime: Runtime): Stream {
  const stream = namespaceOf(runtime).streams.get(STREAM)
  assert(stream !== undefined, `stream ${STREAM} is there`)
  return stream
}

/**
 * A client that declares, binds and deletes all day, fills what it made and empties it again. It alone touches these
 * names, so what it was told last is what a restart has to find.
 */
import assert from 'node:assert/strict'
import { below, pick } from '../../src/base/random.ts'
import { Consumer } from '../../src/broker/consumer.ts'
import type { Runtime } from '../../src/broker/runtime.ts'
import { Content } from '../../src/machine/message.ts'
import { READY, STATE_BITS, TRANSIENT } from '../../src/machine/page.ts'
import type { Queue } from '../../src/machine/queue.ts'
import { PLAIN_QUEUE } from '../../src/machine/queue-options.ts'
import { isRefusal } from '../../src/machine/refusal.ts'
import { shortBodyOf } from './bodies.ts'
import type { Client, Session } from './session.ts'
import { namespaceOf } from './topology.ts'

const QUEUES = ['scratch-a', 'scratch-b', 'scratch-c'] as const
const EXCHANGE = 'scratch-x'
const STREAM = 'scratch-s'
const GROUP = 'scratch-g'
const NOTES = Uint8Array.of(1)
const DURABILITIES = [null, null, 'fsync', 'os', 'memory'] as const
/** A queue goes with its last consumer when there is room to write that down. */
const GOING_WAITS_MAX = 50 // a second: some disks of the worlds are slow
/** What a declaration may be answered: it is drawn without looking. */
const REFUSALS = ['queue-differs', 'queue-locked', 'durability-impossible', 'full']
const NOBODY = { deliver: () => undefined, cancelled: () => undefined }

/** The durable ones of these names, as text. */
function dump(runtime: Runtime): string {
  const namespace = namespaceOf(runtime)
  const lines: string[] = []
  for (const name of QUEUES) {
    const queue = namespace.queues.get(name)
    if (queue?.durable !== true) continue
    const { autoDelete, durability } = queue.options
    lines.push(`${name} ${queue.id} ${autoDelete} ${durability}`)
  }
  const exchange = namespace.exchanges.get(EXCHANGE)
  if (exchange?.options.durable === true) {
    lines.push(EXCHANGE)
    for (const { queue, key } of exchange.bindings()) {
      if (queue.durable) lines.push(`${key} -> ${queue.id}`)
    }
  }
  const stream = namespace.streams.get(STREAM)
  if (stream !== undefined) {
    const ids = stream.partitions.map(({ id }) => id)
    lines.push(`${STREAM} ${ids.join()} ${stream.durability}`)
  }
  if (namespace.groups.has(GROUP)) lines.push(GROUP)
  return lines.join('\n')
}

export class Declarer implements Client {
  readonly name: string
  #left: number
  /** What is there for certain. */
  #acked = ''
  /** The run of the broker that it was told by last. */
  #runtime: Runtime | null = null
  /** Purged for good, by queue. */
  readonly #purged = new Map<number, Set<number>>()

  constructor(name: string, operations: number) {
    this.name = name
    this.#left = operations
  }

  get isDone(): boolean {
    return this.#left === 0
  }

  async serve(session: Session): Promise<void> {
    this.#check(session)
    while (!this.isDone && !session.isEnding) {
      await session.sleep(below(session.random, 200) / 8)
      await this.#act(session)
      this.#acked = await this.#durable(session)
      this.#left--
      session.operation()
    }
  }

  /** What is there for certain: a queue may go behind our back, when there is room for that. */
  async #durable(session: Session): Promise<string> {
    for (;;) {
      const before = dump(session.runtime)
      await session.durable()
      if (dump(session.runtime) === before) return before
    }
  }

  #check({ runtime }: Session): void {
    const found = dump(runtime)
    // What was under way when the broker died may be there or not.
    const possible = [this.#acked, this.#runtime === null ? '' : dump(this.#runtime)]
    assert(possible.includes(found), `expected\n${possible.join('\nor\n')}\nfound\n${found}`)
    for (const [id, sequences] of this.#purged) {
      const queue = runtime.machine.queues.get(id)
      if (queue === undefined) continue
      for (const sequence of sequences) {
        const state = queue.stateOf(sequence)
        const isBack = (state & STATE_BITS) === READY && (state & TRANSIENT) === 0
        assert(!isBack, `purged message ${sequence} came back`)
      }
    }
    this.#runtime = runtime
    this.#acked = found
  }

  async #act(session: Session): Promise<void> {
    const { random, runtime } = session
    const name = pick(random, QUEUES)
    const queue = namespaceOf(runtime).queues.get(name)
    switch (below(random, 9)) {
      case 0:
        return this.#declareQueue(session, name)
      case 1:
        return queue === undefined ? undefined : this.#deleteQueue(session, queue)
      case 2:
        return this.#exchange(session)
      case 3:
        return queue === undefined ? undefined : this.#bind(session, queue)
      case 4:
        return this.#stream(session)
      case 5:
        return queue === undefined ? undefined : this.#purge(session, queue)
      case 6:
        return queue === undefined ? undefined : this.#visit(session, queue)
      case 7:
        return this.#group(session)
      default:
        return queue === undefined ? this.#declareQueue(session, name) : this.#fill(session, queue)
    }
  }

  async #declareQueue(session: Session, name: string): Promise<void> {
    const { random, runtime } = session
    const durability = pick(random, DURABILITIES)
    const options = {
      durable: below(random, 3) > 0,
      autoDelete: below(random, 3) === 0,
      durability,
    }
    const owner = below(random, 6) === 0 ? session : null
    const namespace = namespaceOf(runtime)
    const request = { name, options: { ...PLAIN_QUEUE, ...options }, owner }
    const queue = await session.answer(runtime.declare.queue(namespace, request))
    if (isRefusal(queue)) {
      assert(REFUSALS.includes(queue.kind), queue.kind)
      return
    }
    assert.equal(runtime.ownerOf(queue), owner)
    const other = { ...request, owner: {} }
    const stranger = await session.answer(runtime.declare.queue(namespace, other))
    assert(isRefusal(stranger) && stranger.kind === 'queue-locked', 'others may not have it')
  }

  async #deleteQueue(session: Session, queue: Queue): Promise<void> {
    const ifEmpty = below(session.random, 2) === 0 ? 'if-empty' : 'even-full'
    const conditions = { ifUnused: 'even-used', ifEmpty } as const
    const answer = await session.answer(session.runtime.declare.deleteQueue(queue, conditions))
    if (!isRefusal(answer)) assert(queue.deleted)
    else assert(['queue-not-empty', 'full'].includes(answer.kind), answer.kind)
  }

  async #exchange(session: Session): Promise<void> {
    const { declare } = session.runtime
    const namespace = namespaceOf(session.runtime)
    const asked = { durable: below(session.random, 3) > 0, autoDelete: false, internal: false }
    if (below(session.random, 2) === 0) {
      await session.answer(declare.exchange(namespace, EXCHANGE, { kind: 'direct', ...asked }))
    } else await session.answer(declare.deleteExchange(namespace, EXCHANGE, 'even-used'))
  }

  async #bind(session: Session, queue: Queue): Promise<void> {
    const { declare } = session.runtime
    const namespace = namespaceOf(session.runtime)
    const exchange = namespace.exchanges.get(EXCHANGE)
    if (exchange === undefined) return
    const binding = { queue, key: pick(session.random, ['k', 'l']), notes: NOTES }
    const isBound = exchange.has(binding)
    await session.answer(declare[isBound ? 'unbind' : 'bind'](namespace, exchange, binding))
  }

  async #stream(session: Session): Promise<void> {
    const { declare } = session.runtime
    const namespace = namespaceOf(session.runtime)
    if (namespace.streams.has(STREAM)) {
      await session.answer(declare.deleteStream(namespace, STREAM))
      return
    }
    const { random } = session
    const partitions = 1 + below(random, 3)
    const place = { name: STREAM, partitions, identity: new Uint8Array(16), notes: NOTES }
    const durability = pick(random, [null, 'os', 'fsync'] as const)
    await session.answer(declare.stream(namespace, { ...place, durability }))
  }

  async #group(session: Session): Promise<void> {
    const { runtime } = session
    const namespace = namespaceOf(runtime)
    if (namespace.groups.has(GROUP)) {
      await session.answer(runtime.declare.deleteGroup(namespace, GROUP))
    } else runtime.commitOffsets(namespace, GROUP, [])
  }

  async #purge(session: Session, queue: Queue): Promise<void> {
    const isKept = (sequence: number): boolean => {
      const state = queue.stateOf(sequence)
      return (state & STATE_BITS) === READY && (state & TRANSIENT) === 0
    }
    const going = [...queue.living()].filter(isKept)
    const { readyCount } = queue
    const purged = session.until(session.runtime.declare.purge(queue))
    assert.equal(queue.readyCount, 0)
    assert.equal(await purged, readyCount)
    assert(going.every((sequence) => queue.stateOf(sequence) === 0))
    const gone = this.#purged.get(queue.id) ?? new Set()
    for (const sequence of going) gone.add(sequence)
    this.#purged.set(queue.id, gone)
  }

  /** Joins and leaves; a queue that goes with its last consumer goes then. */
  async #visit(session: Session, queue: Queue): Promise<void> {
    const { runtime } = session
    const consumer = new Consumer(NOBODY, 'on-delivery', 2)
    runtime.join(queue, consumer)
    await session.sleep(2)
    runtime.leave(queue, consumer)
    if (!queue.options.autoDelete) return
    // On a full disk it may stay.
    for (let waits = 0; !queue.deleted && waits < GOING_WAITS_MAX; waits++) await session.sleep(20)
  }

  #fill(session: Session, queue: Queue): void {
    const { random, runtime } = session
    for (let count = 0; count < 5; count++) {
      const route = runtime.route(namespaceOf(runtime), '', queue.name)
      assert(!isRefusal(route))
      const content = new Content()
      content.body = shortBodyOf({ producer: this.name, counter: count })
      content.bodySize = content.body.length
      runtime.publish(route, content, below(random, 2) === 0 ? 'persistent' : 'transient')
      session.operation()
    }
  }
}

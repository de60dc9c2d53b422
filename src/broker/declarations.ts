/**
 * Declarations: what makes, binds and deletes. Each waits for room in the journal, applies its changes, and
 * resolves when they are durable; what is not durable is applied at once and lives until the process ends. A signal
 * that fires before there is room keeps it from being made, though its caller may hear of that only then.
 */
import { mark } from '../base/mark.ts'
import type { Change } from '../machine/change.ts'
import { type Binding, Exchange, type ExchangeOptions } from '../machine/exchange.ts'
import type { Namespace } from '../machine/namespace.ts'
import {
  bindingChange,
  checkDurability,
  checkExchangeKind,
  checkName,
  compareExchange,
  compareQueue,
  planStream,
  type StreamRequest,
} from '../machine/plan.ts'
import type { Queue } from '../machine/queue.ts'
import type { QueueOptions } from '../machine/queue-options.ts'
import { isRefusal, type Refusal } from '../machine/refusal.ts'
import type { Stream } from '../machine/stream.ts'
import type { Commits } from './commits.ts'
import type { Context } from './context.ts'
import type { Dispatcher } from './dispatcher.ts'
import { writeChanges } from './entries.ts'
import type { PartitionDesks } from './partitions.ts'

export type QueueRequest = {
  readonly name: string
  readonly options: QueueOptions
  /** Who alone may use it, and with whom it goes; null for everybody. Such a queue is never durable. */
  readonly owner: object | null
}

export type DeleteConditions = {
  readonly ifUnused: 'if-unused' | 'even-used'
  readonly ifEmpty: 'if-empty' | 'even-full'
}

export class Declarations {
  readonly #context: Context
  readonly #commits: Commits
  readonly #dispatcher: Dispatcher
  readonly #partitions: PartitionDesks

  constructor(
    context: Context,
    parts: {
      readonly commits: Commits
      readonly dispatcher: Dispatcher
      readonly partitions: PartitionDesks
    },
  ) {
    this.#context = context
    this.#commits = parts.commits
    this.#dispatcher = parts.dispatcher
    this.#partitions = parts.partitions
  }

  /** Gives the broker its identity, once. */
  async broker(identity: Uint8Array): Promise<void> {
    const { machine } = this.#context
    await this.#commit(() =>
      machine.identity.length > 0 ? [] : [{ kind: 'broker-made', identity }],
    )
  }

  async namespace(name: string): Promise<Namespace | Refusal> {
    const { machine } = this.#context
    const refusal = checkName(name)
    if (refusal !== null) return refusal
    const done = await this.#commit(() =>
      machine.namespaces.has(name) ? [] : [{ kind: 'namespace-made', name }],
    )
    return done ?? machine.namespace(name)
  }

  /** Makes the queue unless it is there just so. */
  async queue(
    namespace: Namespace,
    request: QueueRequest,
    signal?: AbortSignal,
  ): Promise<Queue | Refusal> {
    const { machine, limits } = this.#context
    const { name, owner } = request
    const options = owner === null ? request.options : { ...request.options, durable: false }
    const there = this.#same(namespace, request)
    if (there !== null) return there
    const asked = { name, durable: options.durable, durability: options.durability }
    const refusal = checkName(name) ?? checkDurability('queue', asked, this.#context.durability)
    if (refusal !== null) return refusal
    if (machine.queues.size >= limits.queues) {
      return { kind: 'too-many', what: 'queues', max: limits.queues }
    }
    if (!options.durable) {
      const queue = machine.addQueue(machine.nextSessionId, {
        namespace: namespace.name,
        name,
        options,
      })
      this.#dispatcher.deskOf(queue).owner = owner
      return queue
    }
    const done = await this.#commit(() => {
      const since = this.#same(namespace, request)
      if (since !== null) return isRefusal(since) ? since : []
      const { durable: _, ...declared } = options
      const place = { namespace: namespace.name, id: machine.nextId, name }
      return [{ kind: 'queue-made', ...place, ...declared }]
    }, signal)
    return done ?? namespace.queues.get(name) ?? { kind: 'queue-missing', queue: name }
  }

  /** Answers how many messages were ready. */
  async deleteQueue(
    queue: Queue,
    conditions: DeleteConditions = EVEN_SO,
    signal?: AbortSignal,
  ): Promise<{ readonly messages: number } | Refusal> {
    const { machine } = this.#context
    let messages = 0
    const check = (): readonly Change[] | Refusal => {
      if (queue.deleted) return []
      const isUsed = queue.desk >= 0 && this.#dispatcher.deskOf(queue).seats.size > 0
      if (conditions.ifUnused === 'if-unused' && isUsed) {
        return { kind: 'queue-in-use', queue: queue.name }
      }
      if (conditions.ifEmpty === 'if-empty' && queue.readyCount > 0) {
        return { kind: 'queue-not-empty', queue: queue.name }
      }
      messages = queue.readyCount
      const { namespace } = queue
      const gone = this.#lastBoundTo(queue)
        .filter(({ options }) => options.durable)
        .map(({ name }) => ({ kind: 'exchange-deleted', namespace, name }) as const)
      return [{ kind: 'queue-deleted', id: queue.id }, ...gone]
    }
    if (queue.durable) {
      const done = await this.#commit(check, signal)
      return done ?? { messages }
    }
    const checked = check()
    if (isRefusal(checked)) return checked
    if (checked.length === 0) return { messages }
    const bare = this.#lastBoundTo(queue).filter(({ options }) => options.durable)
    this.#dropQueue(queue, () => machine.dropQueue(queue))
    // Asked for at once, before anybody makes others of these names; bound again meanwhile, they stay.
    const namespace = machine.namespace(queue.namespace)
    await Promise.all(bare.map(({ name }) => this.deleteExchange(namespace, name, 'if-unused')))
    return { messages }
  }

  /** Ready messages go, at once; answers how many when that is durable. */
  async purge(queue: Queue): Promise<number> {
    const { engine, isRunning } = this.#context
    const count = this.#dispatcher.purge(queue)
    // Not left to the end of the turn: what is waited for has to be written.
    while (!this.#dispatcher.write()) {
      if (!isRunning()) throw new Error('the broker stops, and the purge is not written down')
      await engine.log.room()
    }
    await this.#commits.settled(engine.log.nextTicket - 1)
    return count
  }

  /** Makes the exchange unless it is there just so. */
  async exchange(
    namespace: Namespace,
    name: string,
    asked: Omit<ExchangeOptions, 'kind'> & { readonly kind: string },
  ): Promise<Exchange | Refusal> {
    const { machine } = this.#context
    const options = asked as ExchangeOptions
    const refusal = checkName(name) ?? checkExchangeKind(asked.kind)
    if (refusal !== null) return refusal
    const compare = (): Refusal | null => {
      const there = namespace.exchanges.get(name)
      return there === undefined ? null : compareExchange(there, options)
    }
    if (!options.durable) {
      const there = namespace.exchanges.get(name)
      if (there !== undefined) return compare() ?? there
      const made = new Exchange(name, options)
      machine.addExchange(namespace, made)
      return made
    }
    const done = await this.#commit(() => {
      if (namespace.exchanges.has(name)) return compare() ?? []
      const { kind: exchangeKind, autoDelete, internal } = options
      const place = { namespace: namespace.name, name }
      return [{ kind: 'exchange-made', ...place, exchangeKind, autoDelete, internal }]
    })
    return done ?? namespace.exchanges.get(name) ?? { kind: 'exchange-missing', exchange: name }
  }

  /** null: done, or there was none. */
  async deleteExchange(
    namespace: Namespace,
    name: string,
    ifUnused: DeleteConditions['ifUnused'],
  ): Promise<Refusal | null> {
    const exchange = namespace.exchanges.get(name)
    if (exchange === undefined) return null
    const check = (): readonly Change[] | Refusal => {
      if (namespace.exchanges.get(name) !== exchange) return []
      if (ifUnused === 'if-unused' && exchange.bindingCount > 0) {
        return { kind: 'exchange-in-use', exchange: name }
      }
      return [{ kind: 'exchange-deleted', namespace: namespace.name, name }]
    }
    if (exchange.options.durable) return this.#commit(check)
    const checked = check()
    if (isRefusal(checked)) return checked
    if (checked.length > 0) this.#context.machine.dropExchange(namespace, name)
    return null
  }

  async bind(namespace: Namespace, exchange: Exchange, binding: Binding): Promise<Refusal | null> {
    const check = (): Refusal | null => {
      if (binding.queue.deleted) return { kind: 'queue-missing', queue: binding.queue.name }
      if (namespace.exchanges.get(exchange.name) === exchange) return null
      return { kind: 'exchange-missing', exchange: exchange.name }
    }
    if (!exchange.options.durable || !binding.queue.durable) {
      const refusal = check()
      if (refusal !== null) return refusal
      exchange.bind(binding)
      namespace.version++
      return null
    }
    return this.#commit(() => {
      const refusal = check()
      if (refusal !== null) return refusal
      if (exchange.has(binding)) return []
      return [bindingChange('bound', namespace, exchange, binding)]
    })
  }

  /** A binding that is not there is unbound already. */
  async unbind(
    namespace: Namespace,
    exchange: Exchange,
    binding: Binding,
  ): Promise<Refusal | null> {
    if (!exchange.options.durable || !binding.queue.durable) {
      exchange.unbind(binding)
      namespace.version++
    } else {
      const refusal = await this.#commit(() => {
        const isThere = namespace.exchanges.get(exchange.name) === exchange && exchange.has(binding)
        return isThere ? [bindingChange('unbound', namespace, exchange, binding)] : []
      })
      if (refusal !== null) return refusal
    }
    if (!exchange.options.autoDelete || exchange.bindingCount > 0) return null
    return this.deleteExchange(namespace, exchange.name, 'if-unused')
  }

  async stream(
    namespace: Namespace,
    request: StreamRequest,
    signal?: AbortSignal,
  ): Promise<Stream | Refusal> {
    const { durability, machine } = this.#context
    const done = await this.#commit(() => {
      const asked = { ...request, durable: true }
      const refusal = checkDurability('stream', asked, durability)
      if (refusal !== null) return refusal
      const change = planStream(machine, namespace, request)
      return change.kind === 'stream-made' ? [change] : (change as Refusal)
    }, signal)
    const { name } = request
    return done ?? namespace.streams.get(name) ?? { kind: 'stream-missing', stream: name }
  }

  async deleteStream(
    namespace: Namespace,
    name: string,
    signal?: AbortSignal,
  ): Promise<Refusal | null> {
    const plan = (): readonly Change[] | Refusal =>
      namespace.streams.has(name)
        ? [{ kind: 'stream-deleted', namespace: namespace.name, name }]
        : { kind: 'stream-missing', stream: name }
    return this.#commit(plan, signal)
  }

  async deleteGroup(namespace: Namespace, name: string): Promise<Refusal | null> {
    return this.#commit(() =>
      namespace.groups.has(name)
        ? [{ kind: 'group-deleted', namespace: namespace.name, name }]
        : { kind: 'group-missing', group: name },
    )
  }

  /** Exchanges that go with their last binding, and have none but to this queue. */
  #lastBoundTo(queue: Queue): readonly Exchange[] {
    const { exchanges } = this.#context.machine.namespace(queue.namespace)
    return [...exchanges.values()].filter((exchange) => {
      if (!exchange.options.autoDelete || exchange.bindingCount === 0) return false
      return [...exchange.bindings()].every((binding) => binding.queue === queue)
    })
  }

  /** Takes a queue out, with what goes with it and no entry tells of. */
  #dropQueue(queue: Queue, drop: () => void): void {
    const { machine } = this.#context
    const bare = this.#lastBoundTo(queue).filter(({ options }) => !options.durable)
    const tell = this.#dispatcher.dismiss(queue)
    drop()
    const namespace = machine.namespace(queue.namespace)
    for (const { name } of bare) machine.dropExchange(namespace, name)
    tell()
  }

  /** The queue that is asked for, or why not, or null when there is none of this name. */
  #same(namespace: Namespace, request: QueueRequest): Queue | Refusal | null {
    const { name, owner } = request
    const there = namespace.queues.get(name)
    if (there === undefined) return null
    const current = this.#dispatcher.deskOf(there).owner
    if (current !== owner) return { kind: 'queue-locked', queue: name }
    const options = owner === null ? request.options : { ...request.options, durable: false }
    return compareQueue(there, options) ?? there
  }

  /** Plans, anew each time there was no room, and waits until what was planned is durable. */
  async #commit(
    plan: () => readonly Change[] | Refusal,
    signal?: AbortSignal,
  ): Promise<Refusal | null> {
    const { engine, isRunning } = this.#context
    for (;;) {
      const changes = plan()
      if (isRefusal(changes)) return changes
      const waitsFor = engine.log.nextTicket - 1
      // What is there already may have been made in this very moment: its maker still waits, and so do we.
      if (changes.length === 0) {
        await this.#commits.settled(waitsFor)
        return null
      }
      const purpose = changes.every(({ kind }) => freeing.has(kind)) ? 'relief' : 'publish'
      const ticket = writeChanges(engine.log, changes, purpose)
      if (typeof ticket === 'number') {
        for (const change of changes) this.#apply(change)
        await this.#commits.settled(ticket)
        return null
      }
      if (ticket === 'full') return { kind: 'full' }
      if (ticket === 'stopped') return { kind: 'stopping' }
      if (ticket === 'too-large') return { kind: 'too-many', what: 'bytes in one change', max: 0 }
      mark('declarations/wait-for-room')
      await engine.log.room()
      // Behind the last words it would make the stop look like a crash.
      if (!isRunning()) return { kind: 'stopping' }
      signal?.throwIfAborted()
    }
  }

  #apply(change: Change): void {
    const { machine } = this.#context
    if (change.kind === 'queue-deleted') {
      this.#dropQueue(machine.queues.get(change.id)!, () => machine.change(change))
      return
    }
    const stream =
      change.kind === 'stream-deleted'
        ? machine.namespace(change.namespace).streams.get(change.name)
        : undefined
    machine.change(change)
    for (const partition of stream?.partitions ?? []) this.#partitions.dismiss(partition)
  }
}

const EVEN_SO: DeleteConditions = { ifUnused: 'even-used', ifEmpty: 'even-full' }

/** Changes that make room: they go on when the disk is full. */
const freeing: ReadonlySet<Change['kind']> = new Set([
  'queue-deleted',
  'exchange-deleted',
  'unbound',
  'stream-deleted',
  'group-deleted',
])

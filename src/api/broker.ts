/**
 * The embedded broker: `Broker.open()` in a program or a test, with a directory or in memory, and with a
 * listener for each protocol that it is asked for.
 */
import { unlessAborted, untilAborted } from '../base/abort.ts'
import type { Log } from '../base/log.ts'
import type { World } from '../base/ports.ts'
import { DEFAULT_NAMESPACE, Runtime } from '../broker/runtime.ts'
import type { DeclaredDurability, DurabilityMode } from '../machine/durability.ts'
import { NO_TTL } from '../machine/message.ts'
import type { Queue } from '../machine/queue.ts'
import { isRefusal } from '../machine/refusal.ts'
import type { Stream } from '../machine/stream.ts'
import { nodeWorld } from '../node/world.ts'
import { Durable } from './durable.ts'
import {
  BrokerError,
  closed,
  errorOf,
  queueMissing,
  StreamDiffers,
  streamMissing,
} from './errors.ts'
import { GroupDesks } from './group-desks.ts'
import { type ListenOptions, planListen } from './listen-options.ts'
import { type Listening, listenAll } from './listening.ts'
import { OpenEnds } from './open-ends.ts'
import { checkOptions, checkSignal, checkTime, durabilityOption } from './options.ts'
import { BrokerQueue, type QueueOptions } from './queue.ts'
import { BrokerStream, type StreamOptions, streamOf } from './stream.ts'

export type BrokerOptions = {
  /** Where everything durable lives. Without it all is in memory, and gone when the broker closes. */
  readonly dir?: string
  /** What an answer promises: `fsync` (on the disk), `os` (in the system's cache), `memory`. */
  readonly durability?: DurabilityMode
  /** A port for each protocol; 0 picks a free one. A line socket may be told more. Nothing listens unasked. */
  readonly listen?: ListenOptions
  /** What the broker tells whoever operates it. Silent unless given. */
  readonly log?: Log
  /** Called once when the disk failed: nothing is acknowledged any more, and the program has to stop. */
  readonly onFailure?: (error: Error) => void
  /**
   * Ends the opening, and only that. It rejects at once; what was begun is closed behind its back, and the directory
   * and the ports are free when that is done.
   */
  readonly signal?: AbortSignal
}

type BrokerParts = {
  readonly world: World
  readonly durable: Durable
  readonly ends: OpenEnds
}

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} }
const SILENCE: Listening = { urls: {}, close: () => Promise.resolve() }
const NO_NOTES = new Uint8Array(0)
const queueOptions = ['durable', 'autoDelete', 'durability', 'messageTtlMs', 'signal']
const KNOWN = ['dir', 'durability', 'listen', 'log', 'onFailure', 'signal']

export class Broker implements AsyncDisposable {
  readonly #runtime: Runtime
  readonly #world: World
  #listening: Listening = SILENCE
  readonly #durable: Durable
  readonly #groups = new GroupDesks()
  readonly #ends: OpenEnds
  #closed: Promise<void> | null = null

  /** Opened by `Broker.open`. */
  private constructor(runtime: Runtime, parts: BrokerParts) {
    this.#runtime = runtime
    this.#world = parts.world
    this.#durable = parts.durable
    this.#ends = parts.ends
  }

  /**
   * Opens a broker; rejects with a sentence that says what is wrong with the directory or a port. It stands on the
   * ports of this machine unless it is given others, simulated ones in a test; their disk is closed with it.
   */
  static async open(options: BrokerOptions = {}, world: World = nodeWorld()): Promise<Broker> {
    checkOptions('Broker.open', options, KNOWN)
    checkSignal(options.signal)
    const { signal } = options
    if (signal === undefined) return Broker.#open(options, world)
    return untilAborted(signal, (resolve, reject) => {
      const opening = Broker.#open(options, world)
      opening.then(resolve, reject)
      // Nobody hears how that ends.
      return () => void opening.then((broker) => broker.close()).catch(() => {})
    })
  }

  static async #open(options: BrokerOptions, world: World): Promise<Broker> {
    const planned = planListen(options.listen ?? {})
    const { dir = null, log = SILENT, signal } = options
    const durability = options.durability ?? (dir === null ? 'memory' : 'fsync')
    if (dir === null && durability !== 'memory') {
      throw new BrokerError('REFUSED', `durability ${durability} needs a dir`)
    }
    if (durability === 'memory') {
      const why = dir === null ? 'no dir' : 'durability is memory'
      log.info(`${why}: everything is in memory and gone when the broker closes`)
    }
    const ends = new OpenEnds()
    let durable: Durable | null = null
    const stopped = (error: Error): void => {
      durable?.stop(error)
      ends.stop(error)
      options.onFailure?.(error)
    }
    const where = { world, directory: dir, durability }
    let runtime: Runtime | null = null
    try {
      runtime = await Runtime.open({ ...where, log, stopped, signal })
      durable = new Durable(runtime)
      const broker = new Broker(runtime, { world, durable, ends })
      broker.#listening = await listenAll({ world, log, broker: runtime }, planned)
      return broker
    } catch (error) {
      await runtime?.close()
      await world.disk.close()
      throw error
    }
  }

  /** Where clients connect to, by protocol. */
  get urls(): Readonly<Record<string, string>> {
    return this.#listening.urls
  }

  /** What an answer of this broker promises. */
  get durability(): DurabilityMode {
    return this.#runtime.durability
  }

  /**
   * Opens a queue. With options it is made if it is not there, and QueueDiffers is thrown if it is there with
   * others; without, QueueMissing is thrown if it is not there.
   */
  async queue<T = unknown>(name: string, options?: QueueOptions): Promise<BrokerQueue<T>> {
    const namespace = this.#namespace()
    if (options === undefined) {
      const there = namespace.queues.get(name)
      if (there === undefined) throw queueMissing(name)
      return this.#queueOf<T>(there)
    }
    checkOptions('a queue', options, queueOptions)
    checkSignal(options.signal)
    const { durable = true, autoDelete = false, messageTtlMs = NO_TTL, signal } = options
    checkTime('messageTtlMs', options.messageTtlMs, this.#runtime.limits.ttlMsMax)
    const durability = durabilityOption(options.durability)
    const asked = { durable, autoDelete, notes: NO_NOTES, durability, messageTtlMs }
    const request = { name, options: asked, owner: null }
    const { declare } = this.#runtime
    const answer = await unlessAborted(signal, () => declare.queue(namespace, request, signal))
    // What another protocol noted about it is no business of ours, and no difference.
    if (isRefusal(answer) && answer.kind === 'queue-differs' && answer.field === 'notes') {
      return this.queue(name)
    }
    if (isRefusal(answer)) throw errorOf(answer)
    return this.#queueOf<T>(answer)
  }

  /** The same for a stream. */
  async stream<T = unknown>(name: string, options?: StreamOptions): Promise<BrokerStream<T>> {
    const namespace = this.#namespace()
    const parts = { durable: this.#durable, groups: this.#groups, ends: this.#ends }
    const there = namespace.streams.get(name)
    if (options !== undefined) {
      checkOptions('a stream', options, ['partitions', 'durability', 'signal'])
      checkSignal(options.signal)
      options.signal?.throwIfAborted()
    }
    const durability = durabilityOption(options?.durability)
    if (there !== undefined) {
      checkSame(there, { partitions: options?.partitions ?? null, durability })
      return new BrokerStream<T>(this.#runtime, there, parts)
    }
    if (options === undefined) throw streamMissing(name)
    const { partitions = 1, signal } = options
    const identity = this.#runtime.chance(16)
    const request = { name, partitions, identity, notes: NO_NOTES, durability }
    const { declare } = this.#runtime
    const answer = await unlessAborted(signal, () => declare.stream(namespace, request, signal))
    // Somebody else made it meanwhile.
    if (isRefusal(answer) && answer.kind === 'stream-exists') return this.stream<T>(name, options)
    return new BrokerStream<T>(this.#runtime, streamOf(answer), parts)
  }

  /** Ends the listeners and their sessions, then everything else, in good order. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#listening.close()
    this.#ends.stop(closed())
    await this.#runtime.close()
    this.#durable.stop(closed())
    await this.#world.disk.close()
  }

  #queueOf<T>(queue: Queue): BrokerQueue<T> {
    const place = { runtime: this.#runtime, queue, ends: this.#ends }
    return new BrokerQueue<T>(place, this.#durable)
  }

  #namespace(): NonNullable<ReturnType<Runtime['namespace']>> {
    const namespace = this.#runtime.namespace(DEFAULT_NAMESPACE)
    if (this.#runtime.failure !== null || namespace === undefined) throw closed()
    return namespace
  }
}

/** Throws unless the stream is as it is asked for; of what was not said it may be anything. */
function checkSame(
  { name, partitions: { length }, durability }: Stream,
  asked: { readonly partitions: number | null; readonly durability: DeclaredDurability },
): void {
  if (asked.partitions !== null && asked.partitions !== length) {
    const sentence = `stream '${name}' is there with ${length} partitions, not ${asked.partitions}`
    throw new StreamDiffers('STREAM_DIFFERS', sentence)
  }
  if (asked.durability === null || asked.durability === durability) return
  const current = durability ?? "the broker's own"
  const sentence = `stream '${name}' is there with durability ${current}, not ${asked.durability}`
  throw new StreamDiffers('STREAM_DIFFERS', sentence)
}

/**
 * The queue of the broker that takes what a line socket receives: made if it is not there, used as it is if it is,
 * and made again with the next message when somebody has deleted it. It owns no message: what is published is the
 * broker's.
 */
import { mark } from '../../base/mark.ts'
import { HELD } from '../../broker/room.ts'
import { DEFAULT_NAMESPACE, type Runtime } from '../../broker/runtime.ts'
import { type DurabilityMode, durabilityIn, isWeaker } from '../../machine/durability.ts'
import { Content, FORMAT_PLAIN } from '../../machine/message.ts'
import type { Queue } from '../../machine/queue.ts'
import { PLAIN_QUEUE } from '../../machine/queue-options.ts'
import { isRefusal, type Refusal } from '../../machine/refusal.ts'
import type { Route } from '../../machine/route.ts'
import { propertiesOfKind } from '../../wire/plain/body.ts'
import { lineLimits } from './limits.ts'
import type { LineMessage } from './message.ts'
import { LineOptionError, type LineOptions } from './options.ts'
import { type MessageQueue, QueueSink } from './queue-sink.ts'
import type { LineSink, Position } from './sink.ts'

const encoder = new TextEncoder()

/** Rejects with LineOptionError where no queue can have that name, or takes messages of that size. */
export async function openQueueSink(
  broker: Runtime,
  name: string,
  { messageBytesMax = lineLimits.messageBytesMax }: LineOptions,
): Promise<QueueSink> {
  const { bodyBytes } = broker.limits
  if (messageBytesMax > bodyBytes) {
    const reason = `is at most ${bodyBytes}, as a message of a queue is, not ${messageBytesMax}`
    throw new LineOptionError('messageBytesMax', reason)
  }
  const queue = await queueOf(broker, name)
  return new QueueSink(new LineQueue(broker, queue))
}

class LineQueue implements MessageQueue {
  readonly acknowledges: LineSink['acknowledges']
  readonly #broker: Runtime
  readonly #content = new Content()
  /** What `OK` of this queue says. */
  readonly #durability: DurabilityMode
  #queue: Queue
  #route: Route
  /** What the newest message waits for to be safe. */
  #through = 0
  /** Settles when a deleted queue is there again, or cannot be; null unless that is under way. */
  #remaking: Promise<void> | null = null
  /** Why it could not be made again; told to whoever asks next. */
  #refusal: Error | null = null

  constructor(broker: Runtime, queue: Queue) {
    this.#broker = broker
    this.#queue = queue
    this.#content.format = FORMAT_PLAIN
    this.#route = routeTo(broker, queue)
    this.#durability = durabilityIn(broker.durability, queue.options)
    this.acknowledges = this.#durability === 'memory' ? 'never' : 'durable'
  }

  publish(message: LineMessage): Position | 'full' {
    const { failure } = this.#broker
    if (failure !== null) throw failure
    if (this.#queue.deleted) return this.#remake()
    if (this.#route.stale) this.#route = routeTo(this.#broker, this.#queue)
    const isText = typeof message === 'string'
    const bytes = isText ? encoder.encode(message) : message
    const content = this.#content
    content.properties = propertiesOfKind[isText ? 'text' : 'bytes']
    content.propertiesSize = content.properties.length
    content.body = bytes
    content.bodySize = bytes.length
    const ticket = this.#broker.publish(this.#route, content, 'persistent')
    if (ticket === HELD) return 'full'
    this.#through = Math.max(this.#through, ticket)
    return this.#queue.nextSequence - 1
  }

  whenRoom(callback: () => void): void {
    if (this.#remaking === null) this.#broker.whenRoom(callback)
    else void this.#remaking.then(callback)
  }

  safe(): Promise<void> {
    return this.#broker.commits.settled(this.#through)
  }

  #remake(): 'full' {
    const refusal = this.#refusal
    this.#refusal = null
    if (refusal !== null) throw refusal
    this.#remaking ??= this.#makeAgain()
    return 'full'
  }

  async #makeAgain(): Promise<void> {
    mark('line/queue-made-again')
    try {
      const queue = await queueOf(this.#broker, this.#queue.name)
      // Whoever made it meanwhile may have made it transient, and OK would be a promise that nobody keeps.
      if (isWeaker(durabilityIn(this.#broker.durability, queue.options), this.#durability)) {
        throw new Error(`queue '${queue.name}' is not as durable any more as it was`)
      }
      this.#queue = queue
      this.#route = routeTo(this.#broker, queue)
    } catch (error) {
      this.#refusal = error instanceof Error ? error : new Error(String(error))
    }
    this.#remaking = null
  }
}

/** The queue of that name, whoever made it and how; made durable if there is none. */
async function queueOf(broker: Runtime, name: string): Promise<Queue> {
  const namespace = broker.namespace(DEFAULT_NAMESPACE)
  if (namespace === undefined) throw new Error('the broker is closed')
  const there = namespace.queues.get(name)
  if (there !== undefined) return there
  const request = { name, options: PLAIN_QUEUE, owner: null }
  const made = await broker.declare.queue(namespace, request)
  if (!isRefusal(made)) return made
  // Somebody else made it meanwhile, in another way.
  const since = namespace.queues.get(name)
  if (since !== undefined) return since
  throw new LineOptionError('queue', `cannot be '${name}': ${reasonOf(made)}`)
}

function reasonOf(refusal: Refusal): string {
  if (refusal.kind === 'name-invalid') return refusal.reason
  if (refusal.kind === 'too-many') return `there are ${refusal.max} ${refusal.what} already`
  return refusal.kind
}

function routeTo(broker: Runtime, queue: Queue): Route {
  const namespace = broker.namespace(queue.namespace)
  const route = namespace === undefined ? null : broker.route(namespace, '', queue.name)
  if (route === null || isRefusal(route)) throw new Error('the broker is closed')
  return route
}

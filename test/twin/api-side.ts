/** The operations as a program has them that embeds the broker. */
import type { Broker } from '../../src/api/broker.ts'
import { BrokerError } from '../../src/api/errors.ts'
import type { Message } from '../../src/api/message.ts'
import type { BrokerQueue } from '../../src/api/queue.ts'
import type { BrokerRecord } from '../../src/api/record.ts'
import type { BrokerStream } from '../../src/api/stream.ts'
import type { RecordBatch } from '../../src/api/stream-reader.ts'
import { type QueueOperation, STREAMS, type StreamOperation, type Verdict } from './program.ts'
import { bodyOf, MISSING, NOTHING, type QueueSide, type StreamSide, seen } from './side.ts'

type Operation<Kind> = Extract<QueueOperation | StreamOperation, { readonly kind: Kind }>

/** Lets everything happen that is due. */
export type Rest = () => Promise<void>

export class ApiQueues implements QueueSide {
  readonly #broker: Broker
  readonly #rest: Rest

  constructor(broker: Broker, rest: Rest) {
    this.#broker = broker
    this.#rest = rest
  }

  async run(operation: QueueOperation): Promise<string> {
    if (operation.kind === 'declare-queue') return this.#declare(operation)
    const queue = await codeToNull(this.#broker.queue(operation.queue), 'QUEUE_MISSING')
    if (queue === null) return MISSING
    switch (operation.kind) {
      case 'delete-queue':
        await queue.delete()
        return 'deleted'
      case 'purge':
        return `purged ${await queue.purge()}`
      case 'send': {
        const { bodies, persistence } = operation
        await queue.sendMany(bodies.map(bodyOf), { persistence })
        return 'sent'
      }
      case 'take':
        return this.#take(queue, operation)
    }
  }

  async hold(name: string, count: number): Promise<string> {
    const queue = await codeToNull(this.#broker.queue(name), 'QUEUE_MISSING')
    if (queue === null) return MISSING
    const most = Math.min(count, queue.readyCount)
    if (most === 0) return NOTHING
    const messages = await next(queue.consume({ prefetch: most }), most)
    return messages.map(shown).join('\n')
  }

  async #declare({ queue, durable, autoDelete }: Operation<'declare-queue'>): Promise<string> {
    const made = this.#broker.queue(queue, { durable, autoDelete })
    return (await codeToNull(made, 'QUEUE_DIFFERS')) === null ? 'differs' : 'made'
  }

  async #take(
    queue: BrokerQueue,
    { count, sending, verdicts }: Operation<'take'>,
  ): Promise<string> {
    const most = Math.min(count, queue.readyCount + sending.length)
    if (most === 0) return NOTHING
    const consumption = queue.consume({ prefetch: most })
    await this.#rest()
    if (sending.length > 0) await queue.sendMany(sending.map(bodyOf))
    const messages = await next(consumption, most)
    // All in one turn: else the next messages would come, and be given back unseen.
    for (const [index, message] of messages.entries()) {
      settle(message, verdicts[index % verdicts.length]!)
    }
    await consumption.close()
    return messages.map(shown).join('\n')
  }
}

function settle(message: Message, verdict: Verdict): void {
  if (verdict === 'ack') message.ack()
  if (verdict === 'give-back') message.giveBack()
}

function shown(message: Message): string {
  return seen({ text: message.text(), redelivered: message.redelivered })
}

async function next(consumption: AsyncIterator<Message>, count: number): Promise<Message[]> {
  const messages: Message[] = []
  while (messages.length < count) {
    const { value, done } = await consumption.next()
    if (done === true) throw new Error('the consumption ended early')
    messages.push(value)
  }
  return messages
}

export class ApiStreams implements StreamSide {
  readonly #broker: Broker
  readonly #rest: Rest

  constructor(broker: Broker, rest: Rest) {
    this.#broker = broker
    this.#rest = rest
  }

  async run(operation: StreamOperation): Promise<string> {
    if (operation.kind === 'declare-stream') {
      await this.#broker.stream(operation.stream, { partitions: STREAMS[operation.stream]! })
      return 'made'
    }
    const stream = await codeToNull(this.#broker.stream(operation.stream), 'STREAM_MISSING')
    if (stream === null) return MISSING
    switch (operation.kind) {
      case 'delete-stream':
        await stream.delete()
        return 'deleted'
      case 'append':
        return append(stream, operation)
      case 'read-some':
        return this.#read(stream, operation, 'one-batch')
      case 'read-all':
        return this.#read(stream, { ...operation, count: recordsMany }, 'all')
    }
  }

  async #read(
    stream: BrokerStream,
    { group, count }: { readonly group: string; readonly count: number },
    extent: 'one-batch' | 'all',
  ): Promise<string> {
    const abort = new AbortController()
    const reading = stream.readBatches({ group, recordsMax: count, signal: abort.signal })
    const records: BrokerRecord[] = []
    for (;;) {
      const batch = await this.#nextBatch(reading, abort)
      if (batch === null) break
      records.push(...batch.records)
      await batch.commit()
      if (extent === 'one-batch') break
    }
    abort.abort()
    await reading.return(undefined)
    return records.length === 0 ? NOTHING : records.map(shownRecord).sort().join('\n')
  }

  /** null when nothing comes any more. */
  async #nextBatch(
    reading: AsyncGenerator<RecordBatch>,
    abort: AbortController,
  ): Promise<RecordBatch | null> {
    const coming = reading.next()
    const found = await Promise.race([coming, this.#rest()])
    if (found !== undefined) return found.done === true ? null : found.value
    abort.abort()
    await coming
    return null
  }
}

const recordsMany = 1_000 // more than any batch of a program has

async function append(stream: BrokerStream, { batches }: Operation<'append'>): Promise<string> {
  const records = batches.flatMap(({ partition, records: inside }) =>
    inside.map(({ key, value, timeMs }) => ({
      ...{ body: new Uint8Array(Buffer.from(value)), partition, timeMs },
      ...(key === null ? {} : { key }),
    })),
  )
  const places = await stream.appendMany(records)
  let at = 0
  const firsts = batches.map(({ records: inside }) => {
    const first = places[at]!
    at += inside.length
    return `${first.partition}/${first.offset}`
  })
  return firsts.join(' ')
}

function shownRecord(record: BrokerRecord): string {
  const key = record.key === null ? '-' : Buffer.from(record.key).toString()
  return `${record.partition}/${record.offset} ${key} ${record.timeMs} ${record.text()}`
}

/** The value, or null where it fails with this code. */
async function codeToNull<T>(promise: Promise<T>, code: string): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof BrokerError && error.code === code) return null
    throw error
  }
}

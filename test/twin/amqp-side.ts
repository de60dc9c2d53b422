/** The operations on queues as an AMQP client has them. */
import assert from 'node:assert/strict'
import { ack, consume, declare, method, qos } from '../amqp/amqp-world.ts'
import { type AmqpClient, AmqpClosed, type AmqpMessage } from '../amqp/raw-client.ts'
import type { Rest } from './api-side.ts'
import type { BodyText, QueueOperation } from './program.ts'
import { bytesOf, MISSING, NOTHING, type QueueSide, seen } from './side.ts'

type Operation<Kind> = Extract<QueueOperation, { readonly kind: Kind }>

const CHANNEL = 1
const NOT_FOUND = 404
const PRECONDITION_FAILED = 406

export class AmqpQueues implements QueueSide {
  readonly #client: AmqpClient
  readonly #rest: Rest

  constructor(client: AmqpClient, rest: Rest) {
    this.#client = client
    this.#rest = rest
  }

  async run(operation: QueueOperation): Promise<string> {
    const client = this.#client
    const { queue } = operation
    if (operation.kind === 'declare-queue') return this.#declare(operation)
    const ready = await this.#ready(queue)
    if (ready === null) return MISSING
    switch (operation.kind) {
      case 'delete-queue': {
        const fields = { ticket: 0, queue, ifUnused: false, ifEmpty: false, noWait: false }
        await client.ask(method(CHANNEL, 'queue.delete', fields), 'queue.delete-ok')
        return 'deleted'
      }
      case 'purge': {
        const fields = { ticket: 0, queue, noWait: false }
        const answer = await client.ask(method(CHANNEL, 'queue.purge', fields), 'queue.purge-ok')
        assert('name' in answer && answer.name === 'queue.purge-ok')
        return `purged ${answer.fields.messageCount}`
      }
      case 'send':
        await this.#send(queue, operation.bodies, operation.persistence)
        return 'sent'
      case 'take':
        return this.#take(operation, ready)
    }
  }

  async hold(queue: string, count: number): Promise<string> {
    const ready = await this.#ready(queue)
    if (ready === null) return MISSING
    const most = Math.min(count, ready)
    if (most === 0) return NOTHING
    await this.#consume(queue, most)
    return (await this.#delivered(most)).map(shown).join('\n')
  }

  async #declare({ queue, durable, autoDelete }: Operation<'declare-queue'>): Promise<string> {
    const request = declare(CHANNEL, queue, { durable, autoDelete })
    const made = await this.#codeToNull(
      this.#client.ask(request, 'queue.declare-ok'),
      PRECONDITION_FAILED,
    )
    return made === null ? 'differs' : 'made'
  }

  /** Messages that nobody holds; null where there is no such queue. */
  async #ready(queue: string): Promise<number | null> {
    const asked = this.#client.ask(declare(CHANNEL, queue, { passive: true }), 'queue.declare-ok')
    const answer = await this.#codeToNull(asked, NOT_FOUND)
    if (answer === null) return null
    assert('name' in answer && answer.name === 'queue.declare-ok')
    return answer.fields.messageCount
  }

  async #send(
    queue: string,
    bodies: readonly BodyText[],
    persistence: 'persistent' | 'transient',
  ): Promise<void> {
    for (const body of bodies) {
      const contentType = contentTypes[body.kind]
      this.#client.publish({ queue, body: bytesOf(body), contentType, persistence })
    }
    await this.#client.allConfirmed()
  }

  async #take(operation: Operation<'take'>, ready: number): Promise<string> {
    const { queue, count, sending, verdicts } = operation
    const client = this.#client
    const most = Math.min(count, ready + sending.length)
    if (most === 0) return NOTHING
    await this.#consume(queue, most)
    await this.#rest()
    await this.#send(queue, sending, 'persistent')
    const messages = await this.#delivered(most)
    // Before anything is settled: nothing may come instead.
    const fields = { consumerTag: 'c', noWait: false }
    await client.ask(method(CHANNEL, 'basic.cancel', fields), 'basic.cancel-ok')
    for (const [index, message] of messages.entries()) {
      const verdict = verdicts[index % verdicts.length]!
      if (verdict === 'ack') client.say(ack(CHANNEL, tagOf(message)))
      if (verdict === 'give-back') client.say(nack(tagOf(message)))
    }
    await client.closeChannel()
    await client.openChannel()
    return messages.map(shown).join('\n')
  }

  async #consume(queue: string, prefetch: number): Promise<void> {
    const client = this.#client
    await client.ask(qos(CHANNEL, prefetch, 'consumer'), 'basic.qos-ok')
    await client.ask(consume(CHANNEL, queue), 'basic.consume-ok')
  }

  #delivered(count: number): Promise<AmqpMessage[]> {
    const { deliveries } = this.#client
    return this.#client.until(() =>
      deliveries.length < count ? null : deliveries.splice(0, deliveries.length),
    )
  }

  /** null where the channel was closed with this code; then it is open again. */
  async #codeToNull<T>(promise: Promise<T>, code: number): Promise<T | null> {
    try {
      return await promise
    } catch (error) {
      if (!(error instanceof AmqpClosed && error.code === code)) throw error
      await this.#client.openChannel()
      return null
    }
  }
}

const contentTypes = { bytes: null, text: 'text/plain', json: 'application/json' }

function nack(tag: number): Uint8Array {
  const fields = { deliveryTag: BigInt(tag), multiple: false, requeue: true }
  return method(CHANNEL, 'basic.nack', fields)
}

function tagOf({ method: { name, fields } }: AmqpMessage): number {
  assert(name === 'basic.deliver')
  return Number(fields.deliveryTag)
}

function shown({ method: { name, fields }, body }: AmqpMessage): string {
  assert(name === 'basic.deliver')
  return seen({ text: Buffer.from(body).toString(), redelivered: fields.redelivered })
}

/** The errors of the embedded broker: a stable code, and a sentence that says what happened and what to do. */
import type { Refusal } from '../machine/refusal.ts'

export type BrokerErrorCode =
  | 'BROKER_CLOSED'
  | 'BROKER_STOPPED'
  | 'QUEUE_MISSING'
  | 'QUEUE_DIFFERS'
  | 'STREAM_MISSING'
  | 'STREAM_DIFFERS'
  | 'NAME_INVALID'
  | 'BODY_TOO_LARGE'
  | 'BODY_INVALID'
  | 'DISK_FULL'
  | 'LIMIT_REACHED'
  | 'RECORDS_UNREADABLE'
  | 'REFUSED'

export class BrokerError extends Error {
  override readonly name: string = 'BrokerError'
  readonly code: BrokerErrorCode

  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** There is no queue or stream of this name; declare it with options to make it. */
export class QueueMissing extends BrokerError {
  override readonly name = 'QueueMissing'
}

/** It is there with other options. */
export class QueueDiffers extends BrokerError {
  override readonly name = 'QueueDiffers'
}

export class StreamMissing extends BrokerError {
  override readonly name = 'StreamMissing'
}

export class StreamDiffers extends BrokerError {
  override readonly name = 'StreamDiffers'
}

/**
 * Records that a Kafka client wrote cannot be read here. They stay where they are; whoever wants to go on begins at
 * `next`, or moves his group there.
 */
export class RecordsUnreadable extends BrokerError {
  override readonly name = 'RecordsUnreadable'
  readonly partition: number
  /** Of the first of them. */
  readonly offset: number
  /** Of the record behind the last of them. */
  readonly next: number

  constructor(place: RecordsPlace, reason: string, options?: ErrorOptions) {
    const { stream, partition, offset, next } = place
    const where = `stream '${stream}', partition ${partition}, offsets ${offset} to ${next - 1}`
    super('RECORDS_UNREADABLE', `${where}: ${reason}`, options)
    this.partition = partition
    this.offset = offset
    this.next = next
  }
}

/** Where records lie that were stored together. */
export type RecordsPlace = {
  readonly stream: string
  readonly partition: number
  readonly offset: number
  readonly next: number
}

/** The sentence for a refusal that is not the caller's to handle by name. */
export function errorOf(refusal: Refusal): BrokerError {
  switch (refusal.kind) {
    case 'queue-missing':
      return queueMissing(refusal.queue)
    case 'queue-differs':
      return new QueueDiffers(
        'QUEUE_DIFFERS',
        `queue '${refusal.queue}' is there with ${refusal.field} ${refusal.current}, ` +
          `not ${refusal.asked}; open it without options, or delete it first`,
      )
    case 'queue-locked':
      return new BrokerError('REFUSED', `queue '${refusal.queue}' belongs to one connection alone`)
    case 'stream-missing':
      return streamMissing(refusal.stream)
    case 'name-invalid':
      return new BrokerError(
        'NAME_INVALID',
        `'${refusal.name}' cannot be a name: ${refusal.reason}`,
      )
    case 'partitions-invalid':
      return new BrokerError(
        'LIMIT_REACHED',
        `a stream has 1 to ${refusal.max} partitions, not ${refusal.asked}`,
      )
    case 'too-many':
      return new BrokerError('LIMIT_REACHED', `no more than ${refusal.max} ${refusal.what}`)
    case 'full':
      return new BrokerError('DISK_FULL', 'the disk is full; consume something, or free space')
    case 'stopping':
      return closed()
    default:
      return new BrokerError('REFUSED', `refused: ${refusal.kind}`)
  }
}

export function queueMissing(name: string): QueueMissing {
  const advice = 'give options, if only {}, to make it'
  return new QueueMissing('QUEUE_MISSING', `there is no queue '${name}'; ${advice}`)
}

export function streamMissing(name: string): StreamMissing {
  const advice = 'give options, if only {}, to make it'
  return new StreamMissing('STREAM_MISSING', `there is no stream '${name}'; ${advice}`)
}

export function closed(): BrokerError {
  return new BrokerError('BROKER_CLOSED', 'the broker is closed')
}

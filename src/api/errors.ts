/** The errors of the embedded broker: a stable code, and a sentence that says what happened and what to do. */
import type { Refusal } from '../machine/refusal.ts'
import type { Appended } from './record.ts'

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
  | 'SEND_ABORTED'
  | 'APPEND_ABORTED'
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
 * Records that a Kafka client wrote in a way that is not read here, or that the disk does not give back now: then its
 * cause is a DiskError. They stay where they are; whoever wants to go on without them begins at `next`, or moves his
 * group there.
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

/** A `sendMany` was aborted when some of it was sent already. The signal's reason is its cause. */
export class SendAborted extends BrokerError {
  override readonly name = 'SendAborted'
  /** The first so many are in the queue, safe or not yet; the others were not sent, and never will be. */
  readonly sentCount: number

  constructor(sentCount: number, count: number, cause: unknown) {
    super('SEND_ABORTED', `aborted when ${sentCount} of ${count} messages were sent`, { cause })
    this.sentCount = sentCount
  }
}

/** An `appendMany` was aborted when some of it was appended already. The signal's reason is its cause. */
export class AppendAborted extends BrokerError {
  override readonly name = 'AppendAborted'
  /** Where each record went, safe or not yet; null for those that were not appended, and never will be. */
  readonly appended: readonly (Appended | null)[]

  constructor(appended: readonly (Appended | null)[], cause: unknown) {
    const count = appended.filter((place) => place !== null).length
    const sentence = `aborted when ${count} of ${appended.length} records were appended`
    super('APPEND_ABORTED', sentence, { cause })
    this.appended = appended
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
        `queue '${refusal.queue}' is there with ${refusal.field} ${inWords(refusal.current)}, ` +
          `not ${inWords(refusal.asked)}; open it without options, or delete it first`,
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
    case 'durability-impossible': {
      const { of, name, asked, reason } = refusal
      const sentence = `${of} '${name}' cannot have durability ${asked}: ${reason}`
      return new BrokerError('REFUSED', sentence)
    }
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

/** A durability that was not declared says so with null. */
function inWords(value: string): string {
  return value === 'null' ? "the broker's own" : value
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

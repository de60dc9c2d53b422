/** What a refusal of the broker is called in Kafka: the only file that knows both vocabularies. */
import type { Refusal } from '../../machine/refusal.ts'
import { type ErrorName, errorCodes } from '../../wire/kafka/error-codes.ts'

/** The error and, where the protocol has room for it, words for people. */
export type Reply = readonly [error: ErrorName, text: string]

const replies: {
  readonly [K in Refusal['kind']]: (refusal: Extract<Refusal, { kind: K }>) => Reply
} = {
  'namespace-missing': (r) => ['UNKNOWN_TOPIC_OR_PARTITION', `no namespace '${r.namespace}'`],
  'name-invalid': (r) => ['INVALID_TOPIC_EXCEPTION', `'${r.name}': ${r.reason}`],
  'name-taken': (r) => ['TOPIC_ALREADY_EXISTS', `'${r.name}' is a ${r.by}`],
  'queue-missing': (r) => ['UNKNOWN_TOPIC_OR_PARTITION', `no queue '${r.queue}'`],
  'queue-differs': (r) => ['INVALID_CONFIG', `'${r.field}' differs for queue '${r.queue}'`],
  'queue-locked': (r) => ['POLICY_VIOLATION', `queue '${r.queue}' belongs to another connection`],
  'queue-in-use': (r) => ['POLICY_VIOLATION', `queue '${r.queue}' is in use`],
  'queue-not-empty': (r) => ['POLICY_VIOLATION', `queue '${r.queue}' is not empty`],
  'queue-taken': (r) => ['POLICY_VIOLATION', `queue '${r.queue}' has an exclusive consumer`],
  'exchange-missing': (r) => ['UNKNOWN_TOPIC_OR_PARTITION', `no exchange '${r.exchange}'`],
  'exchange-kind-unknown': (r) => ['INVALID_CONFIG', `no exchanges of kind '${r.exchangeKind}'`],
  'exchange-differs': (r) => ['INVALID_CONFIG', `'${r.field}' differs for '${r.exchange}'`],
  'exchange-in-use': (r) => ['POLICY_VIOLATION', `exchange '${r.exchange}' is in use`],
  'exchange-fixed': (r) => ['POLICY_VIOLATION', `exchange '${r.exchange}' cannot be changed`],
  'exchange-internal': (r) => ['POLICY_VIOLATION', `exchange '${r.exchange}' is internal`],
  'stream-missing': (r) => ['UNKNOWN_TOPIC_OR_PARTITION', `no topic '${r.stream}'`],
  'stream-exists': (r) => ['TOPIC_ALREADY_EXISTS', `topic '${r.stream}' is there already`],
  'stream-differs': (r) => ['INVALID_CONFIG', `'${r.field}' differs for topic '${r.stream}'`],
  'partitions-invalid': (r) => [
    'INVALID_PARTITIONS',
    `${r.asked} partitions; 1 to ${r.max} are possible`,
  ],
  'durability-impossible': (r) => ['INVALID_CONFIG', `durability ${r.asked}: ${r.reason}`],
  'group-missing': (r) => ['GROUP_ID_NOT_FOUND', `no group '${r.group}'`],
  'too-large': (r) => ['MESSAGE_TOO_LARGE', `${r.sizeBytes} bytes; ${r.sizeBytesMax} fit`],
  'too-many': (r) => ['POLICY_VIOLATION', `too many ${r.what}; ${r.max} are the most`],
  full: () => ['KAFKA_STORAGE_ERROR', 'the disk is full'],
  stopping: () => ['KAFKA_STORAGE_ERROR', 'the broker is stopping'],
}

export function replyTo<K extends Refusal['kind']>(refusal: Extract<Refusal, { kind: K }>): Reply {
  const kind: K = refusal.kind
  return replies[kind](refusal)
}

export function codeOf(error: ErrorName): number {
  return errorCodes[error]
}

/** The topic of the world's Kafka clients, the requests they make, and what its group was shown so far. */

import { errorCodes } from '../../src/wire/kafka/error-codes.ts'
import {
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  decodeCreateTopicsResponse,
  encodeCreateTopicsRequest,
} from '../../src/wire/kafka/messages/create-topics.generated.ts'
import type { Exchange, KafkaLine } from './kafka-line.ts'

export const TOPIC = 'events'
export const TOPIC_PARTITIONS = 2
export const GROUP = 'workers'

const CREATE_MS = 1_000 // nobody waits for anybody else: there is one node

const createTopics: Exchange<CreateTopicsRequest, CreateTopicsResponse> = {
  ...{ api: 'CreateTopics', version: 5 },
  ...{ encode: encodeCreateTopicsRequest, decode: decodeCreateTopicsResponse },
}

/** Whether it is there now. */
export async function makeTopic(line: KafkaLine): Promise<boolean> {
  const counts = { numPartitions: TOPIC_PARTITIONS, replicationFactor: 1 }
  const topic = { name: TOPIC, ...counts, assignments: [], configs: [] }
  const request = { topics: [topic], timeoutMs: CREATE_MS, validateOnly: false }
  const { topics } = await line.ask(createTopics, request)
  const { NONE, TOPIC_ALREADY_EXISTS } = errorCodes
  return topics.every(({ errorCode }) => errorCode === NONE || errorCode === TOPIC_ALREADY_EXISTS)
}

/** What the history calls a partition as the group reads it. */
export function readingOf(partition: number): string {
  return `${TOPIC}/${partition} for ${GROUP}`
}

/** What the members of the group know together, by partition. */
export type GroupView = {
  /** The next offset that nobody was shown. */
  unseen: number
  /** Committed for certain, and perhaps. */
  atLeast: number
  atMost: number
}

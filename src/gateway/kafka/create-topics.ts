/** Makes topics for administrators: exactly what was asked for, or an error that says what is not there. */
import { type DeclaredDurability, isDurabilityMode } from '../../machine/durability.ts'
import { checkDurability } from '../../machine/plan.ts'
import { isRefusal, type Refusal } from '../../machine/refusal.ts'
import {
  type CreatableTopic,
  type CreatableTopicResult,
  decodeCreateTopicsRequest,
  encodeCreateTopicsResponse,
} from '../../wire/kafka/messages/create-topics.generated.ts'
import { NO_UUID, type WireReader } from '../../wire/kafka/reader.ts'
import type { Call } from './call.ts'
import { type Gateway, idOf, NODE_ID } from './gateway.ts'
import { replyTextChars } from './limits.ts'
import { codeOf, type Reply, replyTo } from './replies.ts'
import { checkTopicName, makeTopic } from './topics.ts'

/** "You decide", for the count of partitions and of replicas. */
const DEFAULT = -1

/** Settings that say what is so anyway. Any other value, and any other setting, would be a promise not kept. */
const kept: ReadonlyMap<string, readonly string[]> = new Map([
  ['cleanup.policy', ['delete']],
  ['retention.ms', ['-1']],
  ['retention.bytes', ['-1']],
  ['compression.type', ['producer']],
  ['message.timestamp.type', ['CreateTime']],
  ['min.insync.replicas', ['1']],
])

/** How safe a record is when its producer is told so: `fsync` or `os`. Without it the broker's own. */
const DURABILITY = 'naru.durability'

export function answerCreateTopics(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const { topics, validateOnly } = decodeCreateTopicsRequest(r, version)
  const counts = new Map<string, number>()
  for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1)
  const works = topics.map(async (topic) => {
    if (counts.get(topic.name) !== 1) {
      return failed(topic, ['INVALID_REQUEST', 'the topic is named twice'])
    }
    return validateOnly ? validate(gateway, topic) : create(gateway, topic)
  })
  Promise.all(works).then(
    (results) => {
      const response = { throttleTimeMs: 0, topics: results }
      call.answer((w) => encodeCreateTopicsResponse(w, version, response))
    },
    (error: unknown) => call.fail(String(error)),
  )
}

async function create(gateway: Gateway, topic: CreatableTopic): Promise<CreatableTopicResult> {
  const partitions = partitionsOf(gateway, topic)
  const flaw = judge(gateway, topic)
  if (flaw !== null) return failed(topic, flaw)
  const { name } = topic
  const made = await makeTopic(gateway, { name, partitions, durability: durabilityOf(topic) })
  if (isRefusal(made)) return failed(topic, replyTo(made))
  return done(topic, { topicId: idOf(made), partitions: made.partitions.length })
}

function validate(gateway: Gateway, topic: CreatableTopic): CreatableTopicResult {
  const { name } = topic
  const there: Refusal | null = gateway.namespace.streams.has(name)
    ? { kind: 'stream-exists', stream: name }
    : null
  const refusal = checkTopicName(name) ?? there
  const flaw = judge(gateway, topic) ?? (refusal === null ? null : replyTo(refusal))
  if (flaw !== null) return failed(topic, flaw)
  return done(topic, { topicId: NO_UUID, partitions: partitionsOf(gateway, topic) })
}

function judge(gateway: Gateway, topic: CreatableTopic): Reply | null {
  return judgeCounts(topic) ?? judgeConfigs(gateway, topic)
}

function judgeCounts({
  numPartitions,
  replicationFactor,
  assignments,
}: CreatableTopic): Reply | null {
  if (assignments.length > 0) {
    if (numPartitions !== DEFAULT || replicationFactor !== DEFAULT) {
      return ['INVALID_REQUEST', 'both counts and an assignment are given']
    }
    const isDense = assignments.every(({ partitionIndex }, index) => partitionIndex === index)
    const isHere = assignments.every(
      ({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === NODE_ID,
    )
    if (!isDense || !isHere) {
      return ['INVALID_REPLICA_ASSIGNMENT', `partitions from 0 up, each on node ${NODE_ID}`]
    }
  } else if (numPartitions !== DEFAULT && numPartitions < 1) {
    return ['INVALID_PARTITIONS', `${numPartitions} partitions`]
  } else if (replicationFactor !== DEFAULT && replicationFactor !== 1) {
    return ['INVALID_REPLICATION_FACTOR', `${replicationFactor} replicas; there is one node`]
  }
  return null
}

function judgeConfigs({ broker }: Gateway, topic: CreatableTopic): Reply | null {
  for (const { name, value } of topic.configs) {
    if (value === null || kept.get(name)?.includes(value) === true) continue
    if (name === DURABILITY && isDurabilityMode(value)) continue
    return ['INVALID_CONFIG', `${name}=${value} is not possible`]
  }
  const asked = { name: topic.name, durable: true, durability: durabilityOf(topic) }
  const refusal = checkDurability('stream', asked, broker.durability)
  return refusal === null ? null : replyTo(refusal)
}

/** As its configs say; of several that say so the last one counts, as with Kafka. */
function durabilityOf({ configs }: CreatableTopic): DeclaredDurability {
  const value = configs.findLast(({ name }) => name === DURABILITY)?.value ?? null
  return isDurabilityMode(value) ? value : null
}

function partitionsOf({ options }: Gateway, topic: CreatableTopic): number {
  if (topic.assignments.length > 0) return topic.assignments.length
  return topic.numPartitions === DEFAULT ? options.partitions : topic.numPartitions
}

function done(
  { name }: CreatableTopic,
  { topicId, partitions }: { readonly topicId: string; readonly partitions: number },
): CreatableTopicResult {
  return {
    name,
    topicId,
    errorCode: 0,
    errorMessage: null,
    topicConfigErrorCode: 0,
    numPartitions: partitions,
    replicationFactor: 1,
    configs: [],
  }
}

function failed({ name }: CreatableTopic, [error, errorMessage]: Reply): CreatableTopicResult {
  return {
    name,
    topicId: NO_UUID,
    errorCode: codeOf(error),
    errorMessage: errorMessage.slice(0, replyTextChars),
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  }
}

/** Tells clients where everything is: on this one node. Makes topics that are asked for, where that is allowed. */

import type { Stream } from '../../machine/stream.ts'
import {
  decodeFindCoordinatorRequest,
  encodeFindCoordinatorResponse,
} from '../../wire/kafka/messages/find-coordinator.generated.ts'
import {
  decodeMetadataRequest,
  encodeMetadataResponse,
  type MetadataRequest,
  type MetadataRequestTopic,
  type MetadataResponseTopic,
} from '../../wire/kafka/messages/metadata.generated.ts'
import { NO_UUID, type WireReader } from '../../wire/kafka/reader.ts'
import type { Call } from './call.ts'
import { findTopic, type Gateway, idOf, LEADER_EPOCH, NODE_ID } from './gateway.ts'
import { codeOf, replyTo } from './replies.ts'
import { checkTopicName, isStream, makeTopic } from './topics.ts'

/** No permissions were asked for, or there are none to tell of. */
export const NO_OPERATIONS: number = -(2 ** 31)

/** From here on an empty list means no topics; before, it means all. */
const NULL_IS_ALL_MIN = 1

/** Coordinators are asked for in lists. */
const COORDINATORS_MIN = 4

/** What a coordinator is asked for; the others belong to transactions and share groups. */
const GROUP_KEY = 0

export function answerMetadata(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const request = decodeMetadataRequest(r, version)
  const isAll =
    request.topics === null || (version < NULL_IS_ALL_MIN && request.topics.length === 0)
  if (isAll) {
    const streams = [...gateway.namespace.streams.values()]
    answer(
      call,
      streams.map((stream) => describe(stream)),
    )
    return
  }
  const asked = request.topics ?? []
  const isMissing = asked.some((topic) => findTopic(gateway, topic) === null)
  if (!isMissing || !makesTopics(gateway, request)) {
    answer(
      call,
      asked.map((topic) => find(gateway, topic)),
    )
    return
  }
  Promise.all(asked.map((topic) => findOrMake(gateway, topic))).then(
    (topics) => answer(call, topics),
    (error: unknown) => call.fail(String(error)),
  )
}

export function answerFindCoordinator(call: Call, r: WireReader): void {
  const { version } = call
  const { key, keyType, coordinatorKeys } = decodeFindCoordinatorRequest(r, version)
  const isGroup = keyType === GROUP_KEY
  const { host, port } = call.endpoint
  const place = isGroup ? { nodeId: NODE_ID, host, port } : { nodeId: -1, host: '', port: -1 }
  const errorCode = codeOf(isGroup ? 'NONE' : 'INVALID_REQUEST')
  const errorMessage = isGroup ? null : 'only groups have a coordinator here'
  const keys = version >= COORDINATORS_MIN ? coordinatorKeys : [key]
  const coordinators = keys.map((each) => ({ key: each, ...place, errorCode, errorMessage }))
  const response = { throttleTimeMs: 0, errorCode, errorMessage, ...place, coordinators }
  call.answer((w) => encodeFindCoordinatorResponse(w, version, response))
}

function makesTopics({ options }: Gateway, request: MetadataRequest): boolean {
  return options.autoCreate === 'on' && request.allowAutoTopicCreation
}

function find(gateway: Gateway, asked: MetadataRequestTopic): MetadataResponseTopic {
  const stream = findTopic(gateway, asked)
  if (stream !== null) return describe(stream)
  if (asked.topicId !== NO_UUID) return missing(asked, codeOf('UNKNOWN_TOPIC_ID'))
  // Whoever asks for what can never be there shall not wait for it.
  const refusal = checkTopicName(asked.name ?? '')
  return missing(
    asked,
    codeOf(refusal === null ? 'UNKNOWN_TOPIC_OR_PARTITION' : replyTo(refusal)[0]),
  )
}

async function findOrMake(
  gateway: Gateway,
  asked: MetadataRequestTopic,
): Promise<MetadataResponseTopic> {
  const { name, topicId } = asked
  if (name === null || topicId !== NO_UUID || findTopic(gateway, asked) !== null) {
    return find(gateway, asked)
  }
  const { partitions } = gateway.options
  const made = await makeTopic(gateway, { name, partitions, durability: null })
  if (isStream(made)) return describe(made)
  // Somebody else asked for it at the same time.
  if (made.kind === 'stream-exists') return find(gateway, asked)
  return missing(asked, codeOf(replyTo(made)[0]))
}

function answer(call: Call, topics: readonly MetadataResponseTopic[]): void {
  const { gateway, version } = call
  const { host, port } = call.endpoint
  const response = {
    throttleTimeMs: 0,
    brokers: [{ nodeId: NODE_ID, host, port, rack: null }],
    clusterId: idOf(gateway.broker),
    controllerId: NODE_ID,
    topics,
    clusterAuthorizedOperations: NO_OPERATIONS,
    errorCode: 0,
  }
  call.answer((w) => encodeMetadataResponse(w, version, response))
}

function describe(stream: Stream): MetadataResponseTopic {
  return {
    errorCode: 0,
    name: stream.name,
    topicId: idOf(stream),
    isInternal: false,
    partitions: stream.partitions.map(({ index }) => ({
      errorCode: 0,
      partitionIndex: index,
      leaderId: NODE_ID,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: [NODE_ID],
      isrNodes: [NODE_ID],
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: NO_OPERATIONS,
  }
}

function missing(asked: MetadataRequestTopic, errorCode: number): MetadataResponseTopic {
  return {
    errorCode,
    name: asked.name,
    topicId: asked.topicId,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: NO_OPERATIONS,
  }
}

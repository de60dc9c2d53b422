/** Deletes topics, by name or by id, durably. */
import {
  type DeletableTopicResult,
  type DeleteTopicState,
  decodeDeleteTopicsRequest,
  encodeDeleteTopicsResponse,
} from '../../wire/kafka/messages/delete-topics.generated.ts'
import { NO_UUID, type WireReader } from '../../wire/kafka/reader.ts'
import type { Call } from './call.ts'
import { findTopic, type Gateway, idOf } from './gateway.ts'
import { codeOf, replyTo } from './replies.ts'

/** Before it, topics are named by their names alone. */
const TOPIC_STATES_MIN = 6

export function answerDeleteTopics(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const request = decodeDeleteTopicsRequest(r, version)
  const asked =
    version >= TOPIC_STATES_MIN
      ? request.topics
      : request.topicNames.map((name) => ({ name, topicId: NO_UUID }))
  Promise.all(asked.map((topic) => remove(gateway, topic))).then(
    (responses) => {
      const response = { throttleTimeMs: 0, responses }
      call.answer((w) => encodeDeleteTopicsResponse(w, version, response))
    },
    (error: unknown) => call.fail(String(error)),
  )
}

async function remove(gateway: Gateway, asked: DeleteTopicState): Promise<DeletableTopicResult> {
  const stream = findTopic(gateway, asked)
  if (stream === null) {
    const isById = asked.topicId !== NO_UUID
    const errorCode = codeOf(isById ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION')
    return { ...asked, errorCode, errorMessage: null }
  }
  const { broker, namespace } = gateway
  const topic = { name: stream.name, topicId: idOf(stream) }
  const refusal = await broker.declare.deleteStream(namespace, stream.name)
  if (refusal === null) return { ...topic, errorCode: 0, errorMessage: null }
  const [error, errorMessage] = replyTo(refusal)
  return { ...topic, errorCode: codeOf(error), errorMessage }
}

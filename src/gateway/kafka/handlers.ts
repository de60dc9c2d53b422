/**
 * Which requests are served, and by whom. What is not in this table is not advertised, and asking for
 * it, or for a version outside its range, ends the connection: the protocol has no other answer.
 */
import { apiOf } from '../../wire/kafka/frame.ts'
import { type ApiName, apis } from '../../wire/kafka/messages/apis.generated.ts'
import type { WireReader } from '../../wire/kafka/reader.ts'
import { answerApiVersions, refuseApiVersions } from './api-versions.ts'
import type { Call } from './call.ts'
import { answerCreateTopics } from './create-topics.ts'
import { answerDeleteTopics } from './delete-topics.ts'
import { answerFetch } from './fetch.ts'
import {
  answerDescribeGroups,
  answerHeartbeat,
  answerJoinGroup,
  answerLeaveGroup,
  answerListGroups,
  answerSyncGroup,
} from './group-calls.ts'
import { answerListOffsets } from './list-offsets.ts'
import { answerFindCoordinator, answerMetadata } from './metadata.ts'
import { answerOffsetCommit, answerOffsetFetch } from './offsets.ts'
import { answerProduce } from './produce.ts'

/** Decodes the request, within the call, and answers it, now or later. */
type Handler = (call: Call, r: WireReader) => void

const served: Readonly<Record<ApiName, Handler>> = {
  Produce: answerProduce,
  Fetch: answerFetch,
  ListOffsets: answerListOffsets,
  Metadata: answerMetadata,
  OffsetCommit: answerOffsetCommit,
  OffsetFetch: answerOffsetFetch,
  FindCoordinator: answerFindCoordinator,
  JoinGroup: answerJoinGroup,
  Heartbeat: answerHeartbeat,
  LeaveGroup: answerLeaveGroup,
  SyncGroup: answerSyncGroup,
  DescribeGroups: answerDescribeGroups,
  ListGroups: answerListGroups,
  ApiVersions: answerApiVersions,
  CreateTopics: answerCreateTopics,
  DeleteTopics: answerDeleteTopics,
}

const byKey = new Map<number, Handler>(
  (Object.keys(served) as ApiName[]).map((name) => [apis[name].key, served[name]]),
)

export function handle(call: Call, r: WireReader): void {
  const { apiKey, version } = call.header
  const row = apiOf(apiKey)
  const handler = byKey.get(apiKey)
  if (row !== undefined && handler !== undefined && version >= row.min && version <= row.max) {
    handler(call, r)
  } else if (apiKey === apis.ApiVersions.key) {
    refuseApiVersions(call)
  } else {
    call.fail(`API ${apiKey} version ${version} is not served`)
  }
}

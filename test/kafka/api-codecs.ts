/** What a client needs of each API: how its requests are written and its responses read. For tests alone. */

import * as apiVersions from '../../src/wire/kafka/messages/api-versions.generated.ts'
import type { ApiName } from '../../src/wire/kafka/messages/apis.generated.ts'
import * as createTopics from '../../src/wire/kafka/messages/create-topics.generated.ts'
import * as deleteTopics from '../../src/wire/kafka/messages/delete-topics.generated.ts'
import * as describeGroups from '../../src/wire/kafka/messages/describe-groups.generated.ts'
import * as fetch from '../../src/wire/kafka/messages/fetch.generated.ts'
import * as findCoordinator from '../../src/wire/kafka/messages/find-coordinator.generated.ts'
import * as heartbeat from '../../src/wire/kafka/messages/heartbeat.generated.ts'
import * as joinGroup from '../../src/wire/kafka/messages/join-group.generated.ts'
import * as leaveGroup from '../../src/wire/kafka/messages/leave-group.generated.ts'
import * as listGroups from '../../src/wire/kafka/messages/list-groups.generated.ts'
import * as listOffsets from '../../src/wire/kafka/messages/list-offsets.generated.ts'
import * as metadata from '../../src/wire/kafka/messages/metadata.generated.ts'
import * as offsetCommit from '../../src/wire/kafka/messages/offset-commit.generated.ts'
import * as offsetFetch from '../../src/wire/kafka/messages/offset-fetch.generated.ts'
import * as produce from '../../src/wire/kafka/messages/produce.generated.ts'
import * as syncGroup from '../../src/wire/kafka/messages/sync-group.generated.ts'
import type { WireReader } from '../../src/wire/kafka/reader.ts'
import type { WireWriter } from '../../src/wire/kafka/writer.ts'

interface Requests {
  readonly ApiVersions: apiVersions.ApiVersionsRequest
  readonly CreateTopics: createTopics.CreateTopicsRequest
  readonly DeleteTopics: deleteTopics.DeleteTopicsRequest
  readonly DescribeGroups: describeGroups.DescribeGroupsRequest
  readonly Fetch: fetch.FetchRequest
  readonly FindCoordinator: findCoordinator.FindCoordinatorRequest
  readonly Heartbeat: heartbeat.HeartbeatRequest
  readonly JoinGroup: joinGroup.JoinGroupRequest
  readonly LeaveGroup: leaveGroup.LeaveGroupRequest
  readonly ListGroups: listGroups.ListGroupsRequest
  readonly ListOffsets: listOffsets.ListOffsetsRequest
  readonly Metadata: metadata.MetadataRequest
  readonly OffsetCommit: offsetCommit.OffsetCommitRequest
  readonly OffsetFetch: offsetFetch.OffsetFetchRequest
  readonly Produce: produce.ProduceRequest
  readonly SyncGroup: syncGroup.SyncGroupRequest
}

interface Responses {
  readonly ApiVersions: apiVersions.ApiVersionsResponse
  readonly CreateTopics: createTopics.CreateTopicsResponse
  readonly DeleteTopics: deleteTopics.DeleteTopicsResponse
  readonly DescribeGroups: describeGroups.DescribeGroupsResponse
  readonly Fetch: fetch.FetchResponse
  readonly FindCoordinator: findCoordinator.FindCoordinatorResponse
  readonly Heartbeat: heartbeat.HeartbeatResponse
  readonly JoinGroup: joinGroup.JoinGroupResponse
  readonly LeaveGroup: leaveGroup.LeaveGroupResponse
  readonly ListGroups: listGroups.ListGroupsResponse
  readonly ListOffsets: listOffsets.ListOffsetsResponse
  readonly Metadata: metadata.MetadataResponse
  readonly OffsetCommit: offsetCommit.OffsetCommitResponse
  readonly OffsetFetch: offsetFetch.OffsetFetchResponse
  readonly Produce: produce.ProduceResponse
  readonly SyncGroup: syncGroup.SyncGroupResponse
}

export type Body<N extends ApiName> = Requests[N]
export type Answer<N extends ApiName> = Responses[N]

export interface ApiCodec<N extends ApiName> {
  readonly encode: (w: WireWriter, version: number, body: Body<N>) => void
  readonly decode: (r: WireReader, version: number) => Answer<N>
}

export const apiCodecs: { readonly [N in ApiName]: ApiCodec<N> } = {
  ApiVersions: {
    encode: apiVersions.encodeApiVersionsRequest,
    decode: apiVersions.decodeApiVersionsResponse,
  },
  CreateTopics: {
    encode: createTopics.encodeCreateTopicsRequest,
    decode: createTopics.decodeCreateTopicsResponse,
  },
  DeleteTopics: {
    encode: deleteTopics.encodeDeleteTopicsRequest,
    decode: deleteTopics.decodeDeleteTopicsResponse,
  },
  DescribeGroups: {
    encode: describeGroups.encodeDescribeGroupsRequest,
    decode: describeGroups.decodeDescribeGroupsResponse,
  },
  Fetch: { encode: fetch.encodeFetchRequest, decode: fetch.decodeFetchResponse },
  FindCoordinator: {
    encode: findCoordinator.encodeFindCoordinatorRequest,
    decode: findCoordinator.decodeFindCoordinatorResponse,
  },
  Heartbeat: {
    encode: heartbeat.encodeHeartbeatRequest,
    decode: heartbeat.decodeHeartbeatResponse,
  },
  JoinGroup: {
    encode: joinGroup.encodeJoinGroupRequest,
    decode: joinGroup.decodeJoinGroupResponse,
  },
  LeaveGroup: {
    encode: leaveGroup.encodeLeaveGroupRequest,
    decode: leaveGroup.decodeLeaveGroupResponse,
  },
  ListGroups: {
    encode: listGroups.encodeListGroupsRequest,
    decode: listGroups.decodeListGroupsResponse,
  },
  ListOffsets: {
    encode: listOffsets.encodeListOffsetsRequest,
    decode: listOffsets.decodeListOffsetsResponse,
  },
  Metadata: { encode: metadata.encodeMetadataRequest, decode: metadata.decodeMetadataResponse },
  OffsetCommit: {
    encode: offsetCommit.encodeOffsetCommitRequest,
    decode: offsetCommit.decodeOffsetCommitResponse,
  },
  OffsetFetch: {
    encode: offsetFetch.encodeOffsetFetchRequest,
    decode: offsetFetch.decodeOffsetFetchResponse,
  },
  Produce: { encode: produce.encodeProduceRequest, decode: produce.decodeProduceResponse },
  SyncGroup: {
    encode: syncGroup.encodeSyncGroupRequest,
    decode: syncGroup.decodeSyncGroupResponse,
  },
}

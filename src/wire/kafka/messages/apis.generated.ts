/** The APIs of the message table by name: generated from the table in schema/, never edited. */
export interface ApiRow {
  readonly key: number
  readonly min: number
  readonly max: number
  readonly flexibleMin: number
}

export type ApiName =
  | 'ApiVersions'
  | 'CreateTopics'
  | 'DeleteTopics'
  | 'DescribeGroups'
  | 'Fetch'
  | 'FindCoordinator'
  | 'Heartbeat'
  | 'JoinGroup'
  | 'LeaveGroup'
  | 'ListGroups'
  | 'ListOffsets'
  | 'Metadata'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'Produce'
  | 'SyncGroup'

export const apis: Readonly<Record<ApiName, ApiRow>> = {
  Produce: { key: 0, min: 3, max: 13, flexibleMin: 9 },
  Fetch: { key: 1, min: 4, max: 18, flexibleMin: 12 },
  ListOffsets: { key: 2, min: 1, max: 11, flexibleMin: 6 },
  Metadata: { key: 3, min: 0, max: 13, flexibleMin: 9 },
  OffsetCommit: { key: 8, min: 2, max: 10, flexibleMin: 8 },
  OffsetFetch: { key: 9, min: 1, max: 10, flexibleMin: 6 },
  FindCoordinator: { key: 10, min: 0, max: 6, flexibleMin: 3 },
  JoinGroup: { key: 11, min: 0, max: 9, flexibleMin: 6 },
  Heartbeat: { key: 12, min: 0, max: 4, flexibleMin: 4 },
  LeaveGroup: { key: 13, min: 0, max: 5, flexibleMin: 4 },
  SyncGroup: { key: 14, min: 0, max: 5, flexibleMin: 4 },
  DescribeGroups: { key: 15, min: 0, max: 6, flexibleMin: 5 },
  ListGroups: { key: 16, min: 0, max: 5, flexibleMin: 3 },
  ApiVersions: { key: 18, min: 0, max: 4, flexibleMin: 3 },
  CreateTopics: { key: 19, min: 2, max: 7, flexibleMin: 5 },
  DeleteTopics: { key: 20, min: 1, max: 6, flexibleMin: 4 },
}

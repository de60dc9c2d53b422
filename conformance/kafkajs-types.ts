/** What the program for kafkajs uses of it, as types: the package itself is fetched when the program runs. */

export interface OutMessage {
  readonly key?: string | null
  readonly value: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly partition?: number
  readonly timestamp?: string
}

export interface InMessage {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer>>
  readonly offset: string
  readonly timestamp: string
}

export interface Sent {
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset?: string
}

export interface Producer {
  connect(): Promise<void>
  disconnect(): Promise<void>
  send(record: {
    readonly topic: string
    readonly acks?: number
    readonly compression?: number
    readonly messages: readonly OutMessage[]
  }): Promise<Sent[]>
  sendBatch(batch: {
    readonly topicMessages: readonly {
      readonly topic: string
      readonly messages: readonly OutMessage[]
    }[]
  }): Promise<Sent[]>
  transaction(): Promise<{ abort(): Promise<void> }>
}

export interface EachMessage {
  readonly topic: string
  readonly partition: number
  readonly message: InMessage
}

export interface EachBatch {
  readonly batch: {
    readonly topic: string
    readonly partition: number
    readonly highWatermark: string
    readonly messages: readonly InMessage[]
  }
  resolveOffset(offset: string): void
  heartbeat(): Promise<void>
  commitOffsetsIfNecessary(): Promise<void>
}

export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: string
}

export interface Consumer {
  readonly events: Readonly<Record<'GROUP_JOIN', string>>
  connect(): Promise<void>
  disconnect(): Promise<void>
  subscribe(what: {
    readonly topics: readonly string[]
    readonly fromBeginning?: boolean
  }): Promise<void>
  run(how: {
    readonly autoCommit?: boolean
    readonly eachBatchAutoResolve?: boolean
    readonly eachMessage?: (message: EachMessage) => Promise<void>
    readonly eachBatch?: (batch: EachBatch) => Promise<void>
  }): Promise<void>
  seek(position: Position): void
  pause(what: readonly { readonly topic: string }[]): void
  resume(what: readonly { readonly topic: string }[]): void
  commitOffsets(positions: readonly Position[]): Promise<void>
  on(
    event: string,
    listener: (told: {
      readonly payload: { readonly memberAssignment: Readonly<Record<string, number[]>> }
    }) => void,
  ): void
}

export interface PartitionOffsets {
  readonly partition: number
  readonly offset: string
}

export interface Admin {
  connect(): Promise<void>
  disconnect(): Promise<void>
  createTopics(what: {
    readonly topics: readonly {
      readonly topic: string
      readonly numPartitions?: number
      readonly configEntries?: readonly { readonly name: string; readonly value: string }[]
    }[]
  }): Promise<boolean>
  deleteTopics(what: { readonly topics: readonly string[] }): Promise<void>
  listTopics(): Promise<string[]>
  fetchTopicMetadata(what: { readonly topics: readonly string[] }): Promise<{
    readonly topics: readonly {
      readonly name: string
      readonly partitions: readonly { readonly leader: number }[]
    }[]
  }>
  fetchTopicOffsets(
    topic: string,
  ): Promise<readonly (PartitionOffsets & { readonly low: string; readonly high: string })[]>
  fetchTopicOffsetsByTimestamp(topic: string, timeMs: number): Promise<readonly PartitionOffsets[]>
  fetchOffsets(what: {
    readonly groupId: string
    readonly topics: readonly string[]
  }): Promise<
    readonly { readonly topic: string; readonly partitions: readonly PartitionOffsets[] }[]
  >
  setOffsets(what: {
    readonly groupId: string
    readonly topic: string
    readonly partitions: readonly PartitionOffsets[]
  }): Promise<void>
  resetOffsets(what: {
    readonly groupId: string
    readonly topic: string
    readonly earliest?: boolean
  }): Promise<void>
  listGroups(): Promise<{ readonly groups: readonly { readonly groupId: string }[] }>
  describeGroups(groups: readonly string[]): Promise<{
    readonly groups: readonly { readonly state: string; readonly members: readonly unknown[] }[]
  }>
  describeCluster(): Promise<{ readonly brokers: readonly unknown[]; readonly controller: number }>
  deleteGroups(groups: readonly string[]): Promise<unknown>
  createPartitions(what: {
    readonly topicPartitions: readonly { readonly topic: string; readonly count: number }[]
  }): Promise<boolean>
  deleteTopicRecords(what: {
    readonly topic: string
    readonly partitions: readonly PartitionOffsets[]
  }): Promise<void>
  describeConfigs(what: {
    readonly resources: readonly { readonly type: number; readonly name: string }[]
    readonly includeSynonyms: boolean
  }): Promise<unknown>
}

export interface Kafka {
  producer(options?: {
    readonly idempotent?: boolean
    readonly transactionalId?: string
    readonly allowAutoTopicCreation?: boolean
  }): Producer
  consumer(options: {
    readonly groupId: string
    readonly sessionTimeout?: number
    readonly heartbeatInterval?: number
    readonly maxWaitTimeInMs?: number
    readonly maxBytesPerPartition?: number
  }): Consumer
  admin(): Admin
}

export interface KafkajsModule {
  readonly Kafka: new (options: {
    readonly clientId: string
    readonly brokers: readonly string[]
    readonly logLevel: number
    readonly retry: { readonly retries: number; readonly initialRetryTime: number }
  }) => Kafka
  readonly CompressionTypes: Readonly<Record<'None' | 'GZIP', number>>
  readonly logLevel: Readonly<Record<'NOTHING', number>>
}

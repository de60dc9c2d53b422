/**
 * OffsetCommit and OffsetFetch: where groups go on. The offsets are the broker's and durable; who may
 * commit is the group's to say.
 */
import { mark } from '../../base/mark.ts'
import { HELD } from '../../broker/room.ts'
import type { Commitment } from '../../machine/group.ts'
import type { Partition } from '../../machine/partition.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import {
  decodeOffsetCommitRequest,
  encodeOffsetCommitResponse,
  type OffsetCommitRequest,
  type OffsetCommitRequestPartition,
} from '../../wire/kafka/messages/offset-commit.generated.ts'
import {
  decodeOffsetFetchRequest,
  encodeOffsetFetchResponse,
  type OffsetFetchResponseGroup,
  type OffsetFetchResponsePartitions,
} from '../../wire/kafka/messages/offset-fetch.generated.ts'
import { NO_UUID, type WireReader } from '../../wire/kafka/reader.ts'
import type { Call } from './call.ts'
import { findPartition, findTopic, type Gateway, idOf, OFFSET_MAX } from './gateway.ts'
import { checkGroupId } from './group-calls.ts'
import { codeOf } from './replies.ts'

/** Commitments go to the journal in entries of about so many bytes. */
const ENTRY_BYTES = 32 * 1024
const COMMITMENT_BYTES = 12

/** From here on several groups are asked for at once. */
const FETCH_GROUPS_MIN = 8

export function answerOffsetCommit(call: Call, r: WireReader): void {
  const request = decodeOffsetCommitRequest(r, call.version)
  new OffsetCommit(call, request).run()
}

class OffsetCommit {
  readonly #call: Call
  readonly #request: OffsetCommitRequest
  #errors: ErrorName[] = []
  /** What is still to be written. */
  #commitments: Commitment[] = []
  #ticket = 0
  #isDropped = false

  constructor(call: Call, request: OffsetCommitRequest) {
    this.#call = call
    this.#request = request
    const { gateway } = call
    const error = this.#refuse()
    for (const { name, topicId, partitions } of request.topics) {
      const stream = findTopic(gateway, { name, topicId })
      const missing =
        stream === null && topicId !== NO_UUID ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
      for (const asked of partitions) {
        const partition = findPartition(stream, asked.partitionIndex)
        const own =
          error !== 'NONE' ? error : partition === null ? missing : this.#plan(partition, asked)
        this.#errors.push(own)
      }
    }
  }

  /** Writes until all is written or the journal has no room; then it goes on when there is some. */
  run(): void {
    const { broker, namespace } = this.#call.gateway
    while (this.#commitments.length > 0) {
      const count = fitting(this.#commitments)
      const piece = this.#commitments.slice(0, count)
      const ticket = broker.commitOffsets(namespace, this.#request.groupId, piece)
      if (ticket === HELD) {
        if (broker.failure !== null) {
          this.#call.fail('the broker has stopped')
          return
        }
        mark('kafka/commit-held')
        this.#call.dropped = () => {
          this.#isDropped = true
        }
        broker.whenRoom(this.#goOn)
        return
      }
      this.#ticket = ticket
      newestCommit.set(broker, ticket)
      this.#commitments = this.#commitments.slice(count)
    }
    this.#answer()
  }

  /** While it waited the group may have given its partitions to others, whose commits are newer. */
  readonly #goOn = (): void => {
    if (this.#isDropped) return
    const error = this.#refuse()
    if (error !== 'NONE') {
      mark('kafka/commit-overtaken')
      this.#commitments = []
      this.#errors = this.#errors.map((own) => (own === 'NONE' ? error : own))
    }
    this.run()
  }

  #refuse(): ErrorName {
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch } = this.#request
    const { gateway } = this.#call
    const named = checkGroupId(gateway, groupId)
    const member = { memberId, instanceId: groupInstanceId, generation: generationIdOrMemberEpoch }
    return named === 'NONE' ? gateway.groups.checkCommit(groupId, member) : named
  }

  #plan(partition: Partition, asked: OffsetCommitRequestPartition): ErrorName {
    const { limits } = this.#call.gateway
    const offset = asked.committedOffset
    const note = asked.committedMetadata ?? ''
    if (note.length > limits.offsetNoteChars) return 'OFFSET_METADATA_TOO_LARGE'
    if (offset > OFFSET_MAX) return 'OFFSET_OUT_OF_RANGE'
    // kafkajs commits -1 and -2 to say that a group begins anew where its consumers are told to.
    const committed = offset < 0 ? null : { offset, note }
    this.#commitments.push({ partition: partition.id, committed })
    return 'NONE'
  }

  #answer(): void {
    const { version } = this.#call
    let index = 0
    const topics = this.#request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => {
        return {
          partitionIndex,
          errorCode: codeOf(this.#errors[index++] ?? 'UNKNOWN_SERVER_ERROR'),
        }
      }),
    }))
    const response = { throttleTimeMs: 0, topics }
    this.#call.answerAfter(this.#ticket, (w) => encodeOffsetCommitResponse(w, version, response))
  }
}

/** How many of these one entry takes; one always fits. */
function fitting(commitments: readonly Commitment[]): number {
  let bytes = 0
  let count = 0
  for (const { committed } of commitments) {
    bytes += COMMITMENT_BYTES + 3 * (committed?.note.length ?? 0)
    if (count > 0 && bytes > ENTRY_BYTES) break
    count++
  }
  return count
}

/** The newest commit of each broker: whoever reads offsets waits for it, and sees nothing a crash could undo. */
const newestCommit = new WeakMap<object, number>()

export function answerOffsetFetch(call: Call, r: WireReader): void {
  const { version, gateway } = call
  const request = decodeOffsetFetchRequest(r, version)
  const asked: readonly AskedGroup[] =
    version >= FETCH_GROUPS_MIN ? request.groups : [withoutIds(request)]
  const groups = asked.map((group) => find(gateway, group))
  const first = groups[0]
  const topics = first?.topics.map(({ name, partitions }) => ({ name, partitions })) ?? []
  const response = { throttleTimeMs: 0, topics, errorCode: first?.errorCode ?? 0, groups }
  const ticket = newestCommit.get(gateway.broker) ?? 0
  call.answerAfter(ticket, (w) => encodeOffsetFetchResponse(w, version, response))
}

interface AskedGroup {
  readonly groupId: string
  readonly topics:
    | readonly {
        readonly name: string
        readonly topicId: string
        readonly partitionIndexes: readonly number[]
      }[]
    | null
}

function withoutIds(request: {
  readonly groupId: string
  readonly topics:
    | readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[]
    | null
}): AskedGroup {
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: NO_UUID })) ?? null
  return { groupId: request.groupId, topics }
}

function find(gateway: Gateway, { groupId, topics }: AskedGroup): OffsetFetchResponseGroup {
  const error = checkGroupId(gateway, groupId)
  if (error !== 'NONE') return { groupId, topics: [], errorCode: codeOf(error) }
  const found = (topics ?? allTopics(gateway, groupId)).map(
    ({ name, topicId, partitionIndexes }) => {
      const stream = findTopic(gateway, { name, topicId })
      const errorCode = stream === null && topicId !== NO_UUID ? codeOf('UNKNOWN_TOPIC_ID') : 0
      const partitions = partitionIndexes.map((partitionIndex) => {
        const partition = findPartition(stream, partitionIndex)
        return { partitionIndex, ...committed(gateway, groupId, partition), errorCode }
      })
      return { name, topicId, partitions }
    },
  )
  return { groupId, topics: found, errorCode: 0 }
}

function committed(
  { broker, namespace }: Gateway,
  groupId: string,
  partition: Partition | null,
): Pick<OffsetFetchResponsePartitions, 'committedOffset' | 'committedLeaderEpoch' | 'metadata'> {
  const there = partition === null ? undefined : broker.committed(namespace, groupId, partition)
  return {
    committedOffset: there?.offset ?? -1,
    committedLeaderEpoch: -1,
    metadata: there?.note ?? '',
  }
}

/** Every partition for which the group has committed, by topic. */
function allTopics({ broker, namespace }: Gateway, groupId: string): AskedGroup['topics'] & object {
  const byStream = new Map<string, number[]>()
  for (const id of namespace.groups.get(groupId)?.offsets.keys() ?? []) {
    const partition = broker.machine.partitions.get(id)
    if (partition === undefined) continue
    const indexes = byStream.get(partition.stream) ?? []
    indexes.push(partition.index)
    byStream.set(partition.stream, indexes)
  }
  return [...byStream].flatMap(([name, partitionIndexes]) => {
    const stream = namespace.streams.get(name)
    return stream === undefined ? [] : [{ name, topicId: idOf(stream), partitionIndexes }]
  })
}

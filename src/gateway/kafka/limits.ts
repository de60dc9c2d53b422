/** The limits of the Kafka gateway: every bound on what a client may cost, with its reason. */
import { KiB, MiB } from '../../base/bytes.ts'

/** What a Kafka listener allows; every field can be chosen where it is opened. */
export interface KafkaLimits {
  /** Connections at once. Further ones are dropped. */
  readonly clientsMax: number
  /** Bytes read from one socket in one turn of the event loop. */
  readonly turnBytes: number
  /** Bytes that wait unread behind a request that is not answered yet; then the socket is paused. */
  readonly waitingBytes: number
  /** Produce requests of one connection that wait for the disk together. */
  readonly producesInFlight: number
  /** Bytes written to one socket and not taken by the system; then no further request is looked at. */
  readonly outboundBytes: number
  /** Bytes of records in one answer to Fetch, whatever the client asks for. */
  readonly fetchBytes: number
  /** How long a Fetch may wait, whatever the client asks for. */
  readonly fetchWaitMs: number
  readonly groups: number
  readonly groupMembers: number
  readonly groupIdBytes: number
  /** Names and subscriptions that one member brings along. */
  readonly memberBytes: number
  readonly sessionMsMin: number
  readonly sessionMsMax: number
  /** How long an empty group waits for others once the first member has come. */
  readonly gatherMs: number
  readonly offsetNoteChars: number
  /** How long clients have to take their last answers when we stop. */
  readonly drainMs: number
  /** How far a producer's time may lie ahead of ours. */
  readonly timestampAheadMs: number
}

export const kafkaLimits: KafkaLimits = {
  clientsMax: 10_000, // an idle connection costs a few KB, so this is some 50 MB
  turnBytes: 512 * KiB, // under a millisecond of copying and checksums; then the others have their turn
  waitingBytes: 64 * KiB, // one read of the socket: clients that pipeline are not paused at each request
  producesInFlight: 64, // more than any client pipelines by default; the journal bounds their bytes
  outboundBytes: 4 * MiB, // a slow consumer holds this much, not a whole backlog
  fetchBytes: 8 * MiB, // a client's default of 50 MiB would be held in memory for each of them
  fetchWaitMs: 60_000, // clients ask for half a second; a socket without an answer for longer looks dead
  groups: 100_000, // each costs about a kilobyte; a client that makes one per message must hit something
  groupMembers: 1_000, // an assignment goes to each in every rebalance: beyond this it is a storm
  groupIdBytes: 255, // what the machine takes as a name
  memberBytes: 1 * MiB, // ten thousand names of topics in each of several protocols; they stay as long as the member
  sessionMsMin: 6_000, // as Kafka: shorter, and a pause of the collector ends a session
  sessionMsMax: 1_800_000, // as Kafka: half an hour, and a dead member holds its partitions no longer
  gatherMs: 50, // programs that start together share one generation, and no test waits for seconds
  offsetNoteChars: 4_096, // as Kafka (offset.metadata.max.bytes)
  drainMs: 5_000, // within the ten seconds that service managers give before they kill
  timestampAheadMs: 3_600_000, // as Kafka (message.timestamp.after.max.ms): an hour of a wrong clock
}

/** Older versions have two bytes for the length of what newer ones may send: it is bounded where it enters. */
export const groupNameChars = 1_000 // at most three bytes each; names are of Java classes at their longest
export const memberIdChars = 200 // of the client's own name in the ids that we make
export const replyTextChars = 1_000 // words for people, which may quote what they sent

/** Buffers for frames that arrive in pieces are kept in these sizes, so many of each. */
export const frameBufferBytesMin: number = 64 * KiB // smaller ones cost nothing to make anew
export const frameBufferBytesMax: number = 2 * MiB // a full batch of a client with default settings, and its request
export const frameBuffersKept = 4 // of each size: some 16 MiB in all; more clients at once make their own

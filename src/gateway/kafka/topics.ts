/** Topics are streams: what a topic may be called, and how one is made. */
import { EMPTY } from '../../base/bytes.ts'
import type { DeclaredDurability } from '../../machine/durability.ts'
import { isRefusal, type Refusal } from '../../machine/refusal.ts'
import type { Stream } from '../../machine/stream.ts'
import type { Gateway } from './gateway.ts'

/** Kafka's rule: it makes file names of them, and clients rely on it. */
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/

export function checkTopicName(name: string): Refusal | null {
  if (TOPIC_NAME.test(name) && name !== '.' && name !== '..') return null
  return { kind: 'name-invalid', name, reason: 'a topic has 1 to 249 of a-z A-Z 0-9 . _ -' }
}

const IDENTITY_WORDS = 4

/** Makes the topic, durably; the stream or why not. */
export async function makeTopic(
  gateway: Gateway,
  topic: {
    readonly name: string
    readonly partitions: number
    readonly durability: DeclaredDurability
  },
): Promise<Stream | Refusal> {
  const { broker, namespace, world } = gateway
  const refusal = checkTopicName(topic.name)
  if (refusal !== null) return refusal
  const identity = new Uint8Array(4 * IDENTITY_WORDS)
  const view = new DataView(identity.buffer)
  for (let word = 0; word < IDENTITY_WORDS; word++) view.setUint32(4 * word, world.random.u32())
  return broker.declare.stream(namespace, { ...topic, identity, notes: EMPTY })
}

export function isStream(made: Stream | Refusal): made is Stream {
  return !isRefusal(made)
}

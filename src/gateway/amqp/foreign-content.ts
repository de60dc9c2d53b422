/**
 * Contents as an AMQP client gets them. Messages that somebody else's protocol published have the same body, and of the
 * properties what AMQP has a word for. Those that came by AMQP pass untouched, but for the count of a quorum queue.
 * Large bodies are not in the delivery.
 */
import type { Delivery } from '../../broker/delivery.ts'
import { FORMAT_AMQP, FORMAT_PLAIN } from '../../machine/message.ts'
import type { ContentView } from '../../wire/amqp/content.ts'
import { withoutCount } from '../../wire/amqp/delivery-count.ts'
import { type BodyKind, bodyKindOf } from '../../wire/plain/body.ts'

/** Property flags and values, ready to be sent: the content type, where it is known. */
const propertiesOf: Readonly<Record<BodyKind, Uint8Array>> = {
  bytes: Uint8Array.of(0, 0),
  text: withType('text/plain'),
  json: withType('application/json'),
}

/** The first flag says that there is a content type; nothing else follows. */
function withType(type: string): Uint8Array {
  const bytes = new TextEncoder().encode(type)
  return Uint8Array.of(0x80, 0, bytes.length, ...bytes)
}

export function amqpContent(delivery: Delivery): ContentView {
  if (delivery.format === FORMAT_AMQP) return delivery
  const { bodyAt, bodySize, format, headAt, headSize } = delivery
  const isPlain = format === FORMAT_PLAIN && delivery.propertiesSize > 0
  const kind = isPlain ? bodyKindOf(delivery.bytes[delivery.propertiesAt]!) : 'bytes'
  const properties = propertiesOf[kind]
  const bodyHere = delivery.reading === null ? bodySize : 0
  const bytes = new Uint8Array(headSize + properties.length + bodyHere)
  bytes.set(delivery.bytes.subarray(headAt, headAt + headSize))
  bytes.set(properties, headSize)
  const newBodyAt = headSize + properties.length
  bytes.set(delivery.bytes.subarray(bodyAt, bodyAt + bodyHere), newBodyAt)
  return {
    bytes,
    headAt: 0,
    headSize,
    propertiesAt: headSize,
    propertiesSize: properties.length,
    bodyAt: newBodyAt,
    bodySize,
  }
}

/** The same for a queue that says how often it gave out a message: nobody else's count is in it. */
export function countedContent(delivery: Delivery): ContentView {
  return withoutCount(amqpContent(delivery), delivery.reading === null ? delivery.bodySize : 0)
}

/**
 * How often it was given out before, at least. What somebody may have held when a run ended uncleanly says that it is
 * redelivered, so it was given out once.
 */
export function countOf({ deliveries, redelivered }: Delivery): number {
  return redelivered ? Math.max(1, deliveries) : deliveries
}

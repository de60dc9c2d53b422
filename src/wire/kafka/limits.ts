/** The limits of the Kafka wire: what bounds a frame and what is made of it, each with its reason. */
import { KiB, MiB } from '../../base/bytes.ts'

export const kafkaWireLimits = {
  frameBytes: (100 * MiB) as number, // what Kafka takes by default (socket.request.max.bytes)
  elements: (256 * KiB) as number, // every partition of a large cluster; some 30 MB of objects
} as const

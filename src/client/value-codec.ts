/** Values as bytes: whatever `structuredClone` can copy, for queues that only Naru's programs read. */
import { ValueMalformed, ValueReader, ValueWriter } from '../channels/codec/value.ts'
import type { Sendable } from '../channels/contract.ts'
import type { QueueCodec } from './channel-queue.ts'

/** `encode` throws `ChannelMisuse` for what cannot be copied, `decode` `ValueMalformed` for what is no such value. */
export function valueCodec<T extends Sendable>(): QueueCodec<T> {
  const writer = new ValueWriter()
  const reader = new ValueReader()
  return {
    encode: (value) => {
      const bytes = Buffer.alloc(writer.measure(value))
      return bytes.subarray(0, writer.write(bytes, 0))
    },
    decode: (body) => {
      if (!(body instanceof Uint8Array)) throw new ValueMalformed('a body that is no bytes')
      const { buffer, byteOffset, length } = body
      return reader.read(Buffer.from(buffer, byteOffset, length), 0, length) as T
    },
  }
}

/**
 * The short string of AMQP: at most 255 bytes of UTF-8 behind their count. Names, tags and reply texts are such
 * strings. Other bytes than UTF-8 are a fault, in RabbitMQ's words.
 */
import { assert } from '../../base/assert.ts'
import { Fault } from '../../base/fault.ts'
import type { Reader } from '../../base/reader.ts'
import type { Writer } from '../../base/writer.ts'

/** What a count of one byte can say. */
export const SHORT_STRING_BYTES_MAX = 255

export function readShortString(reader: Reader): string {
  const size = reader.u8()
  try {
    return reader.utf8(size)
  } catch (error) {
    if (error instanceof Fault && error.code === 'bad-text') {
      throw new Fault('frame-error', 'Malformed UTF-8 in shortstr')
    }
    throw error
  }
}

/** A text that does not fit is a panic: the caller cuts it. */
export function writeShortString(writer: Writer, text: string): void {
  const at = writer.reserve(1)
  const size = writer.utf8(text)
  assert(size <= SHORT_STRING_BYTES_MAX, 'a short string of more than 255 bytes')
  writer.patchU8(at, size)
}

/** What no shorter way fits: V8's own serialization, as a structured clone has it. It keeps nothing. */
import { serialize } from 'node:v8'
import { ChannelMisuse, type Sendable } from '../contract.ts'

/** Throws `ChannelMisuse` for what cannot be cloned: a function, say. */
export function clone(value: Sendable): Buffer {
  try {
    return serialize(value)
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new ChannelMisuse(`a value that cannot be cloned: ${what}`, { cause })
  }
}

/** What no shorter way fits: V8's own serialization, as a structured clone has it. It keeps nothing. */
import { serialize } from 'node:v8'
import { ChannelError, type Sendable } from '../contract.ts'

/** Throws `CHANNEL_MISUSE` for what cannot be cloned: a function, say. */
export function clone(value: Sendable): Buffer {
  try {
    return serialize(value)
  } catch (error) {
    throw new ChannelError('CHANNEL_MISUSE', 'a value that cannot be cloned', { cause: error })
  }
}

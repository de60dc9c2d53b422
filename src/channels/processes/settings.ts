/** What can be chosen of a channel between processes, and what that means for its link. Pure. */
import { type ChannelEvent, checkWhenFull } from '../channel-options.ts'
import type { Ports, Sendable } from '../contract.ts'
import type { Carrier } from './carrier.ts'
import { checkLimits, type Hello } from './hello.ts'
import { type LinkLimits, linkLimits } from './limits.ts'
import { ProcessChannel, type ProcessWhenFull } from './process-channel.ts'

export interface SocketOptions<T extends Sendable> extends Partial<LinkLimits> {
  /** For people: what errors, `stats` and the trace call this end. */
  readonly name?: string
  /** Both sides must mean the same one. `channel` unless told. */
  readonly purpose?: string
  /** A secret that both sides know. Needed to listen where other machines can connect. */
  readonly token?: string
  readonly trace?: (event: ChannelEvent<T>) => void
  /**
   * What `put` and `offer` here do while the other side, or each of them, has as much under way as it allows; a
   * listener whom nobody has joined has no room either. `block` unless told.
   */
  readonly whenFull?: ProcessWhenFull
}

const policies: readonly ProcessWhenFull[] = ['block', 'reject', 'drop-newest']

export function channelOf<T extends Sendable>(
  carrier: Carrier,
  options: SocketOptions<T>,
  ports: Ports,
): ProcessChannel<T> {
  const { name = 'channel', trace = null, whenFull = 'block' } = options
  return new ProcessChannel<T>(carrier, { name, trace, whenFull, ports })
}

/** Throws where the options make no sense. */
export function helloOf<T extends Sendable>(options: SocketOptions<T>): Hello {
  const { purpose = 'channel', token = '', whenFull = 'block' } = options
  checkWhenFull(whenFull, policies)
  const limits: LinkLimits = {
    windowMessages: options.windowMessages ?? linkLimits.windowMessages,
    windowBytes: options.windowBytes ?? linkLimits.windowBytes,
    messageBytesMax: options.messageBytesMax ?? linkLimits.messageBytesMax,
    silenceMs: options.silenceMs ?? linkLimits.silenceMs,
  }
  checkLimits(limits)
  return { purpose, token, limits }
}

/** What can be chosen of a channel between processes, and what that means for its link. Pure. */
import type { ChannelEvent } from '../channel-options.ts'
import type { Ports, Sendable } from '../contract.ts'
import { checkLimits, type Hello } from './hello.ts'
import { type LinkLimits, linkLimits } from './limits.ts'
import { type Carrier, ProcessChannel } from './process-channel.ts'

export interface SocketOptions<T extends Sendable> extends Partial<LinkLimits> {
  /** For people: what errors, `stats` and the trace call this end. */
  readonly name?: string
  /** Both sides must mean the same one. `channel` unless told. */
  readonly purpose?: string
  /** A secret that both sides know. Needed to listen where other machines can connect. */
  readonly token?: string
  readonly trace?: (event: ChannelEvent<T>) => void
}

export function channelOf<T extends Sendable>(
  carrier: Carrier,
  options: SocketOptions<T>,
  ports: Ports,
): ProcessChannel<T> {
  const { name = 'channel', trace = null } = options
  return new ProcessChannel<T>(carrier, { name, trace, ports })
}

export function helloOf<T extends Sendable>(options: SocketOptions<T>): Hello {
  const { purpose = 'channel', token = '' } = options
  const limits: LinkLimits = {
    windowMessages: options.windowMessages ?? linkLimits.windowMessages,
    windowBytes: options.windowBytes ?? linkLimits.windowBytes,
    messageBytesMax: options.messageBytesMax ?? linkLimits.messageBytesMax,
    silenceMs: options.silenceMs ?? linkLimits.silenceMs,
  }
  checkLimits(limits)
  return { purpose, token, limits }
}

/** What can be asked of a channel of this process, and what it tells about itself. */
import { ChannelMisuse, type DuplexStats, type Sendable } from './contract.ts'

/**
 * What `put` and `offer` do when the channel is full:
 *
 *                 put waits        offer answers   who loses
 *   block         until there is   'full'          nobody
 *                 room
 *   reject        never: rejects   'full'          the sender, who knows
 *   drop-newest   never            'dropped'       the value being put
 *   drop-oldest   never            'replaced'      the value inside that came first
 *   conflate      never            'replaced'      the value inside that came last; see `conflate`
 */
export type WhenFull = (typeof policies)[number]

const policies = ['block', 'reject', 'drop-newest', 'drop-oldest', 'conflate'] as const

/** Values that fit where nothing else is said: enough to keep both sides busy, too few to hide a slow receiver. */
export const capacityDefault = 1024

export interface ChannelOptions<T extends Sendable> {
  /** How many values fit: 0 is a rendezvous (`put` waits for the receiver), Infinity unbounded. 1,024 unless told. */
  readonly capacity?: number
  /** `block` unless told. */
  readonly whenFull?: WhenFull
  /** Makes one value out of the newest inside and the one being put; the latter alone unless told. */
  readonly conflate?: (inside: T, value: T) => T
  /** Turns the line into a priority queue: the highest number first, equals in order of arrival. */
  readonly priority?: (value: T) => number
  /** Holds every value back for so many milliseconds after it went in; the earliest due comes first. */
  readonly delayMs?: (value: T) => number
  /** For people: what `stats` and the trace call this channel. */
  readonly name?: string
  /** Called after every event, in order. It must not throw; what it throws is thrown again on its own. */
  readonly trace?: (event: ChannelEvent<T>) => void
}

export interface ChannelEvent<T extends Sendable> {
  /** `drop` is a value that nobody will get; the two waits are calls that could not settle at once. */
  readonly kind: 'put' | 'get' | 'drop' | 'put-waits' | 'get-waits' | 'close'
  readonly channel: string
  /** The value concerned, if there is one. */
  readonly value: T | undefined
  /** Values inside after the event. */
  readonly size: number
}

export interface ChannelStats extends DuplexStats {
  /** The largest size there ever was. */
  readonly sizeMax: number
  /** Values that went in and are not done yet: what `join` waits for. */
  readonly unfinished: number
}

/** Throws where the policy is none of these. */
export function checkWhenFull(whenFull: WhenFull, among: readonly WhenFull[]): void {
  if (among.includes(whenFull)) return
  throw new ChannelMisuse(`whenFull is one of ${among.join(', ')}, not ${String(whenFull)}`)
}

/** Throws where the options make no sense together. */
export function checkOptions<T extends Sendable>(options: ChannelOptions<T>): void {
  const { capacity = capacityDefault, whenFull = 'block' } = options
  const countable = Number.isSafeInteger(capacity) || capacity === Number.POSITIVE_INFINITY
  if (!countable || capacity < 0) {
    throw new ChannelMisuse(`capacity must be a whole number from 0, or Infinity, not ${capacity}`)
  }
  checkWhenFull(whenFull, policies)
  for (const name of ['conflate', 'priority', 'delayMs', 'trace'] as const) {
    const given = options[name]
    if (given === undefined || typeof given === 'function') continue
    throw new ChannelMisuse(`${name} is a function, not ${String(given)}`)
  }
  const replaces = whenFull === 'drop-oldest' || whenFull === 'conflate'
  if (replaces && capacity === 0) {
    throw new ChannelMisuse(`a channel that holds nothing cannot ${whenFull}`)
  }
  const ordered = options.priority !== undefined || options.delayMs !== undefined
  if (replaces && ordered) {
    throw new ChannelMisuse(
      `${whenFull} needs the order of arrival, so neither priority nor delayMs`,
    )
  }
  if (options.priority !== undefined && options.delayMs !== undefined) {
    throw new ChannelMisuse('either priority or delayMs orders a channel, not both')
  }
  if (options.delayMs !== undefined && capacity === 0) {
    throw new ChannelMisuse('a channel that holds nothing cannot hold a value back')
  }
  if (options.conflate !== undefined && whenFull !== 'conflate') {
    throw new ChannelMisuse("conflate is for whenFull: 'conflate'")
  }
}

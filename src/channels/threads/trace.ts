/** What a party tells its trace hook of a thread channel: its own puts, gets, waits and close, and nobody else's. */
import type { ChannelEvent } from '../channel-options.ts'
import type { Sendable } from '../contract.ts'
import { tellProgram } from '../told.ts'
import { scheduler } from './desk.ts'
import { messages, type Ring } from './ring.ts'

export type Trace = (event: ChannelEvent<Sendable>) => void

/** `null` where nobody asked, so that a fast path has one comparison to make. */
export type Tell =
  | ((kind: ChannelEvent<Sendable>['kind'], value: Sendable | undefined) => void)
  | null

export function tellerOf(trace: Trace | undefined, channel: string, ring: Ring): Tell {
  if (trace === undefined) return null
  return (kind, value) => {
    tellProgram(() => trace({ kind, channel, value, size: messages(ring) }), scheduler)
  }
}

/** What can be put under stress, by name. */
import { processBarrier, threadBarrier } from './barrier-bouts.ts'
import type { Play } from './bout.ts'
import { processChannel, threadChannel } from './channel-bouts.ts'
import { processLock, threadLock } from './lock-bouts.ts'
import { poolOf } from './pool-bouts.ts'
import { processRpc, threadRpc } from './rpc-bouts.ts'

export const kinds: ReadonlyMap<string, Play> = new Map([
  ['channel/threads', threadChannel],
  ['channel/processes', processChannel],
  ['barrier/threads', threadBarrier],
  ['barrier/processes', processBarrier],
  ['lock/threads', threadLock],
  ['lock/processes', processLock],
  ['rpc/threads', threadRpc],
  ['rpc/processes', processRpc],
  ['pool/threads', poolOf('threads')],
  ['pool/processes', poolOf('processes')],
])

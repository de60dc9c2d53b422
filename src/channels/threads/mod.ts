/**
 * The public API of `naru/channels/threads`: message passing between the threads of one process, over shared memory.
 * Import it in the thread that starts the others before it does: then no thread dies without the others hearing of it.
 */
import { NodeClock } from '../../node/clock.ts'
import { NodeRandom } from '../../node/random.ts'
import type { Ports } from '../contract.ts'
import type { RpcOptions, RpcPeer } from '../rpc.ts'
import { scheduler } from './desk.ts'
import * as wires from './rpc-wire.ts'

export type {
  AttachOptions,
  KeptPlace,
  PartyOptions,
  ThreadChannelHandle,
  ThreadChannelOptions,
  ThreadChannelStats,
  ThreadWhenFull,
} from './channel-handle.ts'
export type { Role } from './roles.ts'
export type { ThreadCaller, ThreadRpcHandle, ThreadRpcOptions } from './rpc-wire.ts'
export type { ThreadSpawnOptions } from './spawn.ts'
export { spawnThread } from './spawn.ts'
export type {
  AttachBarrierOptions,
  RoundAction,
  ThreadBarrierHandle,
  ThreadBarrierOptions,
} from './thread-barrier.ts'
export { ThreadBarrier } from './thread-barrier.ts'
export { ThreadChannel } from './thread-channel.ts'
export type { ThreadElectionHandle } from './thread-election.ts'
export { ThreadElection } from './thread-election.ts'
export type { ThreadLatchHandle } from './thread-latch.ts'
export { ThreadLatch } from './thread-latch.ts'
export type { ThreadGuard, ThreadLockOptions } from './thread-lock.ts'
export type { ThreadOnceHandle } from './thread-once.ts'
export { ThreadOnce } from './thread-once.ts'
export type { ThreadRwLockHandle } from './thread-rw-lock.ts'
export { ThreadRwLock } from './thread-rw-lock.ts'
export type { ThreadSemaphoreHandle } from './thread-semaphore.ts'
export { ThreadMutex, ThreadSemaphore } from './thread-semaphore.ts'

const real: Ports = { clock: new NodeClock(), random: new NodeRandom(), scheduler }

/** A peer to call and to be called by, and the handle by which another thread becomes the other one. */
export function createRpc(
  options: wires.ThreadRpcOptions = {},
  ports: Ports = real,
): wires.ThreadCaller {
  return wires.createRpc(options, ports)
}

/** The other peer, in the thread that got the handle. */
export function attachRpc(
  handle: wires.ThreadRpcHandle,
  options: RpcOptions = {},
  ports: Ports = real,
): RpcPeer {
  return wires.attachRpc(handle, options, ports)
}

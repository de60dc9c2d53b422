/**
 * Calls between threads: two channels of their own for each pair of peers, one each way, and an RPC peer at each
 * end. What is served is the program's, and both sides may serve and call.
 */
import { ChannelMisuse, type Ports } from '../contract.ts'
import { type RpcOptions, RpcPeer } from '../rpc.ts'
import type { Frame, Wire } from '../wire.ts'
import type { ThreadChannelHandle } from './channel-handle.ts'
import { ThreadChannel } from './thread-channel.ts'

export interface ThreadRpcOptions extends RpcOptions {
  /** Size of each of the two rings, as for a thread channel. What is larger than half of it goes in parts. */
  readonly ringBytes?: number
  /** For people: errors name it. */
  readonly name?: string
}

/** What the other thread attaches by, once: both ends are for one peer each. */
export interface ThreadRpcHandle {
  readonly kind: 'naru/thread-rpc'
  readonly incoming: ThreadChannelHandle
  readonly outgoing: ThreadChannelHandle
}

/** This side of a connection whose other side is still to be made. */
export interface ThreadCaller {
  readonly peer: RpcPeer
  readonly handle: ThreadRpcHandle
  /** Says which thread got the handle: then it is missed even if it dies before it attaches. */
  isFor(thread: number): void
}

/** Either side's thread may end without a word: a peer that has gone must not be waited for. */
const leaving = 'closes'

/** A peer here, and a handle for the thread that is to be the other one. */
export function createRpc(options: ThreadRpcOptions, ports: Ports): ThreadCaller {
  const { ringBytes, name = 'thread rpc' } = options
  const shape = { leaving, seats: 2, ...(ringBytes === undefined ? {} : { ringBytes }) } as const
  const there = ThreadChannel.create<Frame>({ ...shape, name: `calls of ${name}` })
  const back = ThreadChannel.create<Frame>({ ...shape, name: `answers of ${name}` })
  const receives = there.keepPlace('receiver')
  const sends = back.keepPlace('sender')
  return {
    peer: new RpcPeer({ outgoing: there, incoming: back }, options, ports),
    handle: { kind: 'naru/thread-rpc', incoming: receives.handle, outgoing: sends.handle },
    isFor: (thread) => {
      receives.isFor(thread)
      sends.isFor(thread)
    },
  }
}

/** The other side, in the thread that got the handle. */
export function attachRpc(handle: ThreadRpcHandle, options: RpcOptions, ports: Ports): RpcPeer {
  if (handle.kind !== 'naru/thread-rpc') throw new ChannelMisuse('this is no handle of calls')
  const wire: Wire = {
    outgoing: ThreadChannel.attach<Frame>(handle.outgoing, { leaving }),
    incoming: ThreadChannel.attach<Frame>(handle.incoming, { leaving }),
  }
  return new RpcPeer(wire, options, ports)
}

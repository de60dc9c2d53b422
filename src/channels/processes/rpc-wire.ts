/**
 * Calls between processes: a channel of its own for each pair of peers, and an RPC peer at each end. What is
 * served is the program's, and both sides may serve and call.
 */
import type { Address } from '../../base/ports.ts'
import { type RpcOptions, RpcPeer } from '../rpc.ts'
import type { Frame, Wire } from '../wire.ts'
import type { Door } from './door.ts'
import { acceptChannels, type ConnectOptions, connectChannel, type ListenOptions } from './open.ts'
import type { ProcessChannel } from './process-channel.ts'
import type { ProcessWorld } from './world.ts'

/** What both sides must mean, so that nobody takes a channel of values for a wire. */
const PURPOSE = 'rpc'

export type ConnectRpcOptions = ConnectOptions<Frame> & RpcOptions

export interface ListenRpcOptions extends ListenOptions<Frame>, RpcOptions {
  /** Is told of each caller that has connected, to call it back or to miss it when it is gone. */
  readonly onCaller?: (caller: Caller) => void
}

/** Someone who has connected to a listener. */
export interface Caller {
  readonly peer: RpcPeer
  /** What carries the calls: how much it has carried, and when it is gone. */
  readonly channel: ProcessChannel<Frame>
}

/** A channel of frames as a wire: it leads both ways. */
export function wireOf(channel: ProcessChannel<Frame>): Wire {
  return { outgoing: channel, incoming: channel }
}

/** Connects to a process that answers calls. Rejects as `connectChannel` does. */
export async function connectRpc(
  address: Address,
  options: ConnectRpcOptions,
  world: ProcessWorld,
): Promise<Caller> {
  const channel = await connectChannel<Frame>(address, { purpose: PURPOSE, ...options }, world)
  return { peer: new RpcPeer(wireOf(channel), options, world), channel }
}

/** Listens for callers; all of them are answered by the one service in the options. */
export class RpcListener implements AsyncDisposable {
  readonly #door: Door
  readonly #callers: Set<Caller>

  private constructor(door: Door, callers: Set<Caller>) {
    this.#door = door
    this.#callers = callers
  }

  static async open(
    address: Address,
    options: ListenRpcOptions,
    world: ProcessWorld,
  ): Promise<RpcListener> {
    const callers = new Set<Caller>()
    const onChannel = (channel: ProcessChannel<Frame>): void => {
      const caller = { peer: new RpcPeer(wireOf(channel), options, world), channel }
      callers.add(caller)
      void channel.gone().then(() => callers.delete(caller))
      options.onCaller?.(caller)
    }
    const door = await acceptChannels(address, { purpose: PURPOSE, ...options, onChannel }, world)
    return new RpcListener(door, callers)
  }

  /** Where it really listens. */
  get address(): Address {
    return this.#door.address
  }

  /** Those who are connected now. */
  get callers(): readonly Caller[] {
    return [...this.#callers]
  }

  /** Ends every connection; calls under way fail on both sides. Idempotent. */
  async close(): Promise<void> {
    const closed = this.#door.close()
    const callers = this.callers
    await Promise.all(callers.map(({ peer }) => peer.close()))
    await Promise.all(callers.map(({ channel }) => channel.gone()))
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

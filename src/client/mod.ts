/** The public API of `naru/client`: what a broker offers behind the interfaces of `naru/channels`. */
import type { Ports, Sendable } from '../channels/contract.ts'
import type { RpcPeer } from '../channels/rpc.ts'
import { NodeClock } from '../node/clock.ts'
import { NodeRandom } from '../node/random.ts'
import { NodeScheduler } from '../node/scheduler.ts'
import type { ChannelQueue } from './channel-queue.ts'
import { QueueChannel, type QueueChannelOptions } from './queue-channel.ts'
import * as calls from './queue-rpc.ts'

export type { ChannelQueue, QueueCodec, QueueConsumption, QueueMessage } from './channel-queue.ts'
export { MessageUnreadable } from './channel-queue.ts'
export type { QueueChannel, QueueChannelOptions } from './queue-channel.ts'
export type {
  CallBroker,
  ConnectRpcOptions,
  ListenRpcOptions,
  QueueRpcListener,
} from './queue-rpc.ts'
export { valueCodec } from './value-codec.ts'

const real: Ports = {
  clock: new NodeClock(),
  random: new NodeRandom(),
  scheduler: new NodeScheduler(),
}

/** A queue of a broker as a channel. Several, here or elsewhere, may stand on one queue. */
export function queueChannel<T extends Sendable>(
  queue: ChannelQueue,
  options: QueueChannelOptions<T> = {},
  ports: Ports = real,
): QueueChannel<T> {
  return new QueueChannel<T>(queue, options, ports)
}

/** What a function is told besides its own options. */
type On<Options> = Options & { readonly ports?: Ports }

/** Connects to whoever answers calls of that name on the broker: before or after it has come. */
export function connectRpc(
  broker: calls.CallBroker,
  name: string,
  options: On<calls.ConnectRpcOptions> = {},
): Promise<RpcPeer> {
  return calls.connectRpc(broker, name, { options, ports: options.ports ?? real })
}

/** Answers calls of that name; several who do share the callers. */
export function listenRpc(
  broker: calls.CallBroker,
  name: string,
  options: On<calls.ListenRpcOptions> = {},
): Promise<calls.QueueRpcListener> {
  return calls.QueueRpcListener.open(broker, name, { options, ports: options.ports ?? real })
}

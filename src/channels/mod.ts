/**
 * The public API of `naru/channels`: message passing inside one process, on the real clock. Every function
 * that makes something also takes the ports to run on, for tests with time and chance of their own.
 */
import { NodeClock } from '../node/clock.ts'
import { NodeRandom } from '../node/random.ts'
import { NodeScheduler } from '../node/scheduler.ts'
import { type BarrierOptions, LocalBarrier } from './barrier.ts'
import type { Barrier } from './barrier-contract.ts'
import { Channel } from './channel.ts'
import type { ChannelOptions } from './channel-options.ts'
import type { Ports, Receiver, Sendable, WaitOptions } from './contract.ts'
import { Election } from './election.ts'
import { Latch } from './latch.ts'
import { Mutex } from './mutex.ts'
import { Once } from './once.ts'
import * as operators from './operators.ts'
import { type RpcOptions, RpcPeer } from './rpc.ts'
import { RwLock } from './rw-lock.ts'
import * as selecting from './select.ts'
import { Semaphore } from './semaphore.ts'
import type { Stage, StageOptions } from './stage.ts'
import type { Wire } from './wire.ts'
import * as wires from './wire-pair.ts'

export type { BarrierOptions } from './barrier.ts'
export type { Arrival, Barrier, BarrierState, BrokenReason } from './barrier-contract.ts'
export { BarrierBroken, BarrierMisuse } from './barrier-contract.ts'
export type { Channel } from './channel.ts'
export type { ChannelEvent, ChannelOptions, ChannelStats, WhenFull } from './channel-options.ts'
export type {
  ChannelErrorCode,
  Duplex,
  DuplexStats,
  Ending,
  Joinable,
  Offer,
  Ports,
  Receiver,
  SelectableReceiver,
  SelectableSender,
  Sendable,
  Sender,
  Unwatch,
  WaitOptions,
} from './contract.ts'
export {
  ChannelClosed,
  ChannelError,
  ChannelFull,
  ChannelMisuse,
  ChannelPeerLost,
  ChannelTimeout,
} from './contract.ts'
export type { Election, Leadership } from './election.ts'
export type { Guard } from './guard.ts'
export type { Latch } from './latch.ts'
export type { Mutex } from './mutex.ts'
export type { Once } from './once.ts'
export type { BatchOptions, Branches, TeeOptions, ThrottleOptions } from './operators.ts'
export type { RpcOptions, RpcPeer } from './rpc.ts'
export type { CallOptions, StreamOptions } from './rpc-calls.ts'
export type { Client, StreamShape } from './rpc-client.ts'
export { client } from './rpc-client.ts'
export type { RemoteErrors, RpcErrorCode } from './rpc-errors.ts'
export { RemoteError, RpcError } from './rpc-errors.ts'
export type { CallContext, Handler, Handlers } from './rpc-service.ts'
export { Service } from './rpc-service.ts'
export type { RwLock } from './rw-lock.ts'
export type { Cases, Selected } from './select.ts'
export { after, receive, send } from './select.ts'
export type { AfterCase, ReceiveCase, SendCase } from './select-cases.ts'
export type { AcquireOptions, Semaphore } from './semaphore.ts'
export type {
  Exit,
  Spawned,
  SpawnedSelf,
  SpawnMain,
  SpawnOptions,
} from './spawn-contract.ts'
export { SpawnCrashed } from './spawn-contract.ts'
export type { Stage, StageOptions } from './stage.ts'
export type { AnyLatch, AnyOnce, AnyRwLock, Held } from './sync-contract.ts'
export type { SyncErrorCode } from './sync-errors.ts'
export { SyncClosed, SyncError, SyncMisuse, SyncTimeout } from './sync-errors.ts'
export type { Fault, Frame, Wire } from './wire.ts'

const real: Ports = {
  clock: new NodeClock(),
  random: new NodeRandom(),
  scheduler: new NodeScheduler(),
}

/** A channel: a queue between any number of senders and receivers. Holds 1,024 values unless told. */
export function channel<T extends Sendable>(
  options: ChannelOptions<T> = {},
  ports: Ports = real,
): Channel<T> {
  return new Channel<T>(options, ports)
}

/** Waits until one of several sends and receives happens: exactly one does. */
export function select<C extends selecting.Cases>(
  cases: C,
  options: WaitOptions = {},
  ports: Ports = real,
): Promise<selecting.Selected<C>> {
  return selecting.select(cases, options, ports)
}

/** One of several sends and receives, if any can happen now; else `undefined`. */
export function trySelect<C extends selecting.Cases>(
  cases: C,
  ports: Ports = real,
): selecting.Selected<C> | undefined {
  return selecting.trySelect(cases, ports)
}

/** What an operator is told besides its own options. */
type On<Options> = Options & { readonly ports?: Ports }

/** Each value replaced by what `transform` makes of it, one at a time and in order. */
export function map<T extends Sendable, U extends Sendable>(
  source: Receiver<T>,
  transform: (value: T) => U | Promise<U>,
  options: On<StageOptions> = {},
): Stage<U> {
  return operators.map(source, transform, { ports: real, ...options })
}

/** The values that `accept` says yes to. */
export function filter<T extends Sendable>(
  source: Receiver<T>,
  accept: (value: T) => boolean | Promise<boolean>,
  options: On<StageOptions> = {},
): Stage<T> {
  return operators.filter(source, accept, { ports: real, ...options })
}

/** Values gathered into arrays, complete by count or by time. */
export function batch<T extends Sendable>(
  source: Receiver<T>,
  options: On<operators.BatchOptions>,
): Stage<readonly T[]> {
  return operators.batch(source, { ports: real, ...options })
}

/** The same values, at most so many in any stretch of time. */
export function throttle<T extends Sendable>(
  source: Receiver<T>,
  options: On<operators.ThrottleOptions>,
): Stage<T> {
  return operators.throttle(source, { ports: real, ...options })
}

/** The values of all sources as they come. */
export function merge<T extends Sendable>(
  sources: readonly Receiver<T>[],
  options: On<StageOptions> = {},
): Stage<T> {
  return operators.merge(sources, { ports: real, ...options })
}

/** Every value to every branch. */
export function tee<T extends Sendable, Count extends number = 2>(
  source: Receiver<T>,
  options: On<operators.TeeOptions<Count>> = {},
): operators.Branches<T, Count> {
  return operators.tee(source, { ports: real, ...options })
}

/** A meeting point: nobody goes on before all parties have arrived. */
export function barrier(options: BarrierOptions, ports: Ports = real): Barrier {
  return new LocalBarrier(options, ports)
}

/** Counts down to zero, once, and then lets everyone pass. */
export function latch(count: number, ports: Ports = real): Latch {
  return new Latch(count, ports)
}

/** Lends out so many permits. */
export function semaphore(permits: number, ports: Ports = real): Semaphore {
  return new Semaphore(permits, ports)
}

/** One holder at a time. */
export function mutex(ports: Ports = real): Mutex {
  return new Mutex(ports)
}

/** Many readers or one writer, and neither starves. */
export function rwLock(ports: Ports = real): RwLock {
  return new RwLock(ports)
}

/** Made when it is first asked for, and shared from then on. */
export function once<T>(make: () => T | Promise<T>, ports: Ports = real): Once<T> {
  return new Once(make, ports)
}

/** At most one leader among those who campaign. */
export function election(ports: Ports = real): Election {
  return new Election(ports)
}

/** One end of a wire, on which both sides may serve and call. */
export function rpc(wire: Wire, options: RpcOptions = {}, ports: Ports = real): RpcPeer {
  return new RpcPeer(wire, options, ports)
}

/** The two ends of a wire inside this process. */
export function wirePair(ports: Ports = real): readonly [Wire, Wire] {
  return wires.wirePair(ports)
}

/**
 * The public API of `naru/channels/processes`: message passing between processes and hosts, on the real clock and
 * network. Every function that makes something also takes the world to run in, for tests.
 */

import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Address } from '../../base/ports.ts'
import { NodeClock } from '../../node/clock.ts'
import { NodeNet } from '../../node/net.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeScheduler } from '../../node/scheduler.ts'
import type { Ports, Sendable } from '../contract.ts'
import { Coordination, type CoordinationOptions, type JoinBarrierOptions } from './coordination.ts'
import { Coordinator, type CoordinatorOptions } from './coordinator.ts'
import type { Door } from './door.ts'
import * as doors from './open.ts'
import * as pipes from './pipe.ts'
import type { ProcessChannel } from './process-channel.ts'
import type { RemoteBarrier } from './remote-barrier.ts'
import * as wires from './rpc-wire.ts'
import type { SocketOptions } from './settings.ts'
import type { ProcessWorld } from './world.ts'

export type { Address } from '../../base/ports.ts'
export type { ProcessChannelStats } from './carrier.ts'
export type {
  AcquireManyOptions,
  Coordination,
  CoordinationOptions,
  JoinBarrierOptions,
  Office,
} from './coordination.ts'
export type { Coordinator, CoordinatorOptions } from './coordinator.ts'
export type { LatePolicy } from './coordinator-calls.ts'
export type { Door } from './door.ts'
export type { PeerEvent, PeerState } from './hub.ts'
export type { Lent } from './lent.ts'
export type { LinkLimits } from './limits.ts'
export type { ConnectOptions, HubChannel, ListenOptions } from './open.ts'
export type { FifoOptions, FifoReceiver, FifoSender, PipeOptions } from './pipe.ts'
export { makeFifo } from './pipe.ts'
export type { ProcessChannel, ProcessWhenFull } from './process-channel.ts'
export type { RemoteBarrier } from './remote-barrier.ts'
export type { RemoteLatch } from './remote-latch.ts'
export type { RemoteOnce } from './remote-once.ts'
export type { RemoteRwLock } from './remote-rw-lock.ts'
export type { Caller, ConnectRpcOptions, ListenRpcOptions, RpcListener } from './rpc-wire.ts'
export type { SocketOptions } from './settings.ts'
export type { ProcessSpawnOptions } from './spawn.ts'
export { spawnProcess } from './spawn.ts'
export type { ProcessWorld } from './world.ts'

const real: ProcessWorld = {
  clock: new NodeClock(),
  net: new NodeNet(),
  random: new NodeRandom(),
  scheduler: new NodeScheduler(),
}

/**
 * An address for processes of this user on this machine: a Unix socket, or a named pipe on Windows. The same
 * name is the same address.
 */
export function localAddress(name: string): Address {
  const file = `naru-${name}`
  if (process.platform === 'win32') return { kind: 'unix', path: `\\\\.\\pipe\\${file}` }
  return { kind: 'unix', path: join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `${file}.sock`) }
}

/** A channel to the process that listens there. When the connection is lost the channel has failed. */
export function connectChannel<T extends Sendable>(
  address: Address,
  options: doors.ConnectOptions<T> = {},
  world: ProcessWorld = real,
): Promise<ProcessChannel<T>> {
  return doors.connectChannel(address, options, world)
}

/** One channel of all who connect: puts go to them in turn, what they put is received in turn. */
export function listenChannel<T extends Sendable>(
  address: Address,
  options: doors.ListenOptions<T> = {},
  world: ProcessWorld = real,
): Promise<doors.HubChannel<T>> {
  return doors.listenChannel(address, options, world)
}

/** A channel of its own for each who connects. */
export function acceptChannels<T extends Sendable>(
  address: Address,
  options: Parameters<typeof doors.acceptChannels<T>>[1],
  world: ProcessWorld = real,
): Promise<Door> {
  return doors.acceptChannels(address, options, world)
}

/** A peer to call and to be called by. */
export function connectRpc(
  address: Address,
  options: wires.ConnectRpcOptions = {},
  world: ProcessWorld = real,
): Promise<wires.Caller> {
  return wires.connectRpc(address, options, world)
}

/** Answers all who connect by one service. */
export function listenRpc(
  address: Address,
  options: wires.ListenRpcOptions = {},
  world: ProcessWorld = real,
): Promise<wires.RpcListener> {
  return wires.RpcListener.open(address, options, world)
}

/** Keeps barriers, latches, locks and elections for the processes that connect. */
export function openCoordinator(
  address: Address,
  options: CoordinatorOptions = {},
  world: ProcessWorld = real,
): Promise<Coordinator> {
  return Coordinator.open(address, options, world)
}

/** Becomes a member of the coordinator there. */
export function coordinate(
  address: Address,
  options: CoordinationOptions = {},
  world: ProcessWorld = real,
): Promise<Coordination> {
  return Coordination.connect(address, options, world)
}

/** A place at the barrier of that name, over a connection of its own, which ends when the place is left. */
export function joinBarrier(
  address: Address,
  name: string,
  options: CoordinationOptions & JoinBarrierOptions = {},
  world: ProcessWorld = real,
): Promise<RemoteBarrier> {
  return Coordination.join(address, { ...options, name }, world)
}

/** A channel over a pipe between a parent and its child. */
export function pipeChannel<T extends Sendable>(
  pipe: Socket,
  options: pipes.PipeOptions<T>,
  ports: Ports = real,
): Promise<ProcessChannel<T>> {
  return pipes.pipeChannel(pipe, options, ports)
}

/** The writing end of a FIFO. */
export function fifoSender<T extends Sendable>(
  path: string,
  options: pipes.FifoOptions<T> = {},
  ports: Ports = real,
): Promise<pipes.FifoSender<T>> {
  return pipes.fifoSender(path, options, ports)
}

/** The reading end of a FIFO. */
export function fifoReceiver<T extends Sendable>(
  path: string,
  options: SocketOptions<T> = {},
  ports: Ports = real,
): Promise<pipes.FifoReceiver<T>> {
  return pipes.fifoReceiver(path, options, ports)
}

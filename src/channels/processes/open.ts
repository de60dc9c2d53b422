/**
 * Channels between processes: connect to one, or listen for many. Over TCP, Unix sockets and named pipes,
 * on one machine or between two.
 */
import type { Address } from '../../base/ports.ts'
import type { Ending, Sendable, WaitOptions } from '../contract.ts'
import { tellProgram } from '../told.ts'
import { dial } from './dial.ts'
import { Door } from './door.ts'
import { Hub, type PeerEvent, type PeerState } from './hub.ts'
import { peersMaxDefault } from './limits.ts'
import type { Link } from './link.ts'
import { ProcessChannel } from './process-channel.ts'
import { channelOf, helloOf, type SocketOptions } from './settings.ts'
import type { ProcessWorld } from './world.ts'

export interface ConnectOptions<T extends Sendable> extends SocketOptions<T>, WaitOptions {
  /** How long to try again while nobody listens: processes start in any order. 0 unless told. */
  readonly patienceMs?: number
}

export interface ListenOptions<T extends Sendable> extends SocketOptions<T> {
  readonly peersMax?: number
  /** Is told who comes, leaves and is lost. */
  readonly onPeer?: (event: PeerEvent) => void
}

/**
 * Connects to the process that listens at `address`; what is put here is received there and the other way
 * round. When the connection is lost the channel has failed, and connecting again makes a new one: nothing is
 * sent twice and nothing is lost without a word.
 */
export function connectChannel<T extends Sendable>(
  address: Address,
  options: ConnectOptions<T>,
  world: ProcessWorld,
): Promise<ProcessChannel<T>> {
  const { patienceMs = 0, ...waiting } = options
  const hello = helloOf(options)
  return dial({ ...pickWait(waiting), world, address, hello, patienceMs }, (link) =>
    channelOf<T>(link, options, world),
  )
}

/**
 * Listens at `address` and makes one channel of all who connect: what is put goes to one of them, in turn among
 * those that have room; what any of them puts is received here.
 */
export async function listenChannel<T extends Sendable>(
  address: Address,
  options: ListenOptions<T>,
  world: ProcessWorld,
): Promise<HubChannel<T>> {
  const { peersMax = peersMaxDefault, onPeer } = options
  const hello = helloOf(options)
  const hub = new Hub(hello.limits.windowMessages, (event) => {
    if (onPeer !== undefined) tellProgram(() => onPeer(event), world.scheduler)
  })
  const door = await Door.open({
    world,
    address,
    hello,
    full: () => (hub.peerCount < peersMax ? null : `there is no place: limit ${peersMax}`),
    onOpen: (link) => hub.join(link),
  })
  return new HubChannel<T>(hub, door, {
    name: options.name ?? 'channel',
    trace: options.trace ?? null,
    whenFull: options.whenFull ?? 'block',
    ports: world,
  })
}

/** Listens at `address` and makes a channel of its own for each who connects, for talk that is not to be mixed. */
export async function acceptChannels<T extends Sendable>(
  address: Address,
  options: ListenOptions<T> & { readonly onChannel: (channel: ProcessChannel<T>) => void },
  world: ProcessWorld,
): Promise<Door> {
  const { peersMax = peersMaxDefault, onChannel } = options
  const open = new Set<Link>()
  return Door.open({
    world,
    address,
    hello: helloOf(options),
    full: () => {
      for (const link of open) if (link.over) open.delete(link)
      return open.size < peersMax ? null : `there is no place: limit ${peersMax}`
    },
    onOpen: (link) => {
      open.add(link)
      const channel = channelOf<T>(link, { ...options, name: options.name ?? link.peer }, world)
      tellProgram(() => onChannel(channel), world.scheduler)
    },
  })
}

/** The channel of one who listens. */
export class HubChannel<T extends Sendable> extends ProcessChannel<T> {
  readonly #hub: Hub
  readonly #door: Door

  constructor(hub: Hub, door: Door, options: ConstructorParameters<typeof ProcessChannel<T>>[1]) {
    super(hub, options)
    this.#hub = hub
    this.#door = door
  }

  /** Where it really listens. */
  get address(): Address {
    return this.#door.address
  }

  peers(): readonly PeerState[] {
    return this.#hub.peers()
  }

  override close(ending: Ending = 'drain'): void {
    // A listener that cannot be closed has nothing left to say to anyone.
    this.#door.close().catch(() => {})
    super.close(ending)
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#door.close()
    await super[Symbol.asyncDispose]()
    await closed
  }
}

function pickWait({ signal, timeoutMs }: WaitOptions): WaitOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

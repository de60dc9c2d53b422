/**
 * A network in memory. Every simulated program has a host of its own on it, which is its port `Net`; the test
 * has the network, where it sets the conditions, breaks links and listens in. All chance comes from one
 * random, all time from one scheduler.
 */
import { KiB } from '../../src/base/bytes.ts'
import {
  type Address,
  type Clock,
  type Connection,
  type Listener,
  type Net,
  NetError,
  type Random,
} from '../../src/base/ports.ts'
import { below, pick } from '../../src/base/random.ts'
import type { SimScheduler } from './sim-scheduler.ts'
import { type NetObserver, SimSocket } from './sim-socket.ts'
import { type NetConditions, SimWire } from './sim-wire.ts'

/** A quick local network that still cuts bytes where it likes. */
export const CALM: NetConditions = {
  latencyMsMin: 0.0625,
  latencyMsMax: 0.25,
  bytesPerSecond: 1_000_000_000,
  segmentBytesMax: 64 * KiB,
  readBytesMax: 64 * KiB,
  windowBytes: 256 * KiB,
  sendBufferBytes: 64 * KiB,
}

/** Anything from a quick network to one that brings single bytes late through a narrow window. */
export function drawConditions(random: Random): NetConditions {
  const latencyMsMax = pick(random, [0.25, 1, 5, 50, 500])
  return {
    latencyMsMin: pick(random, [0, latencyMsMax / 2]),
    latencyMsMax,
    bytesPerSecond: pick(random, [50_000, 10_000_000, 1_000_000_000]),
    segmentBytesMax: pick(random, [1, 7, 1_460, 64 * KiB]),
    readBytesMax: pick(random, [1, 13, 4 * KiB, 64 * KiB]),
    windowBytes: pick(random, [100, 4 * KiB, 256 * KiB]),
    sendBufferBytes: pick(random, [1, 1 * KiB, 64 * KiB]),
  }
}

export interface SimNetworkOptions {
  readonly clock: Clock
  readonly scheduler: SimScheduler
  readonly random: Random
  /** Asked once for every new connection; `CALM` without. */
  readonly conditions?: (random: Random) => NetConditions
}

/** Where the ports begin that systems give out by themselves. */
const FREE_PORT_MIN = 49_152
/** The last port there is. */
const FREE_PORT_MAX = 65_535

/** One connection, as the test sees it. */
export class SimLink {
  readonly client: SimSocket
  readonly server: SimSocket
  readonly #toServer: SimWire
  readonly #toClient: SimWire

  constructor(ends: {
    client: SimSocket
    server: SimSocket
    toServer: SimWire
    toClient: SimWire
  }) {
    this.client = ends.client
    this.server = ends.server
    this.#toServer = ends.toServer
    this.#toClient = ends.toClient
  }

  /** Whether both ends are over. */
  get isOver(): boolean {
    return this.client.isOver && this.server.isOver
  }

  /** Both ends are reset, and what was under way is lost. */
  reset(): void {
    for (const end of [this.client, this.server]) {
      end.break(new NetError('reset', `${end.peer}: connection reset`))
    }
  }

  /** A cable is pulled, a peer is dead, a firewall forgets: nothing arrives and nobody is told. */
  stall(direction: 'to-server' | 'to-client' | 'both' = 'both'): void {
    if (direction !== 'to-client') this.#toServer.stall()
    if (direction !== 'to-server') this.#toClient.stall()
  }

  unstall(): void {
    this.#toServer.unstall()
    this.#toClient.unstall()
  }
}

export class SimNetwork {
  readonly #options: SimNetworkOptions
  readonly #listeners = new Map<string, SimListener>()
  readonly #links = new Set<SimLink>()
  readonly #observers: NetObserver[] = []
  #linkCount = 0

  constructor(options: SimNetworkOptions) {
    this.#options = options
  }

  /** The port `Net` of one program. */
  host(name: string): SimHost {
    return new SimHost(this, name)
  }

  /** Connections of which an end lives, in the order in which they were made. */
  get links(): readonly SimLink[] {
    for (const link of this.#links) if (link.isOver) this.#links.delete(link)
    return [...this.#links]
  }

  observe(observer: NetObserver): void {
    this.#observers.push(observer)
  }

  /** For hosts alone. */
  listen(host: string, asked: Address, accept: (connection: Connection) => void): SimListener {
    const address = this.#resolve(asked)
    const key = keyOf(address)
    if (this.#listeners.has(key)) throw new NetError('in-use', `${key}: somebody listens there`)
    const close = (): void => {
      this.#listeners.delete(key)
    }
    const listener = new SimListener({ address, host, accept, close })
    this.#listeners.set(key, listener)
    return listener
  }

  /** For hosts alone. The request takes its time; whether anybody listens is seen when it arrives. */
  connect(host: string, address: Address): Promise<Connection> {
    const { scheduler, random } = this.#options
    const conditions = this.#options.conditions?.(random) ?? CALM
    return new Promise((resolve, reject) => {
      scheduler.afterInWorld(conditions.latencyMsMax, () => {
        const listener = this.#listeners.get(keyOf(address))
        if (listener === undefined) {
          reject(new NetError('refused', `${keyOf(address)}: nobody listens there`))
          return
        }
        const link = this.#link(conditions, { client: host, server: listener.host })
        listener.accept(link.server)
        scheduler.afterInWorld(conditions.latencyMsMin, () => resolve(link.client))
      })
    })
  }

  /** For hosts alone. */
  dropHost(host: string, manner: 'ended' | 'silent'): void {
    for (const listener of this.#listeners.values()) {
      if (listener.host === host) void listener.close()
    }
    for (const link of this.links) {
      for (const end of [link.client, link.server]) {
        if (end.place.host !== host) continue
        if (manner === 'ended') end.destroy()
        end.forget()
        if (manner === 'silent') link.stall()
      }
    }
  }

  #link(conditions: NetConditions, hosts: { client: string; server: string }): SimLink {
    const world = { ...this.#options, conditions }
    const [toServer, toClient] = [new SimWire(world), new SimWire(world)]
    this.#linkCount++
    const link = this.#linkCount
    const observers = this.#observers
    const client = new SimSocket({
      ...{ world, observers, outward: toServer, inward: toClient },
      place: { link, side: 'client', host: hosts.client },
      peer: `${hosts.server}:${link}`,
      local: { host: hosts.client, port: link },
    })
    const server = new SimSocket({
      ...{ world, observers, outward: toClient, inward: toServer },
      place: { link, side: 'server', host: hosts.server },
      peer: `${hosts.client}:${link}`,
      local: { host: hosts.server, port: link },
    })
    SimSocket.pair(client, server)
    const made = new SimLink({ client, server, toServer, toClient })
    this.#links.add(made)
    return made
  }

  #resolve(asked: Address): Address {
    if (asked.kind === 'unix' || asked.port !== 0) return asked
    for (;;) {
      const drawn = below(this.#options.random, FREE_PORT_MAX - FREE_PORT_MIN + 1)
      const address = { ...asked, port: FREE_PORT_MIN + drawn }
      if (!this.#listeners.has(keyOf(address))) return address
    }
  }
}

/** One program on the network. */
export class SimHost implements Net {
  readonly name: string
  readonly #network: SimNetwork
  #isDead: boolean = false

  constructor(network: SimNetwork, name: string) {
    this.#network = network
    this.name = name
  }

  listen(address: Address, accept: (connection: Connection) => void): Promise<Listener> {
    if (this.#isDead) return new Promise(() => undefined)
    try {
      return Promise.resolve(this.#network.listen(this.name, address, accept))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async connect(address: Address): Promise<Connection> {
    if (this.#isDead) return new Promise(() => undefined)
    const connection = await this.#network.connect(this.name, address)
    if (!this.#isDead) return connection
    connection.destroy()
    return new Promise(() => undefined)
  }

  /** The program is killed: its system ends its connections. Or the machine lost power: its peers hear nothing. */
  die(manner: 'ended' | 'silent'): void {
    this.#isDead = true
    this.#network.dropHost(this.name, manner)
  }
}

class SimListener implements Listener {
  readonly address: Address
  readonly host: string
  readonly accept: (connection: Connection) => void
  readonly #close: () => void
  #isClosed: boolean = false

  constructor(options: {
    address: Address
    host: string
    accept: (connection: Connection) => void
    close: () => void
  }) {
    this.address = options.address
    this.host = options.host
    this.accept = options.accept
    this.#close = options.close
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#close()
    this.#isClosed = true
    return Promise.resolve()
  }
}

/** All hosts share one machine's addresses: a port is taken once. */
function keyOf(address: Address): string {
  return address.kind === 'tcp' ? `port ${address.port}` : address.path
}

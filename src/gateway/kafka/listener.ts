/**
 * A Kafka listener owns a listening socket and the sessions of its clients: it lets them in up to a
 * limit and ends them when it is closed. What they ask for is the handlers' business.
 */
import { assert } from '../../base/assert.ts'
import type { Log } from '../../base/log.ts'
import type { Address, Connection, Listener, World } from '../../base/ports.ts'
import { DEFAULT_NAMESPACE, type Runtime } from '../../broker/runtime.ts'
import { Farewell } from '../farewell.ts'
import { RefusalLog } from '../refusal-log.ts'
import { BufferPool } from './frame-buffer.ts'
import type { Gateway, KafkaOptions } from './gateway.ts'
import { Groups } from './groups.ts'
import { type KafkaLimits, kafkaLimits } from './limits.ts'
import { Session } from './session.ts'

const kafkaOptions: KafkaOptions = { partitions: 1, autoCreate: 'on', advertised: null }

export interface KafkaListener extends AsyncDisposable {
  /** Where it really listens. */
  readonly address: Address
  /** Clients connected now. */
  readonly clients: number
  /** Lets nobody in any more, answers what is under way, and drops those who have not gone in time. Idempotent. */
  close(): Promise<void>
}

/** Members of one group may come by different doors. */
const groupsOf = new WeakMap<Runtime, Groups>()

/** Opens a listener at `address` for the broker's topics. */
export async function openKafkaListener(context: {
  readonly world: World
  readonly address: Address
  readonly broker: Runtime
  readonly log: Log
  readonly options?: Partial<KafkaOptions>
  readonly limits?: Partial<KafkaLimits>
}): Promise<KafkaListener> {
  const server = new KafkaServer(context)
  await server.listen(context.address)
  return server
}

class KafkaServer implements KafkaListener {
  readonly #gateway: Gateway
  readonly #sessions = new Set<Session>()
  #listener: Listener | null = null
  #closing: Promise<void> | null = null
  readonly #refusals: RefusalLog
  readonly #farewell: Farewell

  constructor(context: {
    readonly world: World
    readonly broker: Runtime
    readonly log: Log
    readonly options?: Partial<KafkaOptions>
    readonly limits?: Partial<KafkaLimits>
  }) {
    const { world, broker, log } = context
    const limits = { ...kafkaLimits, ...context.limits }
    const namespace = broker.namespace(DEFAULT_NAMESPACE)
    assert(namespace !== undefined, 'a broker without its first namespace')
    const groups = groupsOf.get(broker) ?? new Groups(world, limits)
    groupsOf.set(broker, groups)
    const options = { ...kafkaOptions, ...context.options }
    this.#refusals = new RefusalLog('kafka', world.clock, log)
    this.#farewell = new Farewell(world.scheduler)
    this.#gateway = {
      world,
      broker,
      namespace,
      groups,
      options,
      limits,
      log,
      pool: new BufferPool(),
      topicsById: new Map(),
    }
  }

  async listen(address: Address): Promise<void> {
    this.#listener = await this.#gateway.world.net.listen(address, (each) => this.#accept(each))
    this.#gateway.groups.open()
  }

  get address(): Address {
    assert(this.#listener !== null, 'the address of a listener that does not listen')
    return this.#listener.address
  }

  get clients(): number {
    return this.#sessions.size
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(connection: Connection): void {
    if (this.#closing !== null || this.#sessions.size >= this.#gateway.limits.clientsMax) {
      connection.destroy()
      return
    }
    const session: Session = new Session(this.#gateway, connection, () => this.#left(session))
    this.#sessions.add(session)
    session.start()
  }

  #left(session: Session): void {
    this.#sessions.delete(session)
    if (session.refusal !== null) this.#refusals.tell(session.peer, session.refusal)
    if (this.#sessions.size === 0) this.#farewell.isEmpty()
  }

  #sayFarewell(): Promise<void> {
    return this.#farewell.wait({
      ask: () => {
        for (const session of [...this.#sessions]) session.leave()
      },
      drop: () => {
        for (const session of [...this.#sessions]) session.destroy()
      },
      afterMs: this.#gateway.limits.drainMs,
    })
  }

  async #close(): Promise<void> {
    const stopped = this.#listener?.close()
    if (this.#sessions.size > 0) await this.#sayFarewell()
    await stopped
    this.#gateway.groups.close()
  }
}

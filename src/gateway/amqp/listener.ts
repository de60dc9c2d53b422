/**
 * An AMQP listener owns a listening socket and the sessions of its clients: it lets them in up to a limit, says
 * in the log who was refused, and ends them all when it is closed.
 */
import type { Log } from '../../base/log.ts'
import type { Address, Connection, Listener, Random } from '../../base/ports.ts'
import type { Runtime } from '../../broker/runtime.ts'
import { Farewell } from '../farewell.ts'
import { RefusalLog } from '../refusal-log.ts'
import { type AmqpLimits, amqpLimits } from './limits.ts'
import { replyOf } from './replies.ts'
import { Session } from './session.ts'
import { Slabs } from './slabs.ts'

export interface AmqpListener extends AsyncDisposable {
  /** Where it really listens. */
  readonly address: Address
  /** Clients connected now. */
  readonly clientCount: number
  /** Lets no one in any more, tells the clients to go, and drops those who have not in time. Idempotent. */
  close(): Promise<void>
}

/** Opens a listener at `address` as a way into `broker`. */
export async function openAmqpListener(context: {
  readonly broker: Runtime
  readonly address: Address
  readonly log: Log
  readonly limits?: Partial<AmqpLimits>
}): Promise<AmqpListener> {
  const server = new AmqpServer(context.broker, context.log, { ...amqpLimits, ...context.limits })
  await server.listen(context.address)
  return server
}

class AmqpServer implements AmqpListener {
  readonly #broker: Runtime
  readonly #limits: AmqpLimits
  readonly #slabs: Slabs
  readonly #sessions = new Set<Session>()
  #listener: Listener | null = null
  #closing: Promise<void> | null = null
  readonly #refusals: RefusalLog
  readonly #farewell: Farewell

  constructor(broker: Runtime, log: Log, limits: AmqpLimits) {
    const { clock, scheduler } = broker.world
    this.#broker = broker
    this.#refusals = new RefusalLog('amqp', clock, log)
    this.#farewell = new Farewell(scheduler)
    this.#limits = limits
    this.#slabs = new Slabs(limits.slabBytes, limits.slabsKept)
  }

  async listen(address: Address): Promise<void> {
    const { net } = this.#broker.world
    this.#listener = await net.listen(address, (connection) => this.#accept(connection))
  }

  get address(): Address {
    return this.#listener!.address
  }

  get clientCount(): number {
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
    if (this.#closing !== null || this.#sessions.size >= this.#limits.connections) {
      connection.destroy()
      if (this.#closing === null) this.#refusals.tell(connection.peer, 'too many connections')
      return
    }
    const { random } = this.#broker.world
    const session: Session = new Session({
      broker: this.#broker,
      connection,
      limits: this.#limits,
      slabs: this.#slabs,
      uniqueName: (prefix) => prefix + uniqueText(random),
      onClosed: (refusal) => this.#left(session, refusal),
    })
    this.#sessions.add(session)
    session.start()
  }

  #left(session: Session, refusal: string | null): void {
    this.#sessions.delete(session)
    if (refusal !== null) this.#refusals.tell(session.connection.peer, refusal)
    if (this.#sessions.size === 0) this.#farewell.isEmpty()
  }

  async #close(): Promise<void> {
    const stopped = this.#listener?.close()
    if (this.#sessions.size > 0) await this.#sayFarewell()
    await stopped
  }

  #sayFarewell(): Promise<void> {
    const reason = "broker forced connection closure with reason 'shutdown'"
    return this.#farewell.wait({
      ask: () => {
        for (const session of [...this.#sessions])
          session.fail(replyOf('connection-forced', reason))
      },
      drop: () => {
        for (const session of [...this.#sessions]) session.connection.destroy()
      },
      afterMs: this.#limits.drainMs,
    })
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const UNIQUE_CHARACTERS = 22

/** 22 characters of chance: 132 bits, as RabbitMQ names what has no name. */
function uniqueText(random: Random): string {
  let text = ''
  for (let index = 0; index < UNIQUE_CHARACTERS; index++) text += ALPHABET[random.u32() & 63]!
  return text
}

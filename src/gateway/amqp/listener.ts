/**
 * An AMQP listener owns a listening socket and the sessions of its clients: it lets them in up to a limit, says
 * in the log who was refused, and ends them all when it is closed.
 */
import type { Log } from '../../base/log.ts'
import type { Address, Connection, Listener, Random, Timer } from '../../base/ports.ts'
import type { Runtime } from '../../broker/runtime.ts'
import { type AmqpLimits, amqpLimits } from './limits.ts'
import { replyOf } from './replies.ts'
import { Session } from './session.ts'
import { Slabs } from './slabs.ts'

/** Between two lines of the log about refused clients: whoever attacks us shall not fill the disk with it. */
const refusalLogMs = 1_000

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
  readonly #log: Log
  readonly #limits: AmqpLimits
  readonly #slabs: Slabs
  readonly #sessions = new Set<Session>()
  #listener: Listener | null = null
  #closing: Promise<void> | null = null
  /** Called when the last session has closed, while closing. */
  #onEmpty: (() => void) | null = null
  #toldMs = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(broker: Runtime, log: Log, limits: AmqpLimits) {
    this.#broker = broker
    this.#log = log
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
      if (this.#closing === null) this.#tell(connection.peer, 'too many connections')
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
    if (refusal !== null) this.#tell(session.connection.peer, refusal)
    if (this.#sessions.size === 0) this.#onEmpty?.()
  }

  #tell(peer: string, refusal: string): void {
    const nowMs = this.#broker.world.clock.monotonicMs()
    if (nowMs - this.#toldMs < refusalLogMs) {
      this.#untold++
      return
    }
    const others = this.#untold === 0 ? '' : ` (and ${this.#untold} others before)`
    this.#log.warn(`amqp: ${peer} was let go: ${refusal}${others}`)
    this.#toldMs = nowMs
    this.#untold = 0
  }

  async #close(): Promise<void> {
    const stopped = this.#listener?.close()
    await this.#drain()
    await stopped
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | null = null
      this.#onEmpty = () => {
        timer?.cancel()
        resolve()
      }
      const sessions = [...this.#sessions]
      if (sessions.length === 0) return resolve()
      timer = this.#broker.world.scheduler.after(this.#limits.drainMs, () => {
        for (const session of [...this.#sessions]) session.connection.destroy()
      })
      const reason = "broker forced connection closure with reason 'shutdown'"
      for (const session of sessions) session.fail(replyOf('connection-forced', reason))
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

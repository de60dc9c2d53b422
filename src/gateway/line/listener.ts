/**
 * A line listener owns a listening socket and the sessions of its clients: it lets them in up to a limit,
 * adds up what they did, and ends them all when it is closed. What they send is the sink's.
 */
import { assert } from '../../base/assert.ts'
import type { Log } from '../../base/log.ts'
import type { Address, Connection, Listener } from '../../base/ports.ts'
import { Farewell } from '../farewell.ts'
import { RefusalLog } from '../refusal-log.ts'
import { checkedOptions, LineOptionError, type LineOptions } from './options.ts'
import { type LineWorld, Session, type SessionCounters, type SessionOptions } from './session.ts'
import type { LineSink } from './sink.ts'

/** Clients that are being told that there is no place. Beyond that they are dropped without a word. */
const turnedAwayMax = 1_000 // a flood of connections must not become a flood of sessions

/** What all clients of a listener did, those who left included. */
export interface LineCounters {
  /** Clients connected now. */
  readonly clients: number
  readonly clientsEver: number
  /** Clients for whom there was no place. */
  readonly turnedAway: number
  /** Clients that were let go for what they did or did not do. */
  readonly refused: number
  readonly messages: number
  readonly bytes: number
  readonly answered: number
  readonly waits: number
  readonly cutBytes: number
}

export interface LineListener extends AsyncDisposable {
  /** Where it really listens. */
  readonly address: Address
  counters(): LineCounters
  /** Each client that is connected now. */
  clients(): readonly Readonly<SessionCounters>[]
  /** Lets no one in any more, lets the clients end, and drops those who have not after `drainMs`. Idempotent. */
  close(): Promise<void>
}

/** Opens a listener at `address` and hands every message to `sink`. */
export async function openLineListener(context: {
  readonly world: LineWorld
  readonly address: Address
  readonly sink: LineSink
  readonly options?: LineOptions
  /** Is told of clients that were refused, at most once a second. */
  readonly log?: Log
}): Promise<LineListener> {
  const { world, sink, log } = context
  const options = checked(context.options ?? {}, sink)
  const server = new LineServer({ world, sink, options, log: log ?? null })
  await server.listen(context.address)
  return server
}

/** Throws where the options make no sense, by themselves or for this sink. */
function checked(chosen: LineOptions, sink: LineSink): SessionOptions {
  const options = checkedOptions(chosen)
  if (options.answers === 'ok' && sink.acknowledges !== 'durable') {
    // "OK" would be a promise that nobody keeps.
    throw new LineOptionError('answers', 'cannot be ok where messages are kept in memory only')
  }
  return options
}

class LineServer implements LineListener {
  readonly #world: LineWorld
  readonly #sink: LineSink
  readonly #options: SessionOptions
  readonly #sessions = new Set<Session>()
  readonly #leaving = new Set<Session>()
  /** What the clients that have left did. */
  readonly #past = { refused: 0, messages: 0, bytes: 0, answered: 0, waits: 0, cutBytes: 0 }
  #clientsEver = 0
  #turnedAway = 0
  #listener: Listener | null = null
  #closing: Promise<void> | null = null
  readonly #refusals: RefusalLog
  readonly #farewell: Farewell

  constructor(owner: {
    readonly world: LineWorld
    readonly sink: LineSink
    readonly options: SessionOptions
    readonly log: Log | null
  }) {
    this.#world = owner.world
    this.#sink = owner.sink
    this.#options = owner.options
    this.#refusals = new RefusalLog('line', owner.world.clock, owner.log)
    this.#farewell = new Farewell(owner.world.scheduler)
  }

  async listen(address: Address): Promise<void> {
    this.#listener = await this.#world.net.listen(address, (connection) => this.#accept(connection))
  }

  get address(): Address {
    assert(this.#listener !== null, 'the address of a listener that does not listen')
    return this.#listener.address
  }

  counters(): LineCounters {
    const sum = { ...this.#past }
    for (const { counters } of [...this.#sessions, ...this.#leaving]) add(sum, counters)
    return {
      clients: this.#sessions.size,
      clientsEver: this.#clientsEver,
      turnedAway: this.#turnedAway,
      ...sum,
    }
  }

  clients(): readonly Readonly<SessionCounters>[] {
    return [...this.#sessions].map(({ counters }) => ({ ...counters }))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(connection: Connection): void {
    if (this.#closing !== null) {
      connection.destroy()
    } else if (this.#sessions.size < this.#options.clientsMax) {
      this.#clientsEver++
      this.#open(connection, this.#sessions).start()
    } else {
      this.#turnAway(connection)
    }
  }

  #turnAway(connection: Connection): void {
    this.#turnedAway++
    const reason = `too many clients: limit ${this.#options.clientsMax}`
    if (this.#leaving.size >= turnedAwayMax) connection.destroy()
    else this.#open(connection, this.#leaving).turnAway(reason)
  }

  #open(connection: Connection, among: Set<Session>): Session {
    const session: Session = new Session({
      world: this.#world,
      connection,
      sink: this.#sink,
      options: this.#options,
      onClosed: () => this.#left(session, among),
    })
    among.add(session)
    return session
  }

  #left(session: Session, among: Set<Session>): void {
    among.delete(session)
    add(this.#past, session.counters)
    const { peer, refusal } = session.counters
    if (refusal !== null) this.#refusals.tell(peer, refusal)
    if (this.#sessions.size + this.#leaving.size === 0) this.#farewell.isEmpty()
  }

  async #close(): Promise<void> {
    const stopped = this.#listener?.close()
    if (this.#sessions.size + this.#leaving.size > 0) await this.#sayFarewell()
    await stopped
  }

  #sayFarewell(): Promise<void> {
    const all = (): readonly Session[] => [...this.#sessions, ...this.#leaving]
    return this.#farewell.wait({
      ask: () => {
        for (const session of all()) session.drain()
      },
      drop: () => {
        for (const session of all()) session.destroy()
      },
      afterMs: this.#options.drainMs,
    })
  }
}

type Sums = {
  -readonly [K in 'refused' | 'messages' | 'bytes' | 'answered' | 'waits' | 'cutBytes']: number
}

function add(sum: Sums, counters: SessionCounters): void {
  if (counters.refusal !== null) sum.refused++
  sum.messages += counters.messages
  sum.bytes += counters.bytes
  sum.answered += counters.answered
  sum.waits += counters.waits
  sum.cutBytes += counters.cutBytes
}

/**
 * Calls over a broker: whoever calls and whoever answers meet at a queue, make an inbox each, and then have a wire
 * of their own, with all that calls can do. Several servers may share the callers of one name; each caller stays
 * with the one that took it.
 *
 *   caller -- greeting { inbox } --> queue NAME --> a server
 *   caller <-- greeting { inbox } -- its inbox <-- that server
 *   caller <== frames, each side's into the other's inbox ==> server
 *
 * The queue and the inboxes are transient: a call is not kept, and its deadline says what became of it.
 */
import { ChannelError, type Ports, type WaitOptions } from '../channels/contract.ts'
import { type RpcOptions, RpcPeer } from '../channels/rpc.ts'
import { tellProgram } from '../channels/told.ts'
import type { ChannelQueue } from './channel-queue.ts'
import type { QueueChannel } from './queue-channel.ts'
import { inboxOf, type Note, noteChannel, queueWire } from './queue-wire.ts'

/** As much of a broker as calls need: `Broker` is one. */
export interface CallBroker {
  /** Opens a queue; makes it if there are options, and rejects if there are none and it is not there. */
  queue(
    name: string,
    options?: { readonly durable: boolean; readonly autoDelete: boolean },
  ): Promise<ChannelQueue>
}

export type ConnectRpcOptions = RpcOptions & WaitOptions

export interface ListenRpcOptions extends RpcOptions {
  /** Is told of each caller, to call it back. */
  readonly onCaller?: (peer: RpcPeer) => void
}

/** Where they meet. It stays while nobody is there, so that either side may come first. */
const MEETING = { durable: false, autoDelete: false }
const INBOX = { durable: false, autoDelete: true }

/** Callers of one server at once; further ones wait in the queue. Each costs two queues, some kilobytes. */
const callersMax = 10_000

/** Connects to whoever answers calls of that name. The options end the wait for him. */
export async function connectRpc(
  broker: CallBroker,
  name: string,
  asked: { readonly options: ConnectRpcOptions; readonly ports: Ports },
): Promise<RpcPeer> {
  const { options, ports } = asked
  options.signal?.throwIfAborted()
  const meeting = noteChannel(await broker.queue(name, MEETING), ports)
  const back = await openInbox(broker, name, ports)
  try {
    await meeting.put({ inbox: back.name }, options)
    const inbox = inboxOf(await back.get(options))
    if (inbox === null) throw new TypeError(`whoever answers '${name}' did not greet`)
    const there = noteChannel(await broker.queue(inbox), ports)
    return new RpcPeer(
      queueWire(there, back, () => {}),
      options,
      ports,
    )
  } catch (error) {
    back.close('now')
    throw error
  } finally {
    meeting.close('now')
  }
}

/** Answers callers of one name, each with a peer of its own; all by the one service in the options. */
export class QueueRpcListener implements AsyncDisposable {
  readonly #broker: CallBroker
  readonly #name: string
  readonly #options: ListenRpcOptions
  readonly #ports: Ports
  readonly #meeting: QueueChannel<Note>
  readonly #callers = new Set<RpcPeer>()
  /** Greetings that are being answered. */
  readonly #greetings = new Set<Promise<void>>()
  /** Called when a caller has left, or never came; set while there are too many. */
  #onLeft: () => void = () => {}
  #closed: Promise<void> | null = null

  private constructor(parts: {
    readonly broker: CallBroker
    readonly meeting: QueueChannel<Note>
    readonly options: ListenRpcOptions
    readonly ports: Ports
  }) {
    this.#broker = parts.broker
    this.#meeting = parts.meeting
    this.#name = parts.meeting.name
    this.#options = parts.options
    this.#ports = parts.ports
  }

  static async open(
    broker: CallBroker,
    name: string,
    asked: { readonly options: ListenRpcOptions; readonly ports: Ports },
  ): Promise<QueueRpcListener> {
    const queue = await broker.queue(name, MEETING)
    const meeting = noteChannel(queue, asked.ports, { prefetch: 1 })
    const listener = new QueueRpcListener({ broker, meeting, ...asked })
    void listener.#listen()
    return listener
  }

  /** Those who are connected now. */
  get callers(): readonly RpcPeer[] {
    return [...this.#callers]
  }

  /** Takes no more callers and ends those it has; calls under way fail on both sides. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#meeting.close('now')
    this.#onLeft()
    await Promise.all(this.#greetings)
    await Promise.all(this.callers.map((peer) => peer.close()))
  }

  async #listen(): Promise<void> {
    for (let note = await this.#next(); note !== null; note = await this.#next()) {
      const inbox = inboxOf(note)
      // Whoever sent that speaks something else, or wants us to write into a queue that is no inbox.
      if (inbox === null || !inbox.startsWith(`${this.#name}.`)) continue
      const greeting = this.#greet(inbox).finally(() => this.#greetings.delete(greeting))
      this.#greetings.add(greeting)
      if (this.#callers.size + this.#greetings.size >= callersMax) await this.#someoneLeaves()
    }
  }

  /** What came to the queue next; null when nothing will: every peer is told so by its own wire. */
  async #next(): Promise<Note | null> {
    for (;;) {
      try {
        return await this.#meeting.get()
      } catch (error) {
        if (error instanceof ChannelError) return null
        // A message that is no value of ours: it is out of the queue, and the next one may be.
      }
    }
  }

  async #greet(inbox: string): Promise<void> {
    // Where none can be made now, the caller waits for as long as it said, and others may still be answered.
    const back = await openInbox(this.#broker, this.#name, this.#ports).catch(() => null)
    const there = back === null ? null : await this.#answer(inbox, back.name)
    if (back !== null && there !== null) return this.#welcome(there, back)
    back?.close('now')
    this.#onLeft()
  }

  /** Tells the caller where we receive; null where it has gone meanwhile. */
  async #answer(inbox: string, ours: string): Promise<QueueChannel<Note> | null> {
    try {
      const there = noteChannel(await this.#broker.queue(inbox), this.#ports)
      await there.put({ inbox: ours })
      return there
    } catch {
      return null
    }
  }

  #welcome(there: QueueChannel<Note>, back: QueueChannel<Note>): void {
    const left = (): void => {
      this.#callers.delete(peer)
      this.#onLeft()
    }
    const peer: RpcPeer = new RpcPeer(queueWire(there, back, left), this.#options, this.#ports)
    this.#callers.add(peer)
    tellProgram(() => this.#options.onCaller?.(peer), this.#ports.scheduler)
  }

  #someoneLeaves(): Promise<void> {
    return new Promise((resolve) => {
      this.#onLeft = resolve
    })
  }
}

/** A queue that only we know the name of, until we say it, and that goes with us. */
async function openInbox(
  broker: CallBroker,
  name: string,
  ports: Ports,
): Promise<QueueChannel<Note>> {
  const words = Array.from({ length: 4 }, () => ports.random.u32().toString(16).padStart(8, '0'))
  const inbox = noteChannel(await broker.queue(`${name}.${words.join('')}`, INBOX), ports)
  // From the first receiver on it goes with its last.
  inbox.tryGet()
  return inbox
}

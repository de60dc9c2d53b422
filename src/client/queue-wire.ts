/**
 * A wire between two RPC peers over two queues, one each way. Each side owns the queue that it receives from, its
 * inbox, which goes with it; what it sends goes into the other's. It knows nothing of calls.
 */
import { ChannelClosed, type Ports, type Receiver, type Sender } from '../channels/contract.ts'
import type { Frame, Wire } from '../channels/wire.ts'
import type { ChannelQueue } from './channel-queue.ts'
import { QueueChannel } from './queue-channel.ts'
import { valueCodec } from './value-codec.ts'

/** The first message of each side: where it receives. */
export interface Greeting {
  readonly inbox: string
}

/** The last message of a side that ends in good order. */
const END = 'end'

export type Note = Greeting | Frame | typeof END

/** A queue as one direction of a wire, or as the place where wires begin. */
export function noteChannel(
  queue: ChannelQueue,
  ports: Ports,
  options: { readonly prefetch?: number } = {},
): QueueChannel<Note> {
  return new QueueChannel<Note>(queue, { codec: valueCodec<Note>(), ...options }, ports)
}

/** The name of the other's inbox, or null where something else came: the sender may be anybody. */
export function inboxOf(note: Note): string | null {
  return isGreeting(note) && typeof note.inbox === 'string' ? note.inbox : null
}

function isGreeting(note: Note): note is Greeting {
  return typeof note === 'object' && note !== null && 'inbox' in note
}

/** Both directions; `ended` is called once, when our peer has ended the wire. */
export function queueWire(
  there: QueueChannel<Note>,
  back: QueueChannel<Note>,
  ended: () => void,
): Wire {
  return { outgoing: new Outgoing(there, back, ended), incoming: new Incoming(back) }
}

class Outgoing implements Sender<Frame> {
  readonly #there: QueueChannel<Note>
  readonly #back: QueueChannel<Note>
  readonly #ended: () => void

  constructor(there: QueueChannel<Note>, back: QueueChannel<Note>, ended: () => void) {
    this.#there = there
    this.#back = back
    this.#ended = ended
  }

  get closed(): boolean {
    return this.#there.closed
  }

  put(frame: Frame): Promise<void> {
    return this.#there.put(frame)
  }

  tryPut(frame: Frame): boolean {
    return this.#there.tryPut(frame)
  }

  /** Tells the other side, behind all that was sent, and leaves our inbox, which goes with us. */
  close(): void {
    const wasOpen = !this.#back.closed
    this.#there.tryPut(END)
    this.#there.close('now')
    this.#back.close('now')
    if (wasOpen) this.#ended()
  }
}

class Incoming implements Receiver<Frame> {
  readonly #back: QueueChannel<Note>

  constructor(back: QueueChannel<Note>) {
    this.#back = back
  }

  get closed(): boolean {
    return this.#back.closed
  }

  async get(options?: { readonly signal?: AbortSignal }): Promise<Frame> {
    return this.#frame(await this.#back.get(options))
  }

  tryGet(): Frame | undefined {
    const note = this.#back.tryGet()
    return note === undefined ? undefined : this.#frame(note)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame> {
    for await (const note of this.#back) yield this.#frame(note)
  }

  /** Throws where the other side has said its last. Whether it is a good frame is the peer's to judge. */
  #frame(note: Note): Frame {
    if (note === END || isGreeting(note)) throw new ChannelClosed('the other side ended the wire')
    return note
  }
}

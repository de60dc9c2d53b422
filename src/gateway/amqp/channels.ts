/**
 * The channels of a connection: which are open, and whose each frame is. What is no open channel's is judged
 * here: a channel that opens, one that is closing, channel 0, or a mistake.
 */
import { mark } from '../../base/mark.ts'
import { FRAME_HEADER_SIZE, FRAME_HEARTBEAT, FRAME_METHOD } from '../../wire/amqp/frame.ts'
import { u16At } from '../../wire/amqp/integers.ts'
import { decodeMethod, type Method, methodId } from '../../wire/amqp/method-codec.ts'
import { Channel } from './channel.ts'
import { handle, type Outcome } from './handlers.ts'
import { type Reply, replyOf, strangeFrame } from './replies.ts'
import type { Session } from './session.ts'

/** The numbers of a method, as a close names the one that failed; zeros where it was none. */
export type MethodId = readonly [classId: number, methodId: number]

export class Channels {
  readonly #session: Session
  readonly #open = new Map<number, Channel>()
  /** The channel of the last frame: the next one is mostly the same. */
  #last: Channel | null = null
  /** How many there may be. */
  countMax = 0

  constructor(session: Session) {
    this.#session = session
  }

  /** One frame, or a whole message. Answers the bytes used; 0: it has to wait. */
  take(bytes: Uint8Array, at: number, size: number, end: number): number {
    const number = u16At(bytes, at + 1)
    const channel = this.#last?.number === number ? this.#last : this.#find(number)
    if (channel === null || channel.state !== 'open') return this.#takeOther(bytes, at, size)
    const taken = channel.take(bytes, at, size, end)
    if (typeof taken === 'number') return taken
    if (taken !== null) {
      // Whatever comes between a publish and the end of its message is the publish's failure.
      const id = channel.publisher.isIdle ? methodAt(bytes, at) : PUBLISH
      this.#refuse(channel, taken, id)
      return size
    }
    const session = this.#session
    // A request with an answer waits until the peer has taken some of what it asked for before.
    if (session.outbox.isFull || session.isChoked) {
      session.awaitDrain()
      return 0
    }
    const method = decodeMethod(bytes, at + FRAME_HEADER_SIZE, at + size - 1)
    this.#takeMethod(channel, method, methodAt(bytes, at))
    return size
  }

  /** Pauses or wakes every consumer, as its window and the socket have it. */
  considerPause(): void {
    for (const { consumption } of this.#open.values()) consumption.considerPause()
  }

  /** The peer takes what it is sent. */
  resume(): void {
    for (const { outlet } of this.#open.values()) outlet.resume()
    this.considerPause()
  }

  /** Lets go of what they have. */
  close(): void {
    for (const channel of this.#open.values()) {
      channel.close('closed')
      channel.outlet.close()
    }
    this.#open.clear()
    this.#last = null
  }

  #find(number: number): Channel | null {
    const channel = this.#open.get(number) ?? null
    if (channel !== null) this.#last = channel
    return channel
  }

  #takeMethod(channel: Channel, method: Method, id: MethodId): void {
    const session = this.#session
    if (method.name === 'channel.close') {
      this.#whenFree(channel, () => {
        this.#forget(channel)
        channel.close('closed')
        channel.send('channel.close-ok', {})
      })
      return
    }
    if (method.name === 'channel.open') {
      session.fail(replyOf('channel-error', "second 'channel.open' seen"), id)
      return
    }
    const outcome = handle(channel, method)
    if (!(outcome instanceof Promise)) {
      this.#finish(channel, outcome, id)
      return
    }
    session.hold()
    const done = (result: Outcome): void => {
      this.#finish(channel, result, id)
      session.release()
    }
    outcome.then(done, (error: unknown) => {
      done(replyOf('internal-error', error instanceof Error ? error.message : String(error)))
    })
  }

  #finish(channel: Channel, outcome: Outcome, id: MethodId): void {
    if (outcome !== null && channel.state === 'open') this.#refuse(channel, outcome, id)
  }

  #refuse(channel: Channel, reply: Reply, id: MethodId): void {
    if (reply.ends === 'connection') {
      this.#session.fail(reply, id)
      return
    }
    channel.close('closing')
    const { code: replyCode, text: replyText } = reply
    const [classId, methodId] = id
    channel.send('channel.close', { replyCode, replyText, classId, methodId })
  }

  #forget(channel: Channel): void {
    this.#open.delete(channel.number)
    if (this.#last === channel) this.#last = null
  }

  /** A frame that no open channel waits for. */
  #takeOther(bytes: Uint8Array, at: number, size: number): number {
    const session = this.#session
    const number = u16At(bytes, at + 1)
    const type = bytes[at]!
    const channel = this.#open.get(number)
    if (type === FRAME_HEARTBEAT) {
      if (number !== 0) session.fail(strangeFrame(type, number))
    } else if (type !== FRAME_METHOD) {
      // On a channel that we are closing only the answer counts: the rest was sent before the client knew.
      if (channel !== undefined || session.isOver) return size
      session.fail(strangeFrame(type, number))
    } else if (number === 0 || channel !== undefined || !session.isOver) {
      const method = decodeMethod(bytes, at + FRAME_HEADER_SIZE, at + size - 1)
      const id = methodAt(bytes, at)
      if (number === 0) session.zero.take(method, id)
      else if (channel !== undefined) this.#takeLate(channel, method)
      else this.#openChannel(number, method, id)
    }
    return size
  }

  #takeLate(channel: Channel, method: Method): void {
    if (method.name !== 'channel.close' && method.name !== 'channel.close-ok') return
    this.#whenFree(channel, () => {
      if (method.name === 'channel.close') channel.send('channel.close-ok', {})
      this.#forget(channel)
    })
  }

  /** Does it when the body is out that is on its way: until then nobody else may have the channel's number. */
  #whenFree(channel: Channel, task: () => void): void {
    if (!channel.outlet.isBusy) {
      task()
      return
    }
    mark('amqp/close-behind-a-body')
    this.#session.hold()
    channel.outlet.after(() => {
      task()
      this.#session.release()
    })
  }

  #openChannel(number: number, method: Method, id: MethodId): void {
    const session = this.#session
    const count = this.#open.size
    if (!session.isRunning) {
      const text = `channel ${number} before the connection is open`
      session.fail(replyOf('unexpected-frame', text), id)
    } else if (method.name !== 'channel.open') {
      session.fail(replyOf('channel-error', "expected 'channel.open'"), id)
    } else if (count >= this.countMax) {
      const text = `number of channels opened (${count}) has reached the negotiated channel_max (${this.countMax})`
      session.fail(replyOf('not-allowed', text))
    } else {
      this.#open.set(number, new Channel(session, number))
      session.send(number, 'channel.open-ok', { channelId: NOTHING })
    }
  }
}

const NOTHING = new Uint8Array(0)
const PUBLISH: MethodId = methodId('basic.publish')
/** The numbers of the method in the frame at `at`. */
function methodAt(bytes: Uint8Array, at: number): MethodId {
  if (bytes[at] !== FRAME_METHOD) return [0, 0]
  return [u16At(bytes, at + FRAME_HEADER_SIZE), u16At(bytes, at + FRAME_HEADER_SIZE + 2)]
}

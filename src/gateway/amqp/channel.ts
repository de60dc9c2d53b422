/**
 * A channel: the state between channel.open and channel.close, and the way of its frames to who understands
 * them. It owns its publisher, its consumers and what they hold, and its outlet; nothing of it survives.
 *
 *   open --error: we send close--> closing --close-ok--> (gone)
 *     '------- the client's close, answered ----------------^
 */
import {
  BASIC_ACK,
  BASIC_NACK,
  BASIC_PUBLISH,
  BASIC_REJECT,
  BIT_MULTIPLE,
  BIT_NACK_REQUEUE,
  BIT_REJECT_REQUEUE,
  methodNumber,
  SETTLE_FRAME_SIZE,
  settleBits,
  settleTag,
} from '../../wire/amqp/content.ts'
import { FRAME_BODY, FRAME_HEADER, FRAME_HEADER_SIZE, FRAME_METHOD } from '../../wire/amqp/frame.ts'
import type { Fields, MethodName } from '../../wire/amqp/method-codec.ts'
import { Consumption } from './consumption.ts'
import type { Link } from './link.ts'
import { Outlet } from './outlet.ts'
import { Publisher, type Taken } from './publisher.ts'
import { strangeFrame } from './replies.ts'

export class Channel {
  readonly link: Link
  readonly number: number
  readonly outlet: Outlet
  readonly publisher: Publisher
  readonly consumption: Consumption
  state: 'open' | 'closing' | 'closed' = 'open'
  /** The queue that was declared last: an empty name means this one. */
  lastQueue = ''

  constructor(link: Link, number: number) {
    this.link = link
    this.number = number
    this.outlet = new Outlet(link, number, () => this.consumption.considerPause())
    this.publisher = new Publisher(link, number, this.outlet)
    this.consumption = new Consumption(link, number, this.outlet)
  }

  send<N extends MethodName>(name: N, fields: Fields<N>): void {
    this.outlet.send(name, fields)
  }

  /**
   * Takes the frames that come by the million, where they lie. Answers how many bytes it used, 0 when the message
   * has to wait, why not, or `null` for a method that somebody has to decode.
   */
  take(bytes: Uint8Array, at: number, size: number, end: number): Taken | null {
    const type = bytes[at]!
    if (type !== FRAME_METHOD) {
      const isContent = type === FRAME_HEADER || type === FRAME_BODY
      return isContent ? this.publisher.take(bytes, at, size) : strangeFrame(type, this.number)
    }
    if (!this.publisher.isIdle) return this.publisher.missed()
    const payloadAt = at + FRAME_HEADER_SIZE
    const method = methodNumber(bytes, payloadAt)
    if (method === BASIC_PUBLISH) return this.publisher.publish(bytes, at, size, end)
    if (size !== SETTLE_FRAME_SIZE) return null
    const tag = settleTag(bytes, payloadAt)
    const bits = settleBits(bytes, payloadAt)
    const many = (bits & BIT_MULTIPLE) !== 0 ? 'many' : 'one'
    switch (method) {
      case BASIC_ACK:
        return this.consumption.settle(tag, many, 'settle') ?? size
      case BASIC_NACK: {
        const verdict = (bits & BIT_NACK_REQUEUE) !== 0 ? 'requeue' : 'settle'
        return this.consumption.settle(tag, many, verdict) ?? size
      }
      case BASIC_REJECT: {
        const verdict = (bits & BIT_REJECT_REQUEUE) !== 0 ? 'requeue' : 'settle'
        return this.consumption.settle(tag, 'one', verdict) ?? size
      }
      default:
        return null
    }
  }

  /** Lets go of everything it has. What is still to come of it is not looked at. */
  close(state: 'closing' | 'closed'): void {
    const wasOpen = this.state === 'open'
    this.state = state
    if (!wasOpen) return
    this.publisher.close()
    this.consumption.close()
  }
}

/**
 * The publishing side of a channel: finds where a message goes, puts it together when it comes in pieces, hands
 * it to the broker, and has it confirmed. A message that lies in one piece in the
 * socket's memory is handed on from there; nothing is made for it.
 *
 *   idle --publish--> header --content header--> body or large --last body frame--> idle
 *     '---------------- the whole message is there ----------------'
 *
 * A large body, which has no room in one entry of the broker's journal, goes there as it comes.
 */
import { EMPTY } from '../../base/bytes.ts'
import { Fault } from '../../base/fault.ts'
import { mark } from '../../base/mark.ts'
import { Reader } from '../../base/reader.ts'
import type { Arrival } from '../../broker/arrival.ts'
import type { Persistence } from '../../broker/publisher.ts'
import { HELD, type HeldWhy } from '../../broker/room.ts'
import { Content, FORMAT_AMQP, NO_TTL } from '../../machine/message.ts'
import { isRefusal } from '../../machine/refusal.ts'
import type { Route } from '../../machine/route.ts'
import {
  BIT_IMMEDIATE,
  BIT_MANDATORY,
  CLASS_BASIC,
  HEADER_PROPERTIES_AT,
  headerBodySize,
  headerClass,
  PUBLISH_HEAD_AT,
  publishHeadEnd,
} from '../../wire/amqp/content.ts'
import {
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEADER_SIZE,
  FRAME_OVERHEAD,
  frameLength,
} from '../../wire/amqp/frame.ts'
import { u16At } from '../../wire/amqp/integers.ts'
import { DELIVERY_MODE_PERSISTENT, mayClaim, scanProperties } from '../../wire/amqp/properties.ts'
import { readShortString } from '../../wire/amqp/short-string.ts'
import { keepsAll } from './arguments.ts'
import { Assembly } from './assembly.ts'
import { judgeClaims } from './claims.ts'
import { Confirming } from './confirming.ts'
import { LargeAssembly } from './large-assembly.ts'
import type { Link } from './link.ts'
import type { Outlet } from './outlet.ts'
import { type Reply, replyOf, replyTo, tooLarge } from './replies.ts'
import { RouteCache } from './route-cache.ts'
import { writeReturn, writeReturnHeads } from './write-content.ts'

/** Bytes of input that were used; 0: the message has to wait and is offered again; or why not. */
export type Taken = number | Reply

export class Publisher {
  readonly #link: Link
  readonly #channel: number
  readonly #routes = new RouteCache()
  readonly #content = new Content()
  readonly #assembly = new Assembly()
  readonly #large: LargeAssembly
  readonly #outlet: Outlet
  /** What the client is still to be told of what it published. */
  readonly confirming: Confirming
  /** Bytes that a message may have, and one that is not large. */
  readonly #bodyMax: number
  readonly #smallMax: number
  #state: 'idle' | 'header' | 'body' | 'large' = 'idle'
  /** Of the message that is coming in pieces. */
  #route: Route | null = null
  #bits = 0
  #deliveryMode = 0

  constructor(link: Link, channel: number, outlet: Outlet) {
    this.#link = link
    this.#channel = channel
    this.#outlet = outlet
    this.confirming = new Confirming(link, channel, outlet)
    this.#large = new LargeAssembly(link, channel)
    const { bodyBytes, bodyBytesMax } = link.broker.limits
    this.#bodyMax = Math.min(link.limits.bodyBytes, bodyBytesMax)
    this.#smallMax = Math.min(this.#bodyMax, bodyBytes)
    this.#content.format = FORMAT_AMQP
  }

  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  /** A publish, with all of its message if that is there. `size` is that of its method frame. */
  publish(bytes: Uint8Array, at: number, size: number, end: number): Taken {
    const headAt = at + FRAME_HEADER_SIZE + PUBLISH_HEAD_AT
    const headEnd = publishHeadEnd(bytes, at + FRAME_HEADER_SIZE, at + size - 1)
    const cached = this.#routes.find(bytes, headAt, headEnd)
    if (cached === null) {
      const refused = this.#findRoute(bytes, headAt, headEnd)
      if (refused !== null) return refused
    }
    const route = cached ?? this.#routes.last!
    const bits = bytes[headEnd]!
    if ((bits & BIT_IMMEDIATE) !== 0) return replyOf('not-implemented', 'immediate=true')
    const contentEnd = this.#enter(bytes, at + size, end)
    if (contentEnd > 0) return this.#send(route, bits) ? contentEnd - at : 0
    this.#route = route
    this.#bits = bits
    this.#state = 'header'
    return size
  }

  /** A frame of a message that comes in pieces; anything but the next piece is refused. */
  take(bytes: Uint8Array, at: number, size: number): Taken {
    const type = bytes[at]!
    if (this.#state === 'header') {
      if (type !== FRAME_HEADER) return wrongFrame('header for class 60', 'header')
      return this.#takeHeader(bytes, at, size)
    }
    if (this.#state === 'large') {
      if (type !== FRAME_BODY) return wrongFrame('body', 'body')
      return this.#takeLarge(bytes, at, size)
    }
    if (this.#state === 'body') {
      if (type !== FRAME_BODY) return wrongFrame('body', 'body')
      return this.#takeBody(bytes, at, size)
    }
    return replyOf('unexpected-frame', 'expected method frame, got non method frame instead')
  }

  /** The frame that came where a piece of a message was due. */
  missed(): Reply {
    return this.#state === 'header'
      ? wrongFrame('header for class 60', 'header')
      : wrongFrame('body', 'body')
  }

  /** Nothing is confirmed any more. */
  close(): void {
    this.confirming.close()
    this.#assembly.clear()
    this.#large.close()
    this.#state = 'idle'
  }

  /** Points the content at the message in [at, end) if all of it is there; answers where it ends, else -1. */
  #enter(bytes: Uint8Array, at: number, end: number): number {
    const { frameMax } = this.#link
    const headerSize = frameLength(bytes, at, end, frameMax)
    if (headerSize < 0 || bytes[at] !== FRAME_HEADER) return -1
    if (u16At(bytes, at + 1) !== this.#channel) return -1
    const payloadAt = at + FRAME_HEADER_SIZE
    if (headerClass(bytes, payloadAt) !== CLASS_BASIC) return -1
    const bodyAt = at + headerSize
    const bodySize = headerBodySize(bytes, payloadAt, bodyAt - 1)
    if (bodySize > this.#smallMax) return -1
    let contentEnd = bodyAt
    if (bodySize > 0) {
      const size = frameLength(bytes, bodyAt, end, frameMax)
      if (size !== bodySize + FRAME_OVERHEAD || bytes[bodyAt] !== FRAME_BODY) return -1
      if (u16At(bytes, bodyAt + 1) !== this.#channel) return -1
      contentEnd += size
    }
    const propertiesAt = payloadAt + HEADER_PROPERTIES_AT
    this.#deliveryMode = scanProperties(bytes, propertiesAt, bodyAt - 1)
    // What is refused is refused when its header is taken.
    if (this.#refuse(bytes, propertiesAt, bodyAt - 1) !== null) return -1
    const content = this.#content
    content.properties = bytes
    content.propertiesAt = propertiesAt
    content.propertiesSize = bodyAt - 1 - propertiesAt
    content.body = bytes
    content.bodyAt = bodyAt + FRAME_HEADER_SIZE
    content.bodySize = bodySize
    return contentEnd
  }

  /** Why a message with these properties is not taken, or null; then the content says how long it may wait. */
  #refuse(bytes: Uint8Array, at: number, end: number): Reply | null {
    this.#content.ttlMs = NO_TTL
    if (!mayClaim(bytes, at, end)) return null
    const { broker, user } = this.#link
    const judge = { user, ttlMsMax: broker.limits.ttlMsMax }
    const judged = judgeClaims(judge, bytes.subarray(at, end))
    if (typeof judged !== 'number') return judged
    this.#content.ttlMs = judged
    return null
  }

  #takeHeader(bytes: Uint8Array, at: number, size: number): Taken {
    const payloadAt = at + FRAME_HEADER_SIZE
    const payloadEnd = at + size - 1
    const bodySize = headerBodySize(bytes, payloadAt, payloadEnd)
    const classId = headerClass(bytes, payloadAt)
    if (classId !== CLASS_BASIC) {
      const text = `expected content header for class 60, got one for class ${classId} instead`
      return replyOf('unexpected-frame', text)
    }
    if (bodySize > this.#bodyMax) return tooLarge(bodySize, this.#bodyMax)
    const propertiesAt = payloadAt + HEADER_PROPERTIES_AT
    this.#deliveryMode = scanProperties(bytes, propertiesAt, payloadEnd)
    const refused = this.#refuse(bytes, propertiesAt, payloadEnd)
    if (refused !== null) return refused
    const properties = bytes.subarray(propertiesAt, payloadEnd)
    if (bodySize > this.#smallMax) {
      const late = this.#large.begin(properties.slice(), bodySize, this.#persistence(this.#route!))
      if (late !== null) return late
      this.#state = 'large'
      return size
    }
    this.#assembly.begin(properties, bodySize)
    if (bodySize > 0) {
      this.#state = 'body'
      return size
    }
    return this.#sendAssembled(size)
  }

  #takeBody(bytes: Uint8Array, at: number, size: number): Taken {
    const bodyAt = at + FRAME_HEADER_SIZE
    const more = size - FRAME_OVERHEAD
    checkMissing(more, this.#assembly.missingBytes)
    const isLast = this.#assembly.put(bytes.subarray(bodyAt, bodyAt + more)) === 'whole'
    if (!isLast) {
      this.#assembly.advance(more)
      return size
    }
    const taken = this.#sendAssembled(size)
    // A message that is held offers its last frame again, and puts it in the same place.
    if (taken === 0) mark('amqp/last-piece-held')
    return taken
  }

  /** The last frame was that large. */
  #sendAssembled(size: number): Taken {
    const refused = this.#freshen()
    if (refused !== null) return refused
    this.#assembly.enter(this.#content)
    if (!this.#send(this.#route!, this.#bits)) return 0
    this.#assembly.clear()
    this.#end()
    return size
  }

  #end(): void {
    this.#state = 'idle'
    this.#route = null
    this.#content.properties = EMPTY
    this.#content.body = EMPTY
  }

  #takeLarge(bytes: Uint8Array, at: number, size: number): Taken {
    const large = this.#large
    const more = size - FRAME_OVERHEAD
    checkMissing(more, large.missingBytes)
    if (!large.put(bytes, at + FRAME_HEADER_SIZE, more)) {
      if (!this.#refuseOrHold(this.#link.broker.heldWhy)) {
        mark('amqp/large-piece-held')
        return 0
      }
      large.close()
    }
    if (more < large.missingBytes) {
      large.advance(more)
      return size
    }
    const { arrival } = large
    if (arrival !== null) {
      const refused = this.#freshen()
      if (refused !== null) return refused
      // A message that is held offers its last frame again.
      if (!this.#sendLarge(this.#route!, arrival)) return 0
    }
    large.advance(more)
    large.close()
    this.#end()
    return size
  }

  #sendLarge(way: Route, arrival: Arrival): boolean {
    const { broker } = this.#link
    const content = this.#content
    this.#large.enter(content)
    const isReturned = this.#isReturned(way, this.#bits)
    if (isReturned && this.#outlet.isBusy) return this.#awaitOutlet()
    const reading = isReturned ? broker.arrivals.read(arrival) : null
    const ticket = broker.arrivals.publish(way, content, arrival)
    if (ticket === HELD) return this.#refuseOrHold(broker.heldWhy)
    if (reading !== null) {
      const { properties } = content
      const bodySize = reading.sizeBytes
      writeReturnHeads(this.#link, this.#channel, { route: way, properties, bodySize })
      this.#outlet.pour(reading)
    }
    this.confirming.await(ticket)
    return true
  }

  /** Hands the content to the broker; false: there is no room, and the connection is held until there is. */
  #send(way: Route, bits: number): boolean {
    const { broker } = this.#link
    const isReturned = this.#isReturned(way, bits)
    if (isReturned && this.#outlet.isBusy) return this.#awaitOutlet()
    const ticket = broker.publish(way, this.#content, this.#persistence(way))
    if (ticket === HELD) return this.#refuseOrHold(broker.heldWhy)
    if (isReturned) this.#return(way)
    this.confirming.await(ticket)
    return true
  }

  /**
   * The connection is held until there is room, and its client is told why unless the disk is only slow. One that
   * waits for confirms and does not understand that would wait without a word: it is told that this message is lost.
   */
  #refuseOrHold(why: HeldWhy): boolean {
    const { alarm } = this.#link
    if (why === 'disk-full' && this.confirming.isOn && !alarm.isHeard) {
      mark('amqp/publish-refused')
      this.confirming.refuse()
      return true
    }
    if (why !== 'disk-slow') alarm.raise(why === 'disk-full' ? 'disk' : 'memory')
    return this.#hold()
  }

  /** What is kept for one queue is kept for all: it is written once. */
  #persistence({ durable }: Route): Persistence {
    if (this.#deliveryMode === DELIVERY_MODE_PERSISTENT) return 'persistent'
    return durable.some(keepsAll) ? 'persistent' : 'transient'
  }

  #isReturned(way: Route, bits: number): boolean {
    return (bits & BIT_MANDATORY) !== 0 && way.isEmpty
  }

  /** What goes back to the client has to wait behind a body that goes out. */
  #awaitOutlet(): false {
    mark('amqp/return-behind-a-body')
    this.#link.hold()
    this.#outlet.after(() => this.#link.release())
    return false
  }

  /** The route of a message in pieces may have changed since. Answers why there is none any more, or null. */
  #freshen(): Reply | null {
    const { exchange, key, stale } = this.#route!
    if (!stale) return null
    const { broker, namespace, vhost } = this.#link
    const found = broker.route(namespace, exchange?.name ?? '', key)
    if (isRefusal(found)) return replyTo(found, vhost)
    this.#route = found
    return null
  }

  #hold(): boolean {
    mark('amqp/publish-held')
    const link = this.#link
    link.hold()
    link.broker.whenRoom(() => link.release())
    return false
  }

  #return(route: Route): void {
    const content = this.#content
    const view = {
      bytes: content.body,
      headAt: 0,
      headSize: 0,
      propertiesAt: 0,
      propertiesSize: content.propertiesSize,
      bodyAt: content.bodyAt,
      bodySize: content.bodySize,
    }
    const properties = content.properties.subarray(
      content.propertiesAt,
      content.propertiesAt + content.propertiesSize,
    )
    writeReturn(this.#link, this.#channel, { route, view, properties })
  }

  #findRoute(bytes: Uint8Array, at: number, end: number): Reply | null {
    const { broker, namespace, vhost } = this.#link
    const reader = new Reader(bytes, at, end)
    const exchange = readShortString(reader)
    const key = readShortString(reader)
    const found = broker.route(namespace, exchange, key)
    if (isRefusal(found)) return replyTo(found, vhost)
    this.#routes.keep(bytes, at, end, found)
    return null
  }
}

function checkMissing(more: number, missing: number): void {
  if (more <= missing) return
  const text = `content body frame of ${more} bytes exceeds the remaining content size ${missing}`
  throw new Fault('frame-error', text)
}

function wrongFrame(expected: string, kind: string): Reply {
  const text = `expected content ${expected}, got non content ${kind} frame instead`
  return replyOf('unexpected-frame', text)
}

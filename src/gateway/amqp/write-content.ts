/**
 * Messages on their way out: a delivery, an answered get, a returned message, each as one run of frames that
 * nothing of the same channel comes between. Bodies that do not fit a frame, or our slab, go in several; those that
 * the broker gives out in pieces follow their header later.
 */
import { Reader } from '../../base/reader.ts'
import { Writer } from '../../base/writer.ts'
import type { EntryView } from '../../machine/entry.ts'
import type { Route } from '../../machine/route.ts'
import {
  type ContentView,
  contentHeaderSize,
  deliverSize,
  writeBodyFrame,
  writeContentHeader,
  writeDeliver,
} from '../../wire/amqp/content.ts'
import { countedHeaderSize, UNCOUNTED, writeCountedHeader } from '../../wire/amqp/delivery-count.ts'
import { FRAME_OVERHEAD } from '../../wire/amqp/frame.ts'
import { type Fields, type MethodName, writeMethod } from '../../wire/amqp/method-codec.ts'
import { readShortString } from '../../wire/amqp/short-string.ts'
import type { Link } from './link.ts'
import { noRoute } from './replies.ts'

/** What each delivery to one consumer has of its own, beside the content. One object is used again for all. */
export type DeliveryHead = {
  tag: number
  /** 0 or 1. */
  redelivered: number
  /** How often it was given out before, where the queue says so; else UNCOUNTED. */
  count: number
}

/** One delivery; nothing is made for it, and so its parts come one by one. */
export function writeDelivery(
  link: Link,
  channel: number,
  prefix: Uint8Array,
  head: DeliveryHead,
  content: ContentView,
): void {
  const { outbox } = link
  const { bodySize } = content
  const headsSize = deliverSize(prefix, content) + contentHeaderSize(content)
  const isLong = headsSize + bodySize + FRAME_OVERHEAD > outbox.slabBytes
  if (isLong || bodySize > bodyMax(link) || head.count !== UNCOUNTED) {
    writeDeliveryHeads(link, channel, prefix, head, content)
    writeBody(link, channel, content)
    return
  }
  const at = outbox.reserve(bodySize === 0 ? headsSize : headsSize + bodySize + FRAME_OVERHEAD)
  const { bytes } = outbox
  const headerAt = writeDeliver(bytes, at, prefix, head.tag, head.redelivered, content)
  const bodyAt = writeContentHeader(bytes, headerAt, channel, content)
  if (bodySize > 0) writeBodyFrame(bytes, bodyAt, channel, content, 0, bodySize)
}

/** A delivery but for its body. */
export function writeDeliveryHeads(
  link: Link,
  channel: number,
  prefix: Uint8Array,
  head: DeliveryHead,
  content: ContentView,
): void {
  const { outbox } = link
  const { tag, redelivered } = head
  const count = countThatFits(link, head.count, content)
  const at = outbox.reserve(deliverSize(prefix, content) + countedHeaderSize(content, count))
  const headerAt = writeDeliver(outbox.bytes, at, prefix, tag, redelivered, content)
  writeCountedHeader(outbox.bytes, headerAt, channel, content, count)
}

export type GetAnswer = Pick<
  Fields<'basic.get-ok'>,
  'deliveryTag' | 'redelivered' | 'messageCount'
> &
  Pick<DeliveryHead, 'count'>

/** The answer to a get. */
export function writeGetOk(
  link: Link,
  channel: number,
  got: GetAnswer & {
    readonly content: ContentView
    readonly body: 'with-body' | 'body-follows'
  },
): void {
  const { content, count, body, ...answer } = got
  const reader = new Reader(content.bytes, content.headAt, content.headAt + content.headSize)
  const exchange = readShortString(reader)
  const routingKey = readShortString(reader)
  link.send(channel, 'basic.get-ok', { ...answer, exchange, routingKey })
  writeHeader(link, channel, content, count)
  if (body === 'with-body') writeBody(link, channel, content)
}

/** A mandatory message that nobody gets, on its way back. */
export function writeReturn(
  link: Link,
  channel: number,
  returned: {
    readonly route: Route
    readonly view: ContentView
    readonly properties: Uint8Array
  },
): void {
  const { route, view, properties } = returned
  writeReturnMethod(link, channel, route)
  // Properties and body may lie in different memories; what is returned is rare enough to be copied together.
  const writer = new Writer()
  writer.bytes(properties)
  writer.bytes(view.bytes.subarray(view.bodyAt, view.bodyAt + view.bodySize))
  const bytes = writer.take()
  const content = { ...view, bytes, propertiesAt: 0, bodyAt: properties.length }
  writeHeader(link, channel, content, UNCOUNTED)
  writeBody(link, channel, content)
}

/** The same but for its body, which has so many bytes. */
export function writeReturnHeads(
  link: Link,
  channel: number,
  returned: { readonly route: Route; readonly bodySize: number; readonly properties: Uint8Array },
): void {
  const { route, bodySize, properties } = returned
  writeReturnMethod(link, channel, route)
  const place = { headAt: 0, headSize: 0, propertiesAt: 0, propertiesSize: properties.length }
  writeHeader(link, channel, { bytes: properties, ...place, bodyAt: 0, bodySize }, UNCOUNTED)
}

/** A piece of a body that the broker gave out. */
export function writeBodyPiece(
  link: Link,
  channel: number,
  { bytes, bodyAt, bodySize }: EntryView,
): void {
  const place = { headAt: 0, headSize: 0, propertiesAt: 0, propertiesSize: 0 }
  writeBody(link, channel, { bytes, ...place, bodyAt, bodySize })
}

function writeReturnMethod(link: Link, channel: number, route: Route): void {
  link.send(channel, 'basic.return', {
    replyCode: noRoute.code,
    replyText: noRoute.text,
    exchange: route.exchange?.name ?? '',
    routingKey: route.key,
  })
}

const scratch = new Writer()

/** A method of a few bytes in one frame. */
export function methodFrame<N extends MethodName>(
  channel: number,
  name: N,
  fields: Fields<N>,
): Uint8Array {
  scratch.reset()
  writeMethod(scratch, channel, { name, fields })
  return scratch.view()
}

function writeHeader(link: Link, channel: number, content: ContentView, asked: number): void {
  const { outbox } = link
  const count = countThatFits(link, asked, content)
  const at = outbox.reserve(countedHeaderSize(content, count))
  writeCountedHeader(outbox.bytes, at, channel, content, count)
}

/** A header goes in one frame: where the publisher's own fill it, no count comes along. */
function countThatFits({ frameMax }: Link, count: number, content: ContentView): number {
  if (count === UNCOUNTED) return UNCOUNTED
  return countedHeaderSize(content, count) > frameMax ? UNCOUNTED : count
}

function writeBody(link: Link, channel: number, content: ContentView): void {
  const { outbox } = link
  const sizeMax = bodyMax(link)
  for (let offset = 0; offset < content.bodySize; offset += sizeMax) {
    const size = Math.min(sizeMax, content.bodySize - offset)
    const at = outbox.reserve(size + FRAME_OVERHEAD)
    writeBodyFrame(outbox.bytes, at, channel, content, offset, size)
  }
}

/** Bytes of a body in one frame. */
function bodyMax({ frameMax, outbox }: Link): number {
  return Math.min(frameMax, outbox.slabBytes) - FRAME_OVERHEAD
}

/** The limits of the AMQP gateway: what bounds a connection's memory, time and share, each with its reason. */
import { assert } from '../../base/assert.ts'
import { KiB, MiB } from '../../base/bytes.ts'

export type AmqpLimitName =
  | 'connections'
  | 'frameBytesBeforeOpen'
  | 'frameBytesMin'
  | 'frameBytes'
  | 'channels'
  | 'channelsMin'
  | 'consumersPerChannel'
  | 'bodyBytes'
  | 'arrivingBytes'
  | 'heartbeatSeconds'
  | 'handshakeMs'
  | 'loginRefusedMs'
  | 'lingerMs'
  | 'drainMs'
  | 'readBytesPerTurn'
  | 'outboundBytes'
  | 'slabBytes'
  | 'slabsKept'

export type AmqpLimits = Readonly<Record<AmqpLimitName, number>>

export const amqpLimits: AmqpLimits = {
  connections: 10_000, // an idle one costs a few KB; clients of one host rarely pass a few hundred
  frameBytesBeforeOpen: 8 * KiB, // fits a token in a login, which is why RabbitMQ went from 4 to 8 KiB
  frameBytesMin: 4 * KiB, // what the specification asks for; RabbitMQ 4.1 went to 8 and shut clients out
  frameBytes: 128 * KiB, // what we offer in tune, as RabbitMQ does; larger messages span frames
  channels: 2_047, // what RabbitMQ offers since a client leaked them by the ten thousand
  channelsMin: 1, // a connection without a channel can do nothing
  consumersPerChannel: 1_024, // each costs a few hundred bytes and a place in its queue's round
  bodyBytes: 128 * MiB, // what RabbitMQ took for years (16 MiB since 4.0); the broker has a limit of its own below
  arrivingBytes: 256 * MiB, // of large messages on the channels of one connection at once, as announced
  heartbeatSeconds: 60, // what we propose; the client's answer counts
  handshakeMs: 10_000, // from accept to open; bytes that trickle in do not prolong it
  loginRefusedMs: 250, // before a refused login is answered: guessing takes its time
  lingerMs: 2_000, // for a client to read why it was closed: a round trip to anywhere, several times
  drainMs: 5_000, // for all clients to go when we stop; service managers give ten seconds
  readBytesPerTurn: 256 * KiB, // of one socket, so that a flood does not starve another's acknowledgements
  outboundBytes: 1 * MiB, // not taken by the system; then the consumers wait, and requests with answers
  slabBytes: 64 * KiB, // of output in one write; more costs cache and gives no fewer system calls to speak of
  slabsKept: 64, // 4 MiB between turns; a burst gives the rest back
}

assert(amqpLimits.frameBytesBeforeOpen >= amqpLimits.frameBytesMin)
assert(amqpLimits.frameBytesMin <= amqpLimits.frameBytes)
assert(amqpLimits.slabBytes >= amqpLimits.frameBytesMin)
assert(amqpLimits.arrivingBytes >= amqpLimits.bodyBytes)
assert(amqpLimits.loginRefusedMs < amqpLimits.handshakeMs)

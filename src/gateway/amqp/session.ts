/**
 * A session is one client of the AMQP listener, from its first byte to its last. It owns the connection, takes
 * frames from it to whom they belong, and sends what they answer; no message and no declaration lives in it.
 * Its phases are drawn in phase.ts; when it is read, intake.ts says.
 */
import { assert } from '../../base/assert.ts'
import type { Fault } from '../../base/fault.ts'
import { mark } from '../../base/mark.ts'
import type { Connection, ConnectionHandler, Timer } from '../../base/ports.ts'
import type { Flushable } from '../../broker/context.ts'
import type { Runtime } from '../../broker/runtime.ts'
import type { Namespace } from '../../machine/namespace.ts'
import type { Queue } from '../../machine/queue.ts'
import {
  frameLength,
  HEARTBEAT_FRAME,
  matchProtocolHeader,
  PROTOCOL_HEADER,
  PROTOCOL_HEADER_SIZE,
} from '../../wire/amqp/frame.ts'
import type { Fields, MethodName } from '../../wire/amqp/method-codec.ts'
import { Alarm } from './alarm.ts'
import { ChannelZero } from './channel-zero.ts'
import { Channels, type MethodId } from './channels.ts'
import type { Tuning } from './handshake.ts'
import { Heartbeat, type HeartbeatOwner } from './heartbeat.ts'
import { Intake } from './intake.ts'
import type { AmqpLimits } from './limits.ts'
import type { Link, Teller } from './link.ts'
import { Outbox } from './outbox.ts'
import { isAlive, type Phase } from './phase.ts'
import { type Reply, replyToFault } from './replies.ts'
import type { Slabs } from './slabs.ts'
import { methodFrame } from './write-content.ts'

export interface SessionOwner {
  readonly broker: Runtime
  readonly connection: Connection
  readonly limits: AmqpLimits
  readonly slabs: Slabs
  readonly uniqueName: (prefix: string) => string
  /** Told once, when the connection is gone and all is let go of; why, if the client was refused. */
  readonly onClosed: (refusal: string | null) => void
}

export class Session implements ConnectionHandler, HeartbeatOwner, Flushable, Link {
  readonly broker: Runtime
  readonly limits: AmqpLimits
  readonly outbox: Outbox
  readonly connection: Connection
  readonly uniqueName: (prefix: string) => string
  hearsCancels = false
  arrivingBytes = 0
  readonly alarm: Alarm = new Alarm(this)
  isChoked = false
  vhost = '/'
  user = ''
  phase: Phase = 'greeting'
  /** What a frame may have, both ways. */
  frameMax: number
  readonly #onClosed: (refusal: string | null) => void
  readonly zero: ChannelZero
  readonly #intake: Intake
  readonly #channels: Channels
  #namespace: Namespace | null = null
  /** Queues that go with this connection. */
  readonly #owned = new Set<Queue>()
  readonly #tellers: Teller[] = []
  #isFlushPlanned = false
  /** The first bytes, until they are a protocol header or not. */
  readonly #greeting = new Uint8Array(PROTOCOL_HEADER_SIZE)
  #heartbeat: Heartbeat | null = null
  /** Ends a handshake that takes too long, and later a client that does not go. */
  #timer: Timer | null = null
  #refusal: string | null = null

  constructor(owner: SessionOwner) {
    this.broker = owner.broker
    this.limits = owner.limits
    this.connection = owner.connection
    this.uniqueName = owner.uniqueName
    this.#onClosed = owner.onClosed
    this.frameMax = owner.limits.frameBytesBeforeOpen
    this.zero = new ChannelZero(this)
    this.#channels = new Channels(this)
    this.outbox = new Outbox({
      connection: owner.connection,
      slabs: owner.slabs,
      pendingMax: owner.limits.outboundBytes,
      onDirty: () => this.#planFlush(),
    })
    this.#intake = new Intake({
      connection: owner.connection,
      shareBytes: owner.limits.readBytesPerTurn,
      phase: () => this.phase,
      parse: this.#parse,
      greet: (bytes) => (this.phase === 'greeting' ? this.#greet(bytes) : bytes),
      planFlush: () => this.#planFlush(),
      broken: (fault) => this.#broken(fault),
      unheld: () => this.#unheld(),
    })
  }

  get namespace(): Namespace {
    assert(this.#namespace !== null, 'a namespace before the connection is open')
    return this.#namespace
  }

  get isOver(): boolean {
    return !isAlive(this.phase)
  }

  get isRunning(): boolean {
    return this.phase === 'running'
  }

  start(): void {
    this.#arm(this.limits.handshakeMs, () => this.drop('the handshake took too long'))
    this.connection.start(this)
  }

  // What the connection tells.

  data(chunk: Uint8Array): void {
    this.#intake.take(chunk)
  }

  ended(): void {
    // Half-open connections are of no use in AMQP: whoever stops sending is gone.
    this.end()
  }

  drained(): void {
    this.outbox.drained()
    if (!this.isChoked || this.outbox.isFull) return
    this.isChoked = false
    this.#channels.resume()
    this.#intake.drained()
  }

  closed(error: Error | null): void {
    this.letGo()
    this.phase = 'closed'
    this.#timer?.cancel()
    this.outbox.close()
    this.#intake.clear()
    this.#onClosed(this.#refusal ?? (error === null ? null : error.message))
  }

  // What the turn and the clock tell.

  flush(): void {
    this.#isFlushPlanned = false
    const tellers = this.#tellers
    for (const teller of tellers) teller.tell()
    tellers.length = 0
    this.outbox.flush()
    this.#intake.turnEnded()
  }

  sentBytes(): number {
    return this.outbox.sentBytes
  }

  receivedBytes(): number {
    return this.#intake.receivedBytes
  }

  isListening(): boolean {
    return this.#intake.isListening
  }

  beat(): void {
    this.outbox.append(HEARTBEAT_FRAME)
  }

  silent(): void {
    this.drop('no sign of life for two heartbeats')
  }

  // What channels ask for.

  send<N extends MethodName>(channel: number, name: N, fields: Fields<N>): void {
    this.outbox.append(methodFrame(channel, name, fields))
  }

  hold(): void {
    this.#intake.hold()
  }

  release(): void {
    this.#intake.release()
  }

  unfinishedBytes(channel: number): number | null {
    return this.isListening() ? this.#intake.unfinishedBytes(channel) : null
  }

  choke(): void {
    if (this.isChoked) return
    mark('amqp/choked')
    this.isChoked = true
    this.#channels.considerPause()
  }

  /** Nothing is parsed until the peer has taken what it was sent. */
  awaitDrain(): void {
    this.choke()
    this.#intake.awaitDrain()
  }

  tellLater(teller: Teller): void {
    this.#tellers.push(teller)
    this.#planFlush()
  }

  own(queue: Queue): void {
    this.#owned.add(queue)
    // The connection may have gone while the queue was made.
    if (this.isOver) this.#dropOwned()
  }

  // What the handshake and the listener ask for.

  open(vhost: string, namespace: Namespace, tuning: Tuning): void {
    this.#timer?.cancel()
    this.#timer = null
    this.vhost = vhost
    this.#namespace = namespace
    this.#channels.countMax = tuning.channelMax
    this.frameMax = tuning.frameMax
    if (tuning.heartbeatSeconds === 0) return
    this.#heartbeat = new Heartbeat(this.broker.world.scheduler, this, tuning.heartbeatSeconds)
    this.#heartbeat.start()
  }

  /** Ends the connection with a reason that the client is told. */
  fail(reply: Reply, method: MethodId = [0, 0]): void {
    if (!isAlive(this.phase)) return
    this.#refusal = reply.text
    this.letGo()
    this.phase = 'closing'
    const [classId, methodId] = method
    const { code: replyCode, text: replyText } = reply
    this.send(0, 'connection.close', { replyCode, replyText, classId, methodId })
    // Not at the end of the turn: there may be none any more.
    this.outbox.flush()
    this.#arm(this.limits.lingerMs, () => this.connection.destroy())
    // Whatever it was held for, the answer to the close may lie behind it.
    this.#intake.goOn()
  }

  /** Everything is said: what still comes is thrown away, until the peer has closed too. */
  end(): void {
    if (this.phase === 'ending' || this.phase === 'closed') return
    this.letGo()
    this.phase = 'ending'
    this.outbox.flush()
    this.#intake.considerPause()
    this.connection.end()
    this.#arm(this.limits.lingerMs, () => this.connection.destroy())
  }

  /** Ends the connection without a word. */
  drop(reason: string): void {
    this.#refusal ??= reason
    this.connection.destroy()
  }

  /** Lets go of channels and queues before a close is answered. */
  letGo(): void {
    if (!isAlive(this.phase)) return
    this.#heartbeat?.stop()
    this.#channels.close()
    this.#dropOwned()
  }

  #dropOwned(): void {
    const { declare } = this.broker
    for (const queue of this.#owned) {
      declare.deleteQueue(queue).catch((error: unknown) => this.broker.fail(error))
    }
    this.#owned.clear()
  }

  #arm(delayMs: number, task: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.broker.world.scheduler.after(delayMs, task)
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return
    this.#isFlushPlanned = true
    this.broker.atTurnEnd(this)
  }

  #broken(fault: Fault): void {
    this.fail(replyToFault(fault))
    this.end()
  }

  /** Whatever became of what waited for room, nothing does now. */
  #unheld(): void {
    if (this.isRunning) this.alarm.clear()
  }

  /** Takes the protocol header; answers what follows it. */
  #greet(bytes: Uint8Array): Uint8Array {
    const known = this.#intake.receivedBytes - bytes.length
    const take = Math.min(PROTOCOL_HEADER_SIZE - known, bytes.length)
    this.#greeting.set(bytes.subarray(0, take), known)
    const match = matchProtocolHeader(this.#greeting, 0, known + take)
    if (match === 'foreign') {
      this.#refusal = 'the first bytes are not those of AMQP 0-9-1'
      this.outbox.append(PROTOCOL_HEADER)
      this.end()
    }
    if (match !== 'ours') return NOTHING
    this.zero.greet()
    return bytes.subarray(take)
  }

  /** Takes whole frames while nothing holds them; answers where it stopped. */
  readonly #parse = (bytes: Uint8Array, start: number, end: number): number => {
    let at = start
    while (at < end && !this.#intake.isHeld) {
      if (this.phase === 'ending' || this.phase === 'closed') return end
      const size = frameLength(bytes, at, end, this.frameMax)
      if (size < 0) break
      const used = this.#channels.take(bytes, at, size, end)
      if (used === 0) break
      at += used
    }
    return at
  }
}

const NOTHING = new Uint8Array(0)

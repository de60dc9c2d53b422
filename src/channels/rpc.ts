/**
 * A peer is one end of a wire on which both sides may call and be called: any number of calls at once, answers
 * in any order, each with its deadline and its cancellation. It owns its end of the wire, and gives up on the
 * first sign that the other side has gone or talks nonsense.
 */
import type { Ports } from './contract.ts'
import { AnswerBook } from './rpc-answers.ts'
import { CallBook, type CallOptions, type StreamOptions } from './rpc-calls.ts'
import { type RemoteErrors, RpcError } from './rpc-errors.ts'
import { checkFrame } from './rpc-frame.ts'
import { Outbox } from './rpc-outbox.ts'
import { type Handler, type Handlers, Service } from './rpc-service.ts'
import { done, Turn } from './turn.ts'
import { type Frame, frameKind, type Wire } from './wire.ts'

export interface RpcOptions {
  /** What this side serves; a service of its own unless told. Several peers may share one. */
  readonly service?: Service
  /** Classes for the errors of the other side's handlers, by code. */
  readonly errors?: RemoteErrors
}

export class RpcPeer implements AsyncDisposable {
  readonly #service: Service
  readonly #wire: Wire
  readonly #turn: Turn
  readonly #outbox: Outbox
  readonly #calls: CallBook
  readonly #answers: AnswerBook
  readonly #stop: AbortController = new AbortController()
  /** Why nothing goes any more; `null` while all is well. */
  #ended: RpcError | null = null

  constructor(wire: Wire, options: RpcOptions, ports: Ports) {
    this.#service = options.service ?? new Service()
    this.#wire = wire
    this.#turn = Turn.of(ports.scheduler)
    this.#outbox = new Outbox(wire.outgoing, {
      lost: (error) => this.#lost(error),
      unsendable: (frame, error) => this.#unsendable(frame, error),
    })
    this.#calls = new CallBook(this.#outbox, options.errors ?? {}, ports)
    this.#answers = new AnswerBook(this.#service, this.#outbox, ports)
    void this.#read()
  }

  get closed(): boolean {
    return this.#ended !== null
  }

  /** Calls of this side that wait for an answer. */
  get callsOut(): number {
    return this.#calls.size
  }

  /** Handlers of this side that run. */
  get callsIn(): number {
    return this.#answers.size
  }

  /** Answers calls of that name; the result takes it back. */
  serve<A, R>(name: string, handler: Handler<A, R>): () => void {
    return this.#service.serve(name, handler)
  }

  /** Answers calls to all methods of an interface; the result takes them back. */
  serveAll<I extends object>(handlers: Handlers<I>): () => void {
    return this.#service.serveAll<I>(handlers)
  }

  /** Calls for one result. Rejects with RpcError, RemoteError or the signal's reason. */
  call(name: string, args?: unknown, options: CallOptions = {}): Promise<unknown> {
    return this.#calls.call(name, args, options)
  }

  /** Calls for a streamed answer: each loop over the result is a call, which leaving the loop cancels. */
  stream(name: string, args?: unknown, options: StreamOptions = {}): AsyncIterable<unknown> {
    return this.#calls.stream(name, args, options)
  }

  /** Ends the connection: calls under way fail on both sides, and the signals of handlers fire. Idempotent. */
  close(): Promise<void> {
    this.#end(new RpcError('RPC_CLOSED', 'this side has closed the connection'))
    return done
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #read(): Promise<void> {
    const { incoming } = this.#wire
    const { signal } = this.#stop
    // Whoever makes a peer says next what it serves.
    await done
    try {
      while (this.#ended === null) {
        const ready = incoming.tryGet()
        this.#received(ready === undefined ? await incoming.get({ signal }) : ready)
        // A ping-pong of calls would otherwise never leave the microtasks.
        const over = this.#turn.over()
        if (over !== done) await over
      }
    } catch (error) {
      this.#lost(error)
    }
  }

  #received(received: Frame): void {
    const frame = checkFrame(received)
    switch (frame[0]) {
      case frameKind.call:
        this.#answers.start(frame)
        return
      case frameKind.cancel:
        this.#answers.cancel(frame[1])
        return
      case frameKind.credit:
        this.#answers.grant(frame[1], frame[2])
        return
      default:
        this.#calls.answered(frame)
    }
  }

  #unsendable(frame: Frame, error: unknown): void {
    switch (frame[0]) {
      case frameKind.call:
        this.#calls.unsendable(frame[1], error)
        return
      case frameKind.result:
      case frameKind.item:
        this.#answers.unsendable(frame[1], error)
        return
      case frameKind.fault:
        // Nothing else in a fault can be hard to copy than its details.
        if (frame[2].details === null) return
        this.#outbox.send([frameKind.fault, frame[1], { ...frame[2], details: null }])
        return
      default:
    }
  }

  #lost(cause: unknown): void {
    if (cause instanceof RpcError) this.#end(cause)
    else this.#end(new RpcError('RPC_CLOSED', 'the other side has gone', { cause }))
  }

  #end(reason: RpcError): void {
    if (this.#ended !== null) return
    this.#ended = reason
    this.#outbox.close()
    this.#stop.abort(reason)
    this.#calls.failAll(reason)
    this.#answers.stopAll(reason)
  }
}
